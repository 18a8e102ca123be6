-- One row per household: its place among all, by the department's own number, civil affairs before the watch.
-- Of a person's several families the first in this order counts. Families that no register names come last.
with household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

household_order as (
    select * from {{ ref("stg_control__household_order") }}
),

final as (
    select
        household_keys.household_id,
        cast(
            row_number() over (
                order by household_keys.concept, household_order.number_order nulls last, household_keys.household_id
            ) as integer
        ) as household_order
    from household_keys
    left join household_order
        on household_keys.household_key = household_order.household_key
        and household_keys.concept = household_order.concept
)

select * from final
