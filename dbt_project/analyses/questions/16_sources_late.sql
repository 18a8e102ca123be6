-- 问题: 哪些部门的数据常常没有按时到？现在哪些规则因此没有评估？
-- Question: Which departments' tables were often missing, and which rules wait for them now?
-- 读法: days_run 为运行天数，days_without 为当天没有收到且被接受的天数；freshness 为目前状态。
-- How to read: days_run are days the city was run, days_without those on which nothing was accepted; freshness is how it stands now.
-- 注意: 周末和节假日本来不要求报送，也算在 days_without 里；发布的数据没有工作日历。
-- Caveats: Weekends and holidays, on which nothing is expected, count as days without: the published marts hold no calendar of working days.
-- 公开: 可以公开。
-- Publishing: May be published.
with days as (
    select distinct on_date from quality_rule_evaluations
),

counted as (
    select count(*) as days_run from days
),

arrived as (
    select
        deliveries.department,
        deliveries."table",
        count(distinct deliveries.received_on) as days_with,
        sum(deliveries.received) as received,
        sum(deliveries.quarantined) as quarantined
    from quality_deliveries as deliveries
    inner join days on deliveries.received_on = days.on_date
    where deliveries.verdict = 'accepted'
    group by all
),

final as (
    select
        coverage.source as department,
        coverage."table",
        counted.days_run,
        counted.days_run - coalesce(arrived.days_with, 0) as days_without,
        coverage.received_on as last_received_on,
        coverage.freshness,
        coverage.rules_not_evaluated,
        coalesce(arrived.received, 0) as received_rows,
        coalesce(arrived.quarantined, 0) as quarantined_rows
    from rpt_coverage as coverage
    cross join counted
    left join arrived on coverage.source = arrived.department and coverage."table" = arrived."table"
)

select * from final
order by days_without desc, department, "table"
