-- One row per county and earlier day run.
with alert_balance as (
    select * from {{ source('control', 'alert_balance') }}
),

final as (
    select
        county_code,
        on_date,
        open_before,
        new,
        cleared,
        closed,
        open_now
    from alert_balance
)

select * from final
