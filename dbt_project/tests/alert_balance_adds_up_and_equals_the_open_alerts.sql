-- Returns a county and day whose balance does not add up, does not follow from the day before, or whose open alerts today
-- are not those of the list of alerts.
with balance as (
    select
        *,
        lag(open_now) over (partition by county_code order by on_date) as open_yesterday
    from {{ ref("rpt_alert_balance") }}
),

open_alerts as (
    select county_code, count(*) as open_now
    from {{ ref("fct_alerts") }}
    where status = 'open'
    group by county_code
)

select
    balance.county_code,
    balance.on_date
from balance
left join open_alerts on balance.county_code = open_alerts.county_code
where balance.open_before + balance.new - balance.cleared - balance.closed <> balance.open_now
    or balance.open_before <> coalesce(balance.open_yesterday, 0)
    or balance.on_date = {{ run_date() }} and balance.open_now <> coalesce(open_alerts.open_now, 0)
