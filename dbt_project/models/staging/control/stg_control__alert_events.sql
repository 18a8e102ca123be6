-- One row per alert, event and earlier day.
with alert_events as (
    select * from {{ source('control', 'alert_events') }}
),

final as (
    select
        alert_id,
        event,
        on_date,
        detail
    from alert_events
)

select * from final
