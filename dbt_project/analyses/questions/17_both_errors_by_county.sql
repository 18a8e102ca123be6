-- 问题: 各县区应保未保和错保的线索各有多少？
-- Question: How many open clues stand for exclusion and how many for leakage, by county?
-- 读法: 两种错误并列；金额为各自已知金额之和，金额都不明时为空。
-- How to read: Both errors side by side; amounts are sums of what is known, empty where none is.
-- 注意: 是线索，不是认定的事实；两边规则数目不同，不要相减。
-- Caveats: Clues, not findings of fact; the sides have different rules: do not take one from the other.
-- 公开: 6 以下的格子不得公开，也不得能由合计推算出来。
-- Publishing: Cells under six are not for publication, nor may a sum beside them give them away.
with final as (
    select
        coalesce(counties.name, errors.county_code) as county,
        errors.on_date,
        sum(errors.exclusion_cases) as exclusion_cases,
        -- Nothing is known of cases without an amount; a rule family without a case adds none.
        case when sum(errors.exclusion_cases) = 0 then 0 else sum(errors.exclusion_cny) filter (errors.exclusion_cases > 0) end
            as exclusion_cny,
        sum(errors.leakage_cases) as leakage_cases,
        case when sum(errors.leakage_cases) = 0 then 0 else sum(errors.leakage_cny) filter (errors.leakage_cases > 0) end
            as leakage_cny
    from rpt_both_errors as errors
    left join dim_areas as counties on errors.county_code = counties.area_code
    where errors.on_date = (select max(on_date) from rpt_both_errors)
    group by all
)

select * from final
order by county
