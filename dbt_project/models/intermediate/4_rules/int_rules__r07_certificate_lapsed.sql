-- One row per person paid a disability allowance without a valid certificate, or at another level's rate (R07).
-- Fires by the latest checkable month; the earlier months of the same state of the certificate are its evidence. Who was found
-- the time before is not judged where nobody can tell whether a certificate was valid in it: that ends nothing.
with certificate_months as (
    select * from {{ ref("int_rules__certificate_months") }}
),

months as (
    select * from certificate_months where state <> '?'
),

previous_findings as (
    select person_key from {{ ref("int_rules__previous_findings") }} where rule_id = 'R07'
),

reconciliation as (
    select * from {{ ref("int_measures__reconciliation") }} where unit = 'person' and programme in ('living', 'nursing')
),

named_months as (
    select * from {{ ref("int_rules__named_months") }} where unit = 'person'
),

programme_names as (
    select * from {{ ref("programme_names") }}
),

latest_month as (
    select month_on from {{ ref("int_measures__months") }} where checkable_rank = 1
),

standard_versions as (
    select distinct standard_no, standard_version from {{ ref("int_measures__standards") }}
),

keys as {{ read_anew() }} (
    select * from {{ ref("int_people__keys") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

paid as (
    select
        months.person_id,
        count(distinct months.month_on) as months,
        min(months.month_on) as first_month_on,
        max(months.month_on) as last_month_on,
        min(months.state) as state,
        sum(reconciliation.paid_cny) as paid_cny,
        sum(case when months.month_on = latest_month.month_on then reconciliation.paid_cny end) as latest_paid_cny,
        sum(case when months.month_on = latest_month.month_on then reconciliation.due_cny end) as latest_due_cny,
        {{ evidence_terms(
            evidence_term(
                "'policy.assistance_standards'", "standard_versions.standard_version", "'due_cny'", "reconciliation.due_cny",
                "months.month_on", "yuan"
            ),
            "months.programme",
            holds="months.state <> '0' and months.month_on = latest_month.month_on and standard_versions.standard_no is not null",
        ) }} as due_terms,
        min(programme_names.name_zh) || case when min(programme_names.name_zh) <> max(programme_names.name_zh)
            then '、' || max(programme_names.name_zh) else '' end as programmes_zh,
        min(programme_names.name_en) || case when min(programme_names.name_en) <> max(programme_names.name_en)
            then ', ' || max(programme_names.name_en) else '' end as programmes_en,
        {{ begun_terms(flattened_terms(
            payment_terms(
                "named_months.payments", "'paid_cny'", "months.month_on", "plus",
                total="reconciliation.paid_cny", key=published_key("keys.person_key")
            ),
            "months.programme, months.month_on"
        )) }} as terms
    from months
    inner join reconciliation
        on months.person_id = reconciliation.beneficiary_id
        and months.programme = reconciliation.programme
        and months.month_on = reconciliation.month_on
    inner join programme_names on months.programme = programme_names.programme
    inner join keys on months.person_id = keys.person_id
    cross join latest_month
    left join standard_versions on reconciliation.standard_no = standard_versions.standard_no
    left join named_months
        on months.person_id = named_months.beneficiary_id
        and months.programme = named_months.programme
        and months.month_on = named_months.month_on
    group by months.person_id
),

not_judged as (
    select distinct certificate_months.person_id
    from certificate_months
    inner join keys on certificate_months.person_id = keys.person_id
    inner join previous_findings on keys.person_key = previous_findings.person_key
    left join paid on certificate_months.person_id = paid.person_id
    where certificate_months.state = '?' and paid.person_id is null
),

subjects as (
    select person_id, true as is_judged
    from paid
    union all
    select person_id, false as is_judged
    from not_judged
),

final as (
    select
        'R07' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        subjects.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when subjects.is_judged then 'orange' end as level,
        residence.household_id,
        subjects.person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        cast(paid.months as varchar) || ' 个月（' || {{ month_span("paid.first_month_on", "paid.last_month_on", " 至 ") }}
        || '）发放' || paid.programmes_zh
        || case
            when paid.state = '0' then '，期间未见有效残疾证'
            else '，发放标准与残疾证等级（' || paid.state || ' 级）不一致'
                || coalesce(
                    '：' || {{ year_month("paid.last_month_on") }} || ' 应发 ' || {{ yuan("paid.latest_due_cny") }} || ' 元、实发 '
                    || {{ yuan("paid.latest_paid_cny") }} || ' 元',
                    ''
                )
        end as reason_zh,
        cast(paid.months as varchar) || ' month(s) ('
        || {{ month_span("paid.first_month_on", "paid.last_month_on", " to ") }} || ') of ' || paid.programmes_en
        || case
            when paid.state = '0' then ' without a valid certificate on record'
            else ' at another rate than that of certificate level ' || paid.state
                || coalesce(
                    ': of ' || {{ year_month("paid.last_month_on") }} || ' ' || {{ yuan("paid.latest_due_cny") }} || ' yuan due, '
                    || {{ yuan("paid.latest_paid_cny") }} || ' paid',
                    ''
                )
        end as reason_en,
        {{ evidence_json([
            "paid.terms",
            "paid.due_terms",
            evidence_list([
                ("true", rule_term("R07", "paid_cny", "cast(paid.paid_cny as decimal(20, 2))", run_date(), "yuan", "result")),
                ("paid.state <> '0'", evidence_term(
                    "'disabled_federation.certificates'", published_key("keys.person_key"), "'level'", "paid.state",
                    "paid.last_month_on", "level"
                )),
                ("paid.state = '0'", evidence_term(
                    "'disabled_federation.certificates'", published_key("keys.person_key"), "'certificate_status'", "'none valid'",
                    "paid.last_month_on"
                )),
            ]),
        ]) }} as evidence,
        '残疾证是否正在换发或重新评定，尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        subjects.is_judged
    from subjects
    inner join keys on subjects.person_id = keys.person_id
    left join paid on subjects.person_id = paid.person_id
    left join residence on subjects.person_id = residence.person_id
)

select * from final
