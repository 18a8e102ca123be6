-- One row per accepted reply.
with outcomes as (
    select * from {{ source('control', 'outcomes') }}
),

final as (
    select
        alert_id,
        outcome,
        visited_on,
        received_on,
        batch_id
    from outcomes
)

select * from final
