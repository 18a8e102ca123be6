-- One row per watched household in the latest snapshot of agriculture.
with watched as (
    select * from {{ ref("stg_agriculture__monitored_households") }}
    where known_until_on is null
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
    where concept = 'relapse_watch'
),

members as (
    select * from {{ ref("int_people__watched_members") }}
),

divisions as (
    select * from {{ ref("divisions") }}
),

townships as (
    select * from {{ ref("townships") }}
),

living as (
    select
        household_id,
        count(*) as living_members
    from members
    where is_alive
    group by household_id
),

placed as (
    select
        watched.*,
        coalesce(divisions.current_code, substr(watched.area_code, 1, 6)) as county_code
    from watched
    left join divisions on substr(watched.area_code, 1, 6) = divisions.area_code
),

final as (
    select
        household_keys.household_id,
        placed.kind,
        placed.county_code || substr(placed.area_code, 7) as area_code,
        placed.county_code,
        townships.township_code,
        placed.identified_on,
        placed.risks,
        placed.is_risk_removed,
        placed.removed_on,
        placed.net_income_per_capita_cny,
        placed.is_no_labour,
        placed.known_from_on,
        cast(coalesce(living.living_members, 0) as integer) as living_members
    from placed
    inner join household_keys on placed.household_key = household_keys.household_key
    left join living on household_keys.household_id = living.household_id
    left join townships on placed.county_code || substr(placed.area_code, 7, 3) = townships.township_code
)

select * from final
