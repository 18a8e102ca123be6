-- One row per beneficiary and programme with window months whose due is known and differs from what was paid (R26).
-- Months that another rule answers for are not counted.
{% set is_in_a_row = month_no("hits.last_month_on") ~ " - " ~ month_no("hits.first_month_on") ~ " + 1 = hits.months" %}
with numbers as (
    select {{ parameter("r26_tolerance_cny") }} as tolerance_cny
),

-- The few months that differ at all are held against the tolerance.
reconciliation as (
    select * from {{ ref("int_measures__reconciliation") }} where difference_cny <> 0
),

excluded_months as (
    select * from {{ ref("int_rules__excluded_months") }}
),

named_months as (
    select * from {{ ref("int_rules__named_months") }}
),

programme_names as (
    select * from {{ ref("programme_names") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

households as (
    select * from {{ ref("int_people__households") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

differing as (
    select reconciliation.*
    from reconciliation
    cross join numbers
    left join excluded_months
        on reconciliation.unit = excluded_months.unit
        and reconciliation.beneficiary_id = excluded_months.beneficiary_id
        and reconciliation.programme = excluded_months.programme
        and reconciliation.month_on = excluded_months.month_on
    where abs(reconciliation.difference_cny) > numbers.tolerance_cny
        and excluded_months.beneficiary_id is null
),

standard_versions as (
    select distinct standard_no, standard_version from {{ ref("int_measures__standards") }}
),

keyed as (
    select
        differing.*,
        standard_versions.standard_version,
        named_months.payments,
        -- Where nothing is due no amount is in force: what says so is that this register does not name the person.
        case
            when differing.programme in ('tekun', 'tekun_care') then 'civil_affairs.members'
            when differing.programme in ('living', 'nursing') then 'disabled_federation.certificates'
            else 'civil_affairs.children'
        end as register,
        coalesce(
            {{ published_key("household_keys.household_key") }},
            {{ published_key("keys.person_key") }}
        ) as beneficiary_key
    from differing
    left join named_months
        on differing.unit = named_months.unit
        and differing.beneficiary_id = named_months.beneficiary_id
        and differing.programme = named_months.programme
        and differing.month_on = named_months.month_on
    left join standard_versions on differing.standard_no = standard_versions.standard_no
    left join household_keys on differing.unit = 'household' and differing.beneficiary_id = household_keys.household_id
    left join keys on differing.unit = 'person' and differing.beneficiary_id = keys.person_id
),

hits as (
    select
        unit,
        beneficiary_id,
        programme,
        sum(difference_cny) as difference_cny,
        count(*) as months,
        count(last_paid_on) = 0 and bool_and(paid_cny = 0) as is_nothing_paid,
        min(month_on) as first_month_on,
        max(month_on) as last_month_on,
        {{ joined_text(year_month("month_on"), "、", "month_on") }} as months_zh,
        {{ joined_text(year_month("month_on"), ", ", "month_on") }} as months_en,
        {{ begun_terms(flattened_terms(
            joined_terms([
                evidence_list([
                    ("unit = 'household'", evidence_term(
                        "'civil_affairs.households'", "beneficiary_key", "'due_cny'", "due_cny", "month_on", "yuan", "plus"
                    )),
                    ("unit = 'person' and standard_version is not null", evidence_term(
                        "'policy.assistance_standards'", "standard_version", "'due_cny'", "due_cny", "month_on", "yuan", "plus"
                    )),
                    ("unit = 'person' and standard_version is null", evidence_term(
                        "register", "beneficiary_key", "'due_cny'", "due_cny", "month_on", "yuan", "plus"
                    )),
                ]),
                payment_terms("payments", "'paid_cny'", "month_on", "minus", total="paid_cny", key="beneficiary_key"),
            ]),
            "month_on",
        )) }} as terms
    from keyed
    group by unit, beneficiary_id, programme
),

previous_not_judged as (
    select found_before.*
    from {{ found_and_unknown_now("R26") }} as found_before
    left join hits
        on found_before.unit = hits.unit
        and found_before.beneficiary_id = hits.beneficiary_id
        and found_before.programme = hits.programme
    where hits.beneficiary_id is null
),

subjects as (
    select unit, beneficiary_id, programme, true as is_judged
    from hits
    union all
    select unit, beneficiary_id, programme, false as is_judged
    from previous_not_judged
),

final as (
    select
        'R26' as rule_id,
        'beneficiary' as unit,
        case when subjects.unit = 'household' then subjects.beneficiary_id end as subject_household_id,
        case when subjects.unit = 'person' then subjects.beneficiary_id end as subject_person_id,
        cast(null as varchar) as subject_code,
        subjects.programme,
        case when subjects.is_judged then 'orange' end as level,
        case when subjects.unit = 'household' then subjects.beneficiary_id else residence.household_id end as household_id,
        case when subjects.unit = 'person' then subjects.beneficiary_id end as person_id,
        coalesce(households.county_code, residence.county_code, 'unknown') as county_code,
        coalesce(households.township_code, residence.township_code) as township_code,
        coalesce(households.area_code, residence.area_code) as area_code,
        cast(hits.difference_cny as decimal(20, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        {{ yuan("abs(hits.difference_cny)") }} || ' 元：' || programme_names.name_zh || ' '
        || cast(hits.months as varchar) || ' 个月（'
        || case when {{ is_in_a_row }} then {{ month_span("hits.first_month_on", "hits.last_month_on", " 至 ") }}
            else hits.months_zh
        end || '）'
        || case
            when hits.is_nothing_paid then '应发，未见发放'
            when hits.difference_cny > 0 then '应发与实发不一致，合计少发'
            when hits.difference_cny < 0 then '应发与实发不一致，合计多发'
            else '应发与实发不一致，合计持平'
        end as reason_zh,
        {{ yuan("abs(hits.difference_cny)") }} || ' yuan: ' || programme_names.name_en
        || case when hits.is_nothing_paid then ' due and not paid in ' else ' due and paid differ in ' end
        || cast(hits.months as varchar) || ' month(s) ('
        || case when {{ is_in_a_row }} then {{ month_span("hits.first_month_on", "hits.last_month_on", " to ") }}
            else hits.months_en
        end || ')'
        || case
            when hits.is_nothing_paid then ''
            when hits.difference_cny > 0 then ', in sum too little'
            when hits.difference_cny < 0 then ', in sum too much'
            else ', in sum even'
        end as reason_en,
        {{ evidence_json([
            "hits.terms",
            evidence_list([
                ("true", rule_term("R26", "amount_cny", "hits.difference_cny", run_date(), "yuan", "result")),
                ("true", parameter_term("r26_tolerance_cny", "numbers.tolerance_cny", "yuan")),
            ]),
        ]) }} as evidence,
        '名册变更是否晚于发放、差额是否已另行补发或扣回，尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        subjects.is_judged
    from subjects
    cross join numbers
    left join hits
        on subjects.unit = hits.unit
        and subjects.beneficiary_id = hits.beneficiary_id
        and subjects.programme = hits.programme
    left join programme_names on subjects.programme = programme_names.programme
    left join households on subjects.unit = 'household' and subjects.beneficiary_id = households.household_id
    left join residence on subjects.unit = 'person' and subjects.beneficiary_id = residence.person_id
)

select * from final
