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

household_order as (
    select * from {{ ref("int_people__household_order") }}
),

candidates as (
    select * from headed
    union all
    select * from joined
),

final as (
    select
        candidates.person_id,
        arg_min(
            candidates.household_id,
            (not candidates.is_dibao, not candidates.is_head, household_order.household_order)
        ) as household_id
    from candidates
    inner join household_order on candidates.household_id = household_order.household_id
    group by candidates.person_id
)

select * from final
