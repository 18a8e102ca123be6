-- One row per beneficiary and programme paid, or reckoned, by the standard that ended before the one in force (R27).
-- Fixed rates month by month; dibao by the roll's amount, which is the standard times persons less declared income.
with numbers as (
    select r27_tolerance_cny as tolerance_cny from {{ parameters_of_day(["r27_tolerance_cny"]) }} as parameters_of_day
),

old_standard_months as (
    select * from {{ ref("int_rules__old_standard_months") }}
),

standard_versions as (
    select distinct standard_no, standard_version from {{ ref("int_measures__standards") }}
),

reconciliation as (
    select reconciliation.*, standard_versions.standard_version
    from {{ ref("int_measures__reconciliation") }} as reconciliation
    inner join standard_versions on reconciliation.standard_no = standard_versions.standard_no
    where reconciliation.difference_cny <> 0
),

standards as (
    select * from {{ ref("int_measures__standards") }} where programme = 'dibao'
),

standard_changes as (
    select * from {{ ref("int_measures__standard_changes") }} where programme = 'dibao'
),

run as (
    select * from {{ ref("stg_control__run") }}
),

priced_counties as (
    select distinct county_code from standards
),

households as {{ read_anew() }} (
    select * from {{ ref("int_people__households") }}
),

income as (
    select household_id, check_no, checked_on, declared_year_cny from {{ ref("int_measures__household_income") }}
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

named_months as (
    select * from {{ ref("int_rules__named_months") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

fixed_rates as (
    select
        old_standard_months.unit,
        old_standard_months.beneficiary_id,
        old_standard_months.programme,
        count(*) as months,
        sum(reconciliation.difference_cny) as difference_cny,
        min(old_standard_months.month_on) as first_month_on,
        max(old_standard_months.month_on) as last_month_on,
        {{ begun_terms(flattened_terms(
            joined_terms([
                evidence_list([("true", evidence_term(
                    "'policy.assistance_standards'", "reconciliation.standard_version", "'due_cny'", "reconciliation.due_cny",
                    "old_standard_months.month_on", "yuan", "plus"
                ))]),
                payment_terms(
                    "named_months.payments", "'paid_cny'", "old_standard_months.month_on", "minus",
                    total="reconciliation.paid_cny", key=published_key("keys.person_key")
                ),
            ]),
            "old_standard_months.month_on",
        )) }} as terms
    from old_standard_months
    inner join reconciliation
        on old_standard_months.unit = reconciliation.unit
        and old_standard_months.beneficiary_id = reconciliation.beneficiary_id
        and old_standard_months.programme = reconciliation.programme
        and old_standard_months.month_on = reconciliation.month_on
    inner join keys on old_standard_months.beneficiary_id = keys.person_id
    left join named_months
        on old_standard_months.unit = named_months.unit
        and old_standard_months.beneficiary_id = named_months.beneficiary_id
        and old_standard_months.programme = named_months.programme
        and old_standard_months.month_on = named_months.month_on
    group by old_standard_months.unit, old_standard_months.beneficiary_id, old_standard_months.programme
),

not_judged as (
    select found_before.*
    from {{ found_and_unknown_now("R27") }} as found_before
    left join fixed_rates
        on found_before.unit = fixed_rates.unit
        and found_before.beneficiary_id = fixed_rates.beneficiary_id
        and found_before.programme = fixed_rates.programme
    where fixed_rates.beneficiary_id is null
),

-- The roll's families approved before the last change of the standard.
reckoned as (
    select
        households.household_id,
        households.monthly_amount_cny,
        households.covered_persons,
        income.check_no,
        income.checked_on,
        income.declared_year_cny,
        present.amount_cny as standard_cny,
        present.standard_version,
        present.former_amount_cny as former_standard_cny,
        present.former_standard_version,
        present.changed_on
    from households
    cross join run
    left join priced_counties on households.county_code = priced_counties.county_code
    inner join standard_changes as present
        on coalesce(priced_counties.county_code, run.city_code) = present.county_code
        and households.residence = present.residence
        and {{ run_date() }} >= present.effective_from_on
        and {{ run_date() }} < present.effective_to_on
    left join income on households.household_id = income.household_id
    where households.is_active
        and households.category = 'dibao'
        and households.approved_on < present.changed_on
),

compared as (
    select
        reckoned.*,
        numbers.tolerance_cny,
        abs(12 * monthly_amount_cny - (12 * covered_persons * former_standard_cny - declared_year_cny)) <= 12 * numbers.tolerance_cny
        and abs(12 * monthly_amount_cny - (12 * covered_persons * standard_cny - declared_year_cny)) > 12 * numbers.tolerance_cny
            as is_by_former
    from reckoned
    cross join numbers
),

hits as (
    select
        unit,
        beneficiary_id,
        programme,
        true as is_judged,
        cast(months as varchar) || ' 个月（' || {{ month_span("first_month_on", "last_month_on", " 至 ") }}
        || '）按调整前的标准发放，合计' || case when difference_cny < 0 then '多发 ' else '少发 ' end
        || {{ yuan("abs(difference_cny)") }} || ' 元' as told_zh,
        cast(months as varchar) || ' month(s) (' || {{ month_span("first_month_on", "last_month_on", " to ") }}
        || ') paid at the standard before the last change, ' || {{ yuan("abs(difference_cny)") }} || ' yuan '
        || case when difference_cny < 0 then 'too much' else 'short' end || ' in sum' as told_en,
        {{ joined_terms([
            "terms",
            evidence_list([("true", rule_term(
                "R27", "difference_cny", "cast(difference_cny as decimal(20, 2))", run_date(), "yuan", "result"
            ))]),
        ]) }} as terms
    from fixed_rates
    union all
    select
        unit,
        beneficiary_id,
        programme,
        false as is_judged,
        cast(null as varchar) as told_zh,
        cast(null as varchar) as told_en,
        {{ stored_terms("'[]'") }} as terms
    from not_judged
    union all
    select
        'household' as unit,
        compared.household_id as beneficiary_id,
        'dibao' as programme,
        compared.is_by_former is not null as is_judged,
        {{ yuan("compared.monthly_amount_cny") }} || ' 元：名册月保障金额是按调整前标准（' || {{ yuan("compared.former_standard_cny") }}
        || ' 元）计算的差额（相差 ' || {{ yuan("compared.tolerance_cny") }} || ' 元以内），'
        || cast(compared.changed_on as varchar) || ' 起标准为 ' || {{ yuan("compared.standard_cny") }} || ' 元' as told_zh,
        {{ yuan("compared.monthly_amount_cny") }} || ' yuan a month on the roll is the gap to the standard before the change ('
        || {{ yuan("compared.former_standard_cny") }} || '), within ' || {{ yuan("compared.tolerance_cny") }} || ' yuan; since '
        || cast(compared.changed_on as varchar) || ' it is '
        || {{ yuan("compared.standard_cny") }} as told_en,
        {{ evidence_list([
            ("true", evidence_term(
                "'policy.assistance_standards'", "compared.former_standard_version", "'former_standard_cny'",
                "compared.former_standard_cny", "compared.changed_on", "yuan_a_month", "start"
            )),
            ("true", evidence_term(
                "'civil_affairs.households'", published_key("household_keys.household_key"), "'covered_persons'",
                "compared.covered_persons", run_date(), "person", "times"
            )),
            ("true", rule_term("R27", "months_a_year", "12", run_date(), "month", "times")),
            ("true", evidence_term(
                "'civil_affairs.economic_checks'", "compared.check_no", "'income_year_cny'", "compared.declared_year_cny",
                "compared.checked_on", "yuan_a_year", "minus"
            )),
            ("true", rule_term("R27", "months_a_year", "12", run_date(), "month", "divided_by")),
            ("true", rule_term(
                "R27", "reckoned_cny",
                share_of("12 * compared.covered_persons * compared.former_standard_cny - compared.declared_year_cny", "12"),
                run_date(), "yuan_a_month", "result"
            )),
            ("true", evidence_term(
                "'civil_affairs.households'", published_key("household_keys.household_key"), "'monthly_amount_cny'",
                "compared.monthly_amount_cny", run_date(), "yuan_a_month", "compared_with"
            )),
            ("true", evidence_term(
                "'policy.assistance_standards'", "compared.standard_version", "'standard_cny'", "compared.standard_cny", run_date(),
                "yuan_a_month"
            )),
            ("true", parameter_term("r27_tolerance_cny", "compared.tolerance_cny", "yuan")),
        ]) }} as terms
    from compared
    inner join household_keys on compared.household_id = household_keys.household_id
    where coalesce(compared.is_by_former, true)
),

final as (
    select
        'R27' as rule_id,
        'beneficiary' as unit,
        case when hits.unit = 'household' then hits.beneficiary_id end as subject_household_id,
        case when hits.unit = 'person' then hits.beneficiary_id end as subject_person_id,
        cast(null as varchar) as subject_code,
        hits.programme,
        case when hits.is_judged then 'red' end as level,
        case when hits.unit = 'household' then hits.beneficiary_id else residence.household_id end as household_id,
        case when hits.unit = 'person' then hits.beneficiary_id end as person_id,
        coalesce(households.county_code, residence.county_code, 'unknown') as county_code,
        coalesce(households.township_code, residence.township_code) as township_code,
        coalesce(households.area_code, residence.area_code) as area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        hits.told_zh || '（' || programme_names.name_zh || '）' as reason_zh,
        hits.told_en || ' (' || programme_names.name_en || ')' as reason_en,
        {{ evidence_json(["hits.terms"]) }} as evidence,
        '是否已另行补发，尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        hits.is_judged
    from hits
    left join programme_names on hits.programme = programme_names.programme
    left join households on hits.unit = 'household' and hits.beneficiary_id = households.household_id
    left join residence on hits.unit = 'person' and hits.beneficiary_id = residence.person_id
)

select * from final
