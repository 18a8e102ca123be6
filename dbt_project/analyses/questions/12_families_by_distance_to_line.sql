-- 问题: 家庭人均收入离低保线有多远（每 100 元一档）？
-- Question: How far from the dibao line are families' incomes per head (in steps of 100 yuan)?
-- 读法: from_cny 至 to_cny 为人均收入减标准，负数在线下；按在册类别分列，ended 为已退出的家庭，unknown_income 单列。
-- How to read: from_cny to to_cny is income per head less the standard, negative below the line; by category of the register; income not observed has a row without a step.
-- 注意: 类别是登记的类别；收入可能过时；同时在两个名册上的家庭计两次。观察不到收入的家庭不能当作零。
-- Caveats: Categories are those registered; income may be old; a family on both rolls counts in both. Families without an observed income are not at zero.
-- 公开: 6 以下的格子不得公开，也不得能由合计推算出来。
-- Publishing: Cells under six are not for publication, nor may a sum beside them give them away.
with numbers as (
    select 100 as step_cny
),

day as (
    select max(on_date) as on_date from rpt_alert_balance
),

placed as (
    select
        cast(floor(-indicators.gap_to_standard_cny / numbers.step_cny) * numbers.step_cny as integer) as from_cny,
        case when households.ended_on is null or households.ended_on > day.on_date then households.category_registered else 'ended' end as category,
        households.members
    from fct_household_indicators as indicators
    inner join dim_households as households on indicators.household_key = households.household_key
    cross join numbers
    cross join day
    where households.members > 0
),

final as (
    select
        placed.from_cny,
        placed.from_cny + any_value(numbers.step_cny) as to_cny,
        count(*) filter (placed.category = 'dibao') as dibao,
        count(*) filter (placed.category = 'tekun') as tekun,
        count(*) filter (placed.category = 'dibao_marginal') as dibao_marginal,
        count(*) filter (placed.category = 'rigid_expenditure') as rigid_expenditure,
        count(*) filter (placed.category = 'relapse_watch') as relapse_watch,
        count(*) filter (placed.category = 'ended') as ended,
        count(*) as families,
        sum(placed.members) as members
    from placed
    cross join numbers
    group by placed.from_cny
)

select * from final
order by from_cny nulls last
