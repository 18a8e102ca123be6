-- One row per county and day.
with balance as (
    select * from {{ ref("int_rules__alert_balance") }}
),

final as (
    select county_code, on_date, open_before, new, cleared, closed, open_now from balance
)

select * from final
