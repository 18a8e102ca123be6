-- One row per watched household, member and version of the member's row.
with versions as (
    select * from {{ ref("stg_agriculture__monitored_members") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
    where concept = 'relapse_watch'
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

final as (
    select
        household_keys.household_id,
        keys.person_id,
        versions.name_key,
        versions.relation,
        versions.labour_skill,
        versions.known_from_on,
        versions.known_until_on,
        versions.state_from_on
    from versions
    inner join household_keys on versions.household_key = household_keys.household_key
    inner join keys on versions.person_key = keys.person_key
)

select * from final
