-- One row per person who is head, else member, of an active civil-affairs household: where dibao paid without a household
-- number belongs. Of several households one with dibao comes first, and one the person heads before one joined.
with headed as (
    select
        head_person_id as person_id,
        household_id,
        category = 'dibao' as is_dibao,
        true as is_head
    from {{ ref("int_people__households") }}
    where is_active and head_person_id is not null
),

joined as (
    select
        person_id,
        household_id,
        category = 'dibao' as is_dibao,
        false as is_head
    from {{ ref("int_people__members") }}
    where is_household_active
),

candidates as (
    select * from headed
    union all
    select * from joined
),

final as (
    select
        person_id,
        coalesce(
            min(case when is_dibao and is_head then household_id end),
            min(case when is_dibao then household_id end),
            min(case when is_head then household_id end),
            min(household_id)
        ) as household_id
    from candidates
    group by person_id
)

select * from final
