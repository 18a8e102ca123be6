-- One row per watched household and member in the latest snapshot of agriculture.
with watched as (
    select * from {{ ref("stg_agriculture__monitored_members") }}
    where known_until_on is null
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
    where concept = 'relapse_watch'
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

final as (
    select
        household_keys.household_id,
        keys.person_id,
        watched.name_key,
        watched.relation,
        watched.labour_skill,
        persons.is_alive
    from watched
    inner join household_keys on watched.household_key = household_keys.household_key
    inner join keys on watched.person_key = keys.person_key
    inner join persons on keys.person_id = persons.person_id
)

select * from final
