-- One row per day.
with calendar as (
    select * from {{ source('control', 'calendar') }}
),

final as (
    select
        day,
        is_working_day,
        working_day_no
    from calendar
)

select * from final
