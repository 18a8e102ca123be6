-- 问题: 各县区应领儿童保障金的孩子，最近一个可核月份领到了多少？
-- Question: Of the children to whom an allowance was due in the newest checkable month, how many received it, by county?
-- 读法: due 为应领人数，paid_in_full 足额，paid_in_part 不足额，not_paid 未领到；coverage 为足额占应领的比例。
-- How to read: due counts children, paid_in_full, paid_in_part and not_paid what became of them; coverage is paid in full over due.
-- 注意: 只包括名册上的孩子；名册以外但可能符合条件的孩子见规则 R19。应发数不明的孩子不在其中。
-- Caveats: Children on the roll only; those who may qualify and are on none are found by rule R19. Children whose due amount is unknown are left out.
-- 公开: 县区人数多在 6 以下，只宜公开全市合计。
-- Publishing: Counties have few such children: publish the city's sum only.
with month as (
    select max(period) as period from fct_payment_reconciliation
),

children as (
    select
        reconciliation.beneficiary_key,
        reconciliation.program,
        reconciliation.due_cny,
        reconciliation.paid_cny
    from fct_payment_reconciliation as reconciliation
    inner join month on reconciliation.period = month.period
    where reconciliation.program in ('orphan', 'unsupported_child', 'key_child') and reconciliation.due_cny > 0
),

final as (
    select
        coalesce(counties.name, households.county_code, '(unknown)') as county,
        children.program,
        programme_names.name_zh as programme_zh,
        count(*) as due,
        count(*) filter (children.paid_cny >= children.due_cny) as paid_in_full,
        count(*) filter (children.paid_cny > 0 and children.paid_cny < children.due_cny) as paid_in_part,
        count(*) filter (children.paid_cny <= 0) as not_paid,
        round(count(*) filter (children.paid_cny >= children.due_cny) / count(*), 4) as coverage
    from children
    left join dim_people as people on children.beneficiary_key = people.person_key
    left join dim_households as households on people.household_key = households.household_key
    left join dim_areas as counties on households.county_code = counties.area_code
    left join programme_names on children.program = programme_names.programme
    group by all
)

select * from final
order by county, program
