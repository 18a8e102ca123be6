-- One row per alert, event and day.
with events as (
    select * from {{ ref("int_rules__alert_events") }}
),

final as (
    select alert_id, event, on_date, detail from events
)

select * from final
