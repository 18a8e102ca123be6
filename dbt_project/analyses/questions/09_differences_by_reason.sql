-- 问题: 应发与实发的差异，各由什么原因造成？
-- Question: What explains the differences between what was due and what was paid?
-- 读法: 每行一个项目和原因；difference_cny 为应发减实发，正数是少发，负数是多发。reason 为空表示应发数不明。
-- How to read: One row a programme and reason; difference_cny is due less paid: positive paid too little, negative too much. An empty reason: due is unknown.
-- 注意: late 和 recovery 的应发与实发可以一致；months 是月数，不是人数。窗口为最近 12 个月。
-- Caveats: late and recovery also name months whose sums agree; months are not people. The window is the last twelve months.
-- 公开: 6 以下的格子不得公开，也不得能由合计推算出来。
-- Publishing: Cells under six are not for publication, nor may a sum beside them give them away.
with counted as (
    select
        program,
        reason,
        count(*) as months,
        count(distinct beneficiary_key) as beneficiaries,
        sum(due_cny) as due_cny,
        sum(paid_cny) as paid_cny,
        sum(difference_cny) as difference_cny
    from fct_payment_reconciliation
    where reason is distinct from 'matched'
    group by all
),

final as (
    select
        counted.program,
        programme_names.name_zh as programme_zh,
        counted.reason,
        counted.months,
        counted.beneficiaries,
        counted.due_cny,
        counted.paid_cny,
        counted.difference_cny
    from counted
    left join programme_names on counted.program = programme_names.programme
)

select * from final
order by program, reason nulls last
