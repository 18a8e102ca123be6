-- 问题: 哪些县区、乡镇有办理时限将满或已过的环节？
-- Question: Which counties and townships have steps of a procedure whose time is nearly up or over?
-- 读法: applications 为申请审核环节，cases 为临时救助，reviews 为复核；longest_open_days 为最早一条预警距今的天数。
-- How to read: applications are steps of an application, cases temporary relief, reviews due re-verifications; longest_open_days since the oldest clue opened.
-- 注意: 发布的数据没有申请表本身，算不出各乡镇的平均办理工作日；这里只有未办结且已触发规则 R32 的环节。经办机构不明的乡镇为空。
-- Caveats: The warehouse holds no table of applications: how many working days a decision takes cannot be worked out here, only steps still open that rule R32 found.
-- 公开: 乡镇一级的小数目（6 以下）不得公开；公开前并到县区，仍小的隐去。
-- Publishing: Counts under six of a township are not for publication; add them up by county first and leave out what stays small.
with day as (
    select max(on_date) as on_date from rpt_alert_balance
),

late as (
    select alerts.county_code, alerts.township_code, alerts.unit, alerts.level, alerts.first_seen_on
    from fct_alerts as alerts
    where alerts.rule_id = 'R32' and alerts.status = 'open'
),

final as (
    select
        coalesce(counties.name, late.county_code) as county,
        townships.name as township,
        count(*) filter (late.unit = 'application') as applications,
        count(*) filter (late.unit = 'case') as cases,
        count(*) filter (late.unit = 'household') as reviews,
        count(*) filter (late.unit not in ('application', 'case', 'household')) as others,
        max(date_diff('day', late.first_seen_on, day.on_date)) as longest_open_days
    from late
    cross join day
    left join dim_areas as counties on late.county_code = counties.area_code
    left join dim_areas as townships on late.township_code = townships.area_code
    group by all
)

select * from final
order by applications + cases + reviews + others desc, county, township
