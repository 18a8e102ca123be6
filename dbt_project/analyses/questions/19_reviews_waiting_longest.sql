-- 问题: 各乡镇有多少在保家庭超过 12 个月没有复核？
-- Question: How many families on the roll were not re-verified for more than 12 months, by township?
-- 读法: over 为超过 12 个月的户数，never 为没有复核记录且批准已超过 12 个月；oldest_on 为最早的一次。
-- How to read: over counts families past 12 months, never those without any re-verification since an approval that long ago; oldest_on is the earliest.
-- 注意: 收入不稳定或有劳动能力的家庭应每 6 个月复核，这里没有区分；逐户见规则 R32。
-- Caveats: Families with irregular income or somebody able to work are due after 6 months, which is not told apart here; rule R32 judges each.
-- 公开: 乡镇一级的小数目（6 以下）不得公开；公开前并到县区，仍小的隐去。
-- Publishing: Counts under six of a township are not for publication; add them up by county first and leave out what stays small.
with numbers as (
    select 12 as review_months
),

day as (
    select max(on_date) as on_date from rpt_alert_balance
),

waiting as (
    select
        households.county_code,
        households.township_code,
        households.reviewed_on is null as is_never,
        coalesce(households.reviewed_on, households.approved_on) as looked_at_on
    from dim_households as households
    cross join numbers
    cross join day
    where households.concept = 'civil_affairs'
        and (households.ended_on is null or households.ended_on > day.on_date)
        and households.members > 0
        and coalesce(households.reviewed_on, households.approved_on) < day.on_date - to_months(numbers.review_months)
),

final as (
    select
        coalesce(counties.name, waiting.county_code) as county,
        townships.name as township,
        count(*) as over,
        count(*) filter (waiting.is_never) as never,
        min(waiting.looked_at_on) as oldest_on
    from waiting
    left join dim_areas as counties on waiting.county_code = counties.area_code
    left join dim_areas as townships on waiting.township_code = townships.area_code
    group by all
)

select * from final
order by over desc, county, township
