-- One row per watched household and member in the latest snapshot of agriculture.
with versions as (
    select * from {{ ref("int_people__watched_member_versions") }}
    where known_until_on is null
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

final as (
    select
        versions.household_id,
        versions.person_id,
        versions.name_key,
        versions.relation,
        versions.labour_skill,
        persons.is_alive
    from versions
    inner join persons on versions.person_id = persons.person_id
)

select * from final
