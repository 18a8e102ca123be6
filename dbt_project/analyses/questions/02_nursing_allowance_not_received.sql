-- 问题: 各县区有多少持有效一、二级残疾证的人，最近一个可核月份没有护理补贴？每月需要多少钱？
-- Question: How many holders of a valid certificate of level 1 or 2 had no nursing allowance in the newest checkable month, and what would it cost a month?
-- 读法: persons 为人数，monthly_cny 按本月同等级实际应发的金额估算（元/月）。
-- How to read: persons counts people; monthly_cny values them at what is due to others of their level in that month (yuan a month).
-- 注意: 特困人员不能同时享受，已排除；新领证后的等待期没有考虑；证件是否有效按登记状态，已过有效期而状态未改的也算在内。逐人判断见规则 R15 的预警。
-- Caveats: Tekun persons may not have both and are left out; waiting months after a new certificate are not looked at. A certificate is valid by its registered status: one past its date whose status was not changed counts. Rule R15 judges person by person.
-- 公开: 6 以下的格子不得公开，也不得能由合计推算出来。
-- Publishing: Cells under six are not for publication, nor may a sum beside them give them away.
with month as (
    select max(period) as period from fct_payment_reconciliation
),

nursing as (
    select reconciliation.beneficiary_key, reconciliation.due_cny, reconciliation.paid_cny
    from fct_payment_reconciliation as reconciliation
    inner join month on reconciliation.period = month.period
    where reconciliation.program = 'nursing'
),

tekun as (
    select distinct reconciliation.beneficiary_key
    from fct_payment_reconciliation as reconciliation
    inner join month on reconciliation.period = month.period
    where reconciliation.program = 'tekun' and (reconciliation.due_cny > 0 or reconciliation.paid_cny > 0)
),

holders as (
    select people.person_key, people.household_key, people.disability_level
    from dim_people as people
    where people.disability_level in ('1', '2') and people.certificate_status = '1' and people.died_on is null
),

rates as (
    select
        holders.disability_level,
        mode(nursing.due_cny) as monthly_cny
    from nursing
    inner join holders on nursing.beneficiary_key = holders.person_key
    where nursing.due_cny > 0
    group by holders.disability_level
),

without_allowance as (
    select holders.person_key, holders.household_key, holders.disability_level
    from holders
    left join nursing on holders.person_key = nursing.beneficiary_key
    where coalesce(nursing.paid_cny, 0) <= 0
        and holders.person_key not in (select beneficiary_key from tekun)
),

final as (
    select
        coalesce(counties.name, households.county_code) as county,
        without_allowance.disability_level,
        count(*) as persons,
        sum(rates.monthly_cny) as monthly_cny
    from without_allowance
    inner join dim_households as households on without_allowance.household_key = households.household_key
    left join rates on without_allowance.disability_level = rates.disability_level
    left join dim_areas as counties on households.county_code = counties.area_code
    group by all
)

select * from final
order by county, disability_level
