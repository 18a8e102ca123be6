-- One row per person that any department's row names.
-- Numbers follow the day of the first row, so that whoever comes later changes nobody's number: a day adds whom it names for the
-- first time, and reads no row of a day before. What is known of a person follows from the citizen number, as the key does: every
-- row says the same.
{{ config(
    materialized="growing",
    meta={
        "numbered_by": "person_id",
        "starts_as": "person_id integer, person_key blob, birth_on date, sex varchar, known_from_on date",
    },
) }}
with people as (
    select
        person_key,
        birth_on,
        sex,
        received_on
    from {{ ref("stg_civil_affairs__people") }}
    where received_on > {{ newest_held() }}
    union all
    select
        person_key,
        birth_on,
        sex,
        received_on
    from {{ ref("stg_finance__people") }}
    where received_on > {{ newest_held() }}
    union all
    select
        person_key,
        birth_on,
        sex,
        received_on
    from {{ ref("stg_agriculture__people") }}
    where received_on > {{ newest_held() }}
    union all
    select
        person_key,
        birth_on,
        sex,
        received_on
    from {{ ref("stg_disabled_federation__people") }}
    where received_on > {{ newest_held() }}
),

held as (
    select
        person_id,
        person_key
    from {{ this }}
),

last_number as (
    select coalesce(max(person_id), 0) as person_id from held
),

persons as (
    select
        people.person_key,
        min(people.birth_on) as birth_on,
        min(people.sex) as sex,
        min(people.received_on) as known_from_on
    from people
    where not exists (select 1 from held where held.person_key = people.person_key)
    group by people.person_key
),

final as (
    select
        cast(
            last_number.person_id + row_number() over (order by persons.known_from_on, persons.person_key) as integer
        ) as person_id,
        persons.person_key,
        persons.birth_on,
        persons.sex,
        persons.known_from_on
    from persons
    cross join last_number
)

select * from final
