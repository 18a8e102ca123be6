-- One row per person in the cremation register.
with cremations as (
    select * from {{ ref("stg_civil_affairs__cremations") }}
    where known_until_on is null
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

final as (
    select
        keys.person_id,
        cremations.died_on,
        cremations.name_key
    from cremations
    inner join keys on cremations.person_key = keys.person_key
)

select * from final
