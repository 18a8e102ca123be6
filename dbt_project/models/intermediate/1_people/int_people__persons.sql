-- One row per person that any department's row names, on the day.
with keys as (
    select * from {{ ref("int_people__keys") }}
),

deaths as (
    select * from {{ ref("int_people__deaths") }}
),

final as (
    select
        keys.person_id,
        keys.birth_on,
        keys.sex,
        deaths.died_on,
        deaths.died_on is null or deaths.died_on >= {{ run_date() }} as is_alive,
        cast({{ age_on("keys.birth_on", run_date()) }} as integer) as age_years
    from keys
    left join deaths on keys.person_id = deaths.person_id
)

select * from final
