-- One row per person with two relief cases of one cause in a calendar year, or relief above the limit (R12).
-- A case counts by the day it was granted, else applied for. Cases come from one register, so that their names are not compared;
-- the residence comes from another one, and counts only where no case stands under another name.
with cases as (
    select
        case_no,
        person_key,
        name_key,
        cause,
        amount_cny,
        cast(granted_at as date) as granted_on,
        cast(coalesce(granted_at, applied_at) as date) as case_on
    from {{ ref("stg_civil_affairs__temporary_relief") }}
    where known_until_on is null
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

residence as {{ read_anew() }} (
    select * from {{ ref("int_people__residence") }}
),

families as (
    select
        household_id,
        person_id,
        name_key
    from {{ ref("int_people__members") }}
    union all
    select
        household_id,
        person_id,
        name_key
    from {{ ref("int_people__watched_members") }}
),

standards as (
    select * from {{ ref("int_measures__standards") }}
    where programme = 'dibao'
        and {{ run_date() }} >= effective_from_on
        and {{ run_date() }} < effective_to_on
),

run as (
    select * from {{ ref("stg_control__run") }}
),

-- A code that is no county of the list, such as a functional zone's, takes the city's rates.
priced_counties as (
    select distinct county_code from standards
),

numbers as (
    select
        r12_cases_of_one_cause as cases_of_one_cause,
        r12_days_after_last_case as days_after_last_case,
        {{ add_days(run_date(), "-r12_days_after_last_case") }} as last_case_from_on,
        r12_sum_months as sum_months,
        {{ add_months(run_date(), "-r12_sum_months") }} as granted_from_on,
        r12_sum_standards as sum_standards
    from {{ parameters_of_day(["r12_cases_of_one_cause", "r12_days_after_last_case", "r12_sum_months", "r12_sum_standards"]) }}
        as parameters_of_day
),

numbered as (
    select
        keys.person_id,
        cases.*
    from cases
    inner join keys on cases.person_key = keys.person_key
    where cases.case_on <= {{ run_date() }}
),

known_under_another_name as (
    select distinct numbered.person_id
    from numbered
    inner join residence on numbered.person_id = residence.person_id
    inner join families
        on residence.household_id = families.household_id
        and residence.person_id = families.person_id
    where not {{ names_agree("families.name_key", "numbered.name_key") }}
),

places as (
    select
        residence.*,
        known_under_another_name.person_id is not null as is_under_another_name,
        case when known_under_another_name.person_id is null then residence.residence end as counted_residence,
        case when known_under_another_name.person_id is null then residence.county_code end as counted_county_code
    from residence
    left join known_under_another_name on residence.person_id = known_under_another_name.person_id
),

cases_of_years as (
    select
        person_id,
        year(case_on) as case_year,
        cause,
        count(*) as cases,
        max(case_on) as last_case_on,
        {{ evidence_terms(
            evidence_term("'civil_affairs.temporary_relief'", "case_no", "'case_on'", "case_on", "case_on", "date"),
            "case_on, case_no"
        ) }} as terms
    from numbered
    group by person_id, year(case_on), cause
),

repeated as (
    select
        cases_of_years.person_id,
        max(cases_of_years.cases) as cases,
        max(cases_of_years.last_case_on) as last_case_on,
        {{ flattened_terms("cases_of_years.terms", "cases_of_years.case_year, cases_of_years.cause") }} as terms
    from cases_of_years
    cross join numbers
    where cases_of_years.cause is not null
        and cases_of_years.cases >= numbers.cases_of_one_cause
        and cases_of_years.last_case_on >= numbers.last_case_from_on
    group by cases_of_years.person_id
),

-- A case whose cause is not known may repeat another one of the year.
perhaps_repeated as (
    select distinct years.person_id
    from (
        select
            person_id,
            case_year,
            max(last_case_on) as last_case_on,
            max(case when cause is null then 1 else 0 end) as has_unknown_cause,
            max(case when cause is null then cases else 0 end)
            + max(case when cause is not null then cases else 0 end) as cases_of_one_cause_at_most
        from cases_of_years
        group by person_id, case_year
    ) as years
    cross join numbers
    where years.has_unknown_cause = 1
        and years.cases_of_one_cause_at_most >= numbers.cases_of_one_cause
        and years.last_case_on >= numbers.last_case_from_on
),

granted as (
    select
        numbered.person_id,
        cast(sum(numbered.amount_cny) as decimal(20, 2)) as granted_cny,
        count(*) as granted_cases,
        {{ begun_terms(evidence_terms(
            evidence_term(
                "'civil_affairs.temporary_relief'", "numbered.case_no", "'amount_cny'", "numbered.amount_cny",
                "numbered.granted_on", "yuan", "plus"
            ),
            "numbered.granted_on, numbered.case_no"
        )) }} as terms
    from numbered
    cross join numbers
    where numbered.granted_on >= numbers.granted_from_on and numbered.granted_on <= {{ run_date() }}
    group by numbered.person_id
),

subjects as (
    select person_id from repeated
    union
    select person_id from perhaps_repeated
    union
    select person_id from granted
),

known as (
    select
        subjects.person_id,
        places.household_id,
        places.county_code,
        places.township_code,
        places.area_code,
        places.is_under_another_name,
        places.counted_residence,
        standards.amount_cny as standard_cny,
        standards.standard_version,
        granted.granted_cny,
        granted.granted_cases,
        granted.terms as granted_terms,
        granted.person_id is not null as has_granted,
        cast(standards.amount_cny * numbers.sum_standards as decimal(20, 4)) as line_cny,
        coalesce(granted.granted_cny > standards.amount_cny * numbers.sum_standards, false) as is_above_line,
        repeated.person_id is not null as is_repeated,
        repeated.cases,
        repeated.last_case_on,
        repeated.terms as repeated_terms,
        perhaps_repeated.person_id is not null as is_perhaps_repeated,
        numbers.cases_of_one_cause,
        numbers.days_after_last_case,
        numbers.sum_months,
        numbers.sum_standards
    from subjects
    cross join numbers
    cross join run
    left join repeated on subjects.person_id = repeated.person_id
    left join perhaps_repeated on subjects.person_id = perhaps_repeated.person_id
    left join granted on subjects.person_id = granted.person_id
    left join places on subjects.person_id = places.person_id
    left join priced_counties on places.counted_county_code = priced_counties.county_code
    left join standards
        on coalesce(priced_counties.county_code, run.city_code) = standards.county_code
        and coalesce(places.counted_residence, 'urban') = standards.residence
),

judged as (
    select
        *,
        is_above_line or is_repeated as is_found
    from known
    where is_above_line or is_repeated or is_perhaps_repeated or has_granted and line_cny is null
),

final as (
    select
        'R12' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when is_found then 'yellow' end as level,
        household_id,
        person_id,
        county_code,
        township_code,
        area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        concat_ws(
            '；',
            case when is_repeated
                then cast(cases as varchar) || ' 次：同一自然年内同一困难原因的临时救助（最近 ' || cast(last_case_on as varchar) || '）'
            end,
            case when is_above_line
                then {{ yuan("granted_cny") }} || ' 元：近 ' || cast(cast(sum_months as integer) as varchar) || ' 个月 '
                    || cast(granted_cases as varchar) || ' 次临时救助合计，高于 ' || {{ yuan("line_cny") }} || ' 元'
            end
        ) as reason_zh,
        concat_ws(
            '; ',
            case when is_repeated
                then cast(cases as varchar) || ' relief cases of one cause in a calendar year (the last on '
                    || cast(last_case_on as varchar) || ')'
            end,
            case when is_above_line
                then {{ yuan("granted_cny") }} || ' yuan of relief in ' || cast(cast(sum_months as integer) as varchar)
                    || ' months (' || cast(granted_cases as varchar) || ' case(s)), above ' || {{ yuan("line_cny") }}
            end
        ) as reason_en,
        {{ evidence_json([
            "repeated_terms",
            evidence_list([
                ("is_repeated", rule_term("R12", "cases", "cases", run_date(), "case", "start")),
                ("is_repeated", parameter_term("r12_cases_of_one_cause", "cases_of_one_cause", "case", "compared_with")),
                ("is_repeated", parameter_term("r12_days_after_last_case", "days_after_last_case", "day")),
                ("is_above_line", evidence_term(
                    "'policy.assistance_standards'", "standard_version", "'standard_cny'", "standard_cny", run_date(),
                    "yuan_a_month", "start"
                )),
                ("is_above_line", parameter_term("r12_sum_standards", "sum_standards", "month", "times")),
                ("is_above_line", rule_term("R12", "line_cny", "line_cny", run_date(), "yuan", "result")),
            ]),
            "case when is_above_line then granted_terms end",
            evidence_list([
                ("is_above_line", rule_term("R12", "granted_cny", "granted_cny", run_date(), "yuan", "result")),
                ("is_above_line", rule_term("R12", "line_cny", "line_cny", run_date(), "yuan", "compared_with")),
                ("is_above_line", parameter_term("r12_sum_months", "sum_months", "month")),
            ]),
        ]) }} as evidence,
        case
            when is_above_line and is_under_another_name
                then '救助记录与家庭登记的姓名不一致，城乡类别按城市标准计算；各次困难的具体情况尚不清楚'
            when is_above_line and counted_residence is null then '本人城乡类别未登记，按城市标准计算；各次困难的具体情况尚不清楚'
            when is_perhaps_repeated and not is_found then '有救助记录未登记困难原因'
            else '各次困难是否为同一件事、家庭目前是否仍有困难尚不清楚'
        end as unknown_zh,
        cast(null as varchar) as inhibited_by,
        is_found as is_judged
    from judged
)

select * from final
