-- One row per civil-affairs household and member in the latest snapshot, ended households included.
-- Alive twice over: by the number alone, and for the review lane, where a death counts only if names agree or one is missing.
with versions as (
    select * from {{ ref("int_people__member_versions") }}
    where known_until_on is null
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

deaths as (
    select * from {{ ref("int_people__deaths") }}
    where died_on < {{ run_date() }}
),

household_versions as (
    select * from {{ ref("int_people__household_versions") }}
    where is_latest
),

household_order as (
    select * from {{ ref("int_people__household_order") }}
),

final as (
    select
        versions.household_id,
        household_order.household_order,
        versions.person_id,
        versions.name_key,
        versions.relation,
        versions.is_covered,
        versions.labour,
        versions.employment,
        versions.unemployed_since_on,
        versions.is_unemployment_insured,
        versions.health,
        versions.student,
        versions.self_care,
        versions.support_form,
        persons.is_alive,
        deaths.person_id is null or coalesce(versions.name_key <> deaths.name_key, false) as is_alive_name_agreed,
        coalesce(
            household_versions.approved_on <= {{ run_date() }}
            and (household_versions.ended_on is null or household_versions.ended_on > {{ run_date() }}),
            false
        ) as is_household_active,
        household_versions.category
    from versions
    inner join persons on versions.person_id = persons.person_id
    inner join household_order on versions.household_id = household_order.household_id
    left join deaths on versions.person_id = deaths.person_id
    left join household_versions on versions.household_id = household_versions.household_id
)

select * from final
