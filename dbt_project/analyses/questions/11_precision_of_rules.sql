-- 问题: 每条规则的线索，走访后有多少属实？
-- Question: Of the clues of each rule that were looked at, how many proved true?
-- 读法: precision 为属实比例，interval_low/high 为其区间；too_few 为真时样本太少，不要比较。open_clues 为目前待办。
-- How to read: precision is the share proved true, interval_low and interval_high what it may be; where too_few is true, do not compare. open_clues wait now.
-- 注意: 只计能证明真假的回复；没有回复的规则 precision 为空，不是零。
-- Caveats: Only replies that prove a clue true or false count; without replies precision is empty, not zero.
-- 公开: 可以公开；样本太少的规则不列。
-- Publishing: May be published, without rules marked too_few.
with open_clues as (
    select rule_id, count(*) as open_clues
    from fct_alerts
    where status = 'open'
    group by rule_id
),

final as (
    select
        performance.rule_id,
        rules.name_zh,
        rules.name_en,
        rules.lane,
        coalesce(open_clues.open_clues, 0) as open_clues,
        performance.replied,
        performance.confirmed,
        performance."precision",
        performance.interval_low,
        performance.interval_high,
        performance.too_few,
        performance.median_working_days
    from rpt_rule_performance as performance
    left join rules on performance.rule_id = rules.rule_id
    left join open_clues on performance.rule_id = open_clues.rule_id
)

select * from final
order by rule_id
