-- 问题: 哪些线索已超过期限 5 个工作日以上还没有办？
-- Question: Which clues are more than 5 working days past their day and still open?
-- 读法: 每行一条；working_days_over 为超过期限的工作日；escalation_level 1 由乡镇负责人、2 由县区督办。
-- How to read: One row a clue; working_days_over counts working days past due_on; escalation_level 1 is the township's leader, 2 the county.
-- 注意: 紧急类按自然日计。没有结果表示没有这样的线索。
-- Caveats: The emergency lane counts calendar days. No row means that there is none.
-- 公开: 不得公开：每一行是一户或一人。
-- Publishing: Not for publication: every row is one family or person.
with numbers as (
    select 5 as working_days
),

final as (
    select
        coalesce(counties.name, alerts.county_code) as county,
        townships.name as township,
        alerts.alert_id,
        alerts.rule_id,
        rules.name_zh as rule_zh,
        alerts.level,
        alerts.first_seen_on,
        alerts.due_on,
        -alerts.days_left as working_days_over,
        alerts.escalation_level,
        alerts.delivered_on
    from fct_alerts as alerts
    cross join numbers
    left join rules on alerts.rule_id = rules.rule_id
    left join dim_areas as counties on alerts.county_code = counties.area_code
    left join dim_areas as townships on alerts.township_code = townships.area_code
    where alerts.status = 'open' and -alerts.days_left > numbers.working_days
)

select * from final
order by working_days_over desc, county, township, alert_id
