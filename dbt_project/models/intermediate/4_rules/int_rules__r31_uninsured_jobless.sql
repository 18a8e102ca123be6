-- One row per person of working age in a civil-affairs household, jobless for months and not insured against it (R31).
-- A member row that leaves work, the insurance or the first day without work open is not judged.
with members as (
    select * from {{ ref("int_people__members") }} where employment = '3' or employment is null
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

relief as (
    select * from {{ ref("stg_civil_affairs__temporary_relief") }}
    where known_until_on is null and granted_at is not null and cause = '4'
),

assistance as (
    select * from {{ ref("int_people__assistance") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

numbers as (
    select
        policy.r31_from_age as from_age,
        policy.r31_to_age as to_age,
        policy.r31_jobless_months as jobless_months,
        policy.r31_relief_months as relief_months,
        {{ add_months(run_date(), "-policy.r31_jobless_months") }} as jobless_until_on,
        {{ add_months(run_date(), "-policy.r31_relief_months") }} as relief_from_on
    from {{ parameters_of_day(["r31_from_age", "r31_to_age", "r31_jobless_months", "r31_relief_months"]) }} as policy
),

relieved as (
    select distinct relief.person_key
    from relief
    cross join numbers
    where cast(relief.granted_at as date) between numbers.relief_from_on and {{ run_date() }}
),

-- Known not to hold where the days without work are too few, or the person is insured.
rows_of_jobless as (
    select
        members.person_id,
        members.unemployed_since_on,
        members.employment is not null
        and members.unemployed_since_on is not null
        and members.is_unemployment_insured is not null as is_judged
    from members
    cross join numbers
    where coalesce(members.unemployed_since_on <= numbers.jobless_until_on, true)
        and not coalesce(members.is_unemployment_insured, false)
),

jobless as (
    select
        person_id,
        max(case when is_judged then 1 else 0 end) = 1 as is_judged,
        min(case when is_judged then unemployed_since_on end) as unemployed_since_on
    from rows_of_jobless
    group by person_id
),

candidates as (
    select
        jobless.*,
        keys.person_key,
        persons.is_alive,
        persons.age_years,
        numbers.from_age,
        numbers.to_age,
        numbers.jobless_months,
        numbers.relief_months
    from jobless
    cross join numbers
    inner join persons on jobless.person_id = persons.person_id
    inner join keys on jobless.person_id = keys.person_id
    left join relieved on keys.person_key = relieved.person_key
    where persons.age_years between numbers.from_age and numbers.to_age and relieved.person_key is null
),

final as (
    select
        'R31' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        candidates.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when candidates.is_judged then 'orange' end as level,
        residence.household_id,
        candidates.person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        cast({{ days_between("candidates.unemployed_since_on", run_date()) }} as varchar) || ' 天：登记失业（自 '
        || cast(candidates.unemployed_since_on as varchar) || ' 起），未参加失业保险，近 '
        || cast(cast(candidates.relief_months as integer) as varchar) || ' 个月未查到失业方面的临时救助' as reason_zh,
        cast({{ days_between("candidates.unemployed_since_on", run_date()) }} as varchar) || ' days registered as jobless (since '
        || cast(candidates.unemployed_since_on as varchar) || '), without unemployment insurance and without relief for it within '
        || cast(cast(candidates.relief_months as integer) as varchar) || ' months' as reason_en,
        {{ evidence_json([evidence_list([
            ("candidates.is_judged", evidence_term(
                "'civil_affairs.members'", published_key("candidates.person_key"), "'unemployed_since'",
                "candidates.unemployed_since_on", run_date(), "date"
            )),
            ("candidates.is_judged", parameter_term("r31_jobless_months", "candidates.jobless_months", "month")),
            ("candidates.is_judged", evidence_term(
                "'civil_affairs.members'", published_key("candidates.person_key"), "'unemployment_insured'", "'false'", run_date()
            )),
            ("candidates.is_judged", parameter_term("r31_relief_months", "candidates.relief_months", "month")),
            ("candidates.is_judged", evidence_term(
                "'civil_affairs.members'", published_key("candidates.person_key"), "'age_years'", "candidates.age_years", run_date(),
                "year", "start"
            )),
            ("candidates.is_judged", parameter_term("r31_from_age", "candidates.from_age", "year", "compared_with")),
            ("candidates.is_judged", evidence_term(
                "'civil_affairs.members'", published_key("candidates.person_key"), "'age_years'", "candidates.age_years", run_date(),
                "year", "start"
            )),
            ("candidates.is_judged", parameter_term("r31_to_age", "candidates.to_age", "year", "compared_with")),
        ])]) }} as evidence,
        case
            when candidates.is_judged then '目前是否已就业或领取其他待遇，尚不清楚'
            else '就业状况、失业日期或失业保险参保情况未登记'
        end as unknown_zh,
        case
            when not candidates.is_alive then 'death'
            when assistance.is_helped then 'helped'
        end as inhibited_by,
        candidates.is_judged
    from candidates
    left join assistance on candidates.person_id = assistance.person_id
    left join residence on candidates.person_id = residence.person_id
)

select * from final
