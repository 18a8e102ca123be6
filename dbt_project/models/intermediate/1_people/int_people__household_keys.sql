-- One row per household that any department's row names; civil-affairs and watched households have numbers apart.
with named as (
    select
        household_key,
        'civil_affairs' as concept
    from {{ ref("stg_civil_affairs__households") }}
    union
    select
        household_key,
        'civil_affairs' as concept
    from {{ ref("stg_civil_affairs__members") }}
    union
    select
        household_key,
        'civil_affairs' as concept
    from {{ ref("stg_civil_affairs__economic_checks") }}
    union
    select
        household_key,
        'civil_affairs' as concept
    from {{ ref("stg_civil_affairs__applications") }}
    union
    select
        household_key,
        'civil_affairs' as concept
    from {{ ref("stg_finance__payments") }}
    union
    select
        household_key,
        'relapse_watch' as concept
    from {{ ref("stg_agriculture__monitored_households") }}
    union
    select
        household_key,
        'relapse_watch' as concept
    from {{ ref("stg_agriculture__monitored_members") }}
),

final as (
    select
        cast(row_number() over (order by concept, household_key) as integer) as household_id,
        household_key,
        concept
    from named
    where household_key is not null
)

select * from final
