-- One row per household that a register names.
with household_order as (
    select * from {{ source('control', 'household_order') }}
),

final as (
    select
        household_key,
        concept,
        number_order
    from household_order
)

select * from final
