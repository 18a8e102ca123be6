-- 问题: 下个月哪些家庭的渐退期届满？
-- Question: Which families' grace period ends next month?
-- 读法: 每行一户；ratio_to_standard 是人均收入与低保标准之比，低于 1 的家庭届满前应重新核对。
-- How to read: One row a family; ratio_to_standard compares its income per head with the standard: below 1, check anew before the day.
-- 注意: 只有登记了渐退期的在保家庭；收入为空表示没有观察到，不是零。
-- Caveats: Only families on the roll with a registered grace period; an empty income was not observed, it is not zero.
-- 公开: 不得公开：每一行是一户或一人。
-- Publishing: Not for publication: every row is one family or person.
with day as (
    select max(on_date) as on_date from rpt_alert_balance
),

next_month as (
    select
        cast(date_trunc('month', on_date) + to_months(1) as date) as first_on,
        cast(date_trunc('month', on_date) + to_months(2) as date) as until_on
    from day
),

final as (
    select
        counties.name as county,
        townships.name as township,
        households.household_key,
        households.grace_until,
        households.covered_persons,
        indicators.income_per_capita_cny,
        indicators.standard_cny,
        indicators.ratio_to_standard
    from dim_households as households
    cross join next_month
    cross join day
    left join fct_household_indicators as indicators on households.household_key = indicators.household_key
    left join dim_areas as counties on households.county_code = counties.area_code
    left join dim_areas as townships on households.township_code = townships.area_code
    where households.grace_until >= next_month.first_on
        and households.grace_until < next_month.until_on
        and (households.ended_on is null or households.ended_on > day.on_date)
)

select * from final
order by grace_until, county, township, household_key
