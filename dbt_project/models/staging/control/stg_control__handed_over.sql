-- One row per alert and day on which a list with it was delivered.
with handed_over as (
    select * from {{ source('control', 'handed_over') }}
),

final as (
    select
        alert_id,
        delivered_on
    from handed_over
)

select * from final
