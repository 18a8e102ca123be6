-- 问题: 各县区有多少家庭的收入没有观察到，因而离线远近无从判断？
-- Question: For how many families of each county was no income observed, so that nobody knows how near the line they are?
-- 读法: not_observed 为收入不明的户数，share 为占比；old 为收入在一年以前观察到的户数。
-- How to read: not_observed counts families with unknown income, share their part; old counts those whose income was observed more than a year ago.
-- 注意: 不明不是零，也不是没有困难；特困按人认定，一般不核对家庭收入；这些家庭不会因收入规则出现在名单上。
-- Caveats: Unknown is neither zero nor well-off (tekun is recognised by person, usually without a check): no rule on income can bring these families onto a list.
-- 公开: 6 以下的格子不得公开，也不得能由合计推算出来。
-- Publishing: Cells under six are not for publication, nor may a sum beside them give them away.
with numbers as (
    select 12 as old_months
),

day as (
    select max(on_date) as on_date from rpt_alert_balance
),

families as (
    select
        households.county_code,
        households.category_registered as category,
        indicators.income_counted_cny is null as is_not_observed,
        coalesce(indicators.income_observed_on < day.on_date - to_months(numbers.old_months), false) as is_old
    from fct_household_indicators as indicators
    inner join dim_households as households on indicators.household_key = households.household_key
    cross join numbers
    cross join day
    where (households.ended_on is null or households.ended_on > day.on_date)
        and households.members > 0
),

final as (
    select
        coalesce(counties.name, families.county_code) as county,
        families.category,
        count(*) as families,
        count(*) filter (families.is_not_observed) as not_observed,
        count(*) filter (families.is_old) as old,
        round(count(*) filter (families.is_not_observed) / count(*), 4) as share
    from families
    left join dim_areas as counties on families.county_code = counties.area_code
    group by all
)

select * from final
order by county, category
