-- 问题: 死亡次月以后仍有发放的有多少人、多少个月、多少钱？
-- Question: Paid for months after death: how many people and months, and how much?
-- 读法: beneficiaries 为领取对象（低保为家庭），months 为月数，overpaid_cny 为实发减应发（元）。
-- How to read: beneficiaries are people (families for dibao), months their months, overpaid_cny what was paid beyond what was due (yuan).
-- 注意: 死亡日期来自火化登记，可能有误；低保家庭按其余成员仍有应发，所以多为零。只看窗口内的月份。已追回的不在其中。
-- Caveats: Dates of death come from the cremation register and can be wrong; a dibao family goes on for the others, so often 0. Months of the window only; what was recovered is not here.
-- 公开: 6 以下的格子不得公开，也不得能由合计推算出来。
-- Publishing: Cells under six are not for publication, nor may a sum beside them give them away.
with after_death as (
    select program, beneficiary_key, paid_cny - due_cny as overpaid_cny
    from fct_payment_reconciliation
    where reason = 'after_death' and paid_cny > 0
),

final as (
    select
        after_death.program,
        programme_names.name_zh as programme_zh,
        programme_names.name_en as programme_en,
        count(distinct after_death.beneficiary_key) as beneficiaries,
        count(*) as months,
        sum(after_death.overpaid_cny) as overpaid_cny
    from after_death
    left join programme_names on after_death.program = programme_names.programme
    group by all
)

select * from final
order by program
