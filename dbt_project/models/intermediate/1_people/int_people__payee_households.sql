-- One row per person who is head, else member, of an active civil-affairs household: where dibao paid without a household
-- number belongs.
with households as (
    select head_person_id as person_id, min(household_id) as household_id
    from {{ ref("int_people__households") }}
    where is_active and head_person_id is not null
    group by head_person_id
),

members as (
    select person_id, min(household_id) as household_id
    from {{ ref("int_people__members") }}
    where is_household_active
    group by person_id
),

final as (
    select
        coalesce(households.person_id, members.person_id) as person_id,
        coalesce(households.household_id, members.household_id) as household_id
    from households
    full outer join members on households.person_id = members.person_id
)

select * from final
