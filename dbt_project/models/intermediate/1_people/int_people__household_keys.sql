-- One row per household that any department's row names; civil-affairs and watched households have numbers apart.
-- Numbers follow the day of the first row, so that a household that comes later changes no other's number: a day adds those that
-- it names for the first time, and reads no row of a day before.
{{ config(
    materialized="growing",
    meta={
        "numbered_by": "household_id",
        "starts_as": "household_id integer, household_key blob, concept varchar, known_from_on date",
    },
) }}
with named as (
    select
        household_key,
        'civil_affairs' as concept,
        known_from_on
    from {{ ref("stg_civil_affairs__households") }}
    where known_from_on > {{ newest_held() }}
    union all
    select
        household_key,
        'civil_affairs' as concept,
        known_from_on
    from {{ ref("stg_civil_affairs__members") }}
    where known_from_on > {{ newest_held() }}
    union all
    select
        household_key,
        'civil_affairs' as concept,
        known_from_on
    from {{ ref("stg_civil_affairs__economic_checks") }}
    where known_from_on > {{ newest_held() }}
    union all
    select
        household_key,
        'civil_affairs' as concept,
        known_from_on
    from {{ ref("stg_civil_affairs__applications") }}
    where known_from_on > {{ newest_held() }}
    union all
    select
        household_key,
        'civil_affairs' as concept,
        known_from_on
    from {{ ref("stg_finance__payments") }}
    where known_from_on > {{ newest_held() }}
    union all
    select
        household_key,
        'relapse_watch' as concept,
        known_from_on
    from {{ ref("stg_agriculture__monitored_households") }}
    where known_from_on > {{ newest_held() }}
    union all
    select
        household_key,
        'relapse_watch' as concept,
        known_from_on
    from {{ ref("stg_agriculture__monitored_members") }}
    where known_from_on > {{ newest_held() }}
),

held as (
    select
        household_id,
        household_key,
        concept
    from {{ this }}
),

last_number as (
    select coalesce(max(household_id), 0) as household_id from held
),

households as (
    select
        named.household_key,
        named.concept,
        min(named.known_from_on) as known_from_on
    from named
    where named.household_key is not null
        and not exists (
            select 1 from held where held.household_key = named.household_key and held.concept = named.concept
        )
    group by named.household_key, named.concept
),

final as (
    select
        cast(
            last_number.household_id
            + row_number() over (order by households.known_from_on, households.concept, households.household_key) as integer
        ) as household_id,
        households.household_key,
        households.concept,
        households.known_from_on
    from households
    cross join last_number
)

select * from final
