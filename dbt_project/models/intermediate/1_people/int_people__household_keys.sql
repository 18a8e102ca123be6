-- One row per household that any department's row names; civil-affairs and watched households have numbers apart.
-- Numbers follow the day of the first row, so that a household that comes later changes no other's number.
with named as (
    select
        household_key,
        'civil_affairs' as concept,
        known_from_on
    from {{ ref("stg_civil_affairs__households") }}
    union all
    select
        household_key,
        'civil_affairs' as concept,
        known_from_on
    from {{ ref("stg_civil_affairs__members") }}
    union all
    select
        household_key,
        'civil_affairs' as concept,
        known_from_on
    from {{ ref("stg_civil_affairs__economic_checks") }}
    union all
    select
        household_key,
        'civil_affairs' as concept,
        known_from_on
    from {{ ref("stg_civil_affairs__applications") }}
    union all
    select
        household_key,
        'civil_affairs' as concept,
        known_from_on
    from {{ ref("stg_finance__payments") }}
    union all
    select
        household_key,
        'relapse_watch' as concept,
        known_from_on
    from {{ ref("stg_agriculture__monitored_households") }}
    union all
    select
        household_key,
        'relapse_watch' as concept,
        known_from_on
    from {{ ref("stg_agriculture__monitored_members") }}
),

households as (
    select
        household_key,
        concept,
        min(known_from_on) as first_received_on
    from named
    where household_key is not null
    group by household_key, concept
),

final as (
    select
        cast(row_number() over (order by first_received_on, concept, household_key) as integer) as household_id,
        household_key,
        concept
    from households
)

select * from final
