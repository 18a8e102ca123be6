-- One row per person that any department's row names.
-- Numbers follow the day of the first row, so that whoever comes later changes nobody's number.
with people as (
    select
        person_key,
        birth_on,
        sex,
        received_on
    from {{ ref("stg_civil_affairs__people") }}
    union all
    select
        person_key,
        birth_on,
        sex,
        received_on
    from {{ ref("stg_finance__people") }}
    union all
    select
        person_key,
        birth_on,
        sex,
        received_on
    from {{ ref("stg_agriculture__people") }}
    union all
    select
        person_key,
        birth_on,
        sex,
        received_on
    from {{ ref("stg_disabled_federation__people") }}
),

persons as (
    select
        person_key,
        min(birth_on) as birth_on,
        min(sex) as sex,
        min(received_on) as first_received_on
    from people
    group by person_key
),

final as (
    select
        cast(row_number() over (order by first_received_on, person_key) as integer) as person_id,
        person_key,
        birth_on,
        sex
    from persons
)

select * from final
