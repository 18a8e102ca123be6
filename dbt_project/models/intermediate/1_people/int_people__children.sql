-- One row per child in the latest snapshot of the children roll.
with versions as (
    select * from {{ ref("int_people__child_versions") }}
    where known_until_on is null
),

final as (
    select
        person_id,
        name_key,
        kind,
        county_code,
        area_code,
        approved_on,
        ended_on,
        visited_on,
        is_agreement_signed,
        approved_on < {{ run_date() }} and (ended_on is null or ended_on >= {{ run_date() }}) as is_in_roll
    from versions
)

select * from final
