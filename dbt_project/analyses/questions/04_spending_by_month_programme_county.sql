-- 问题: 本月和上月各县区各项目发放了多少钱、多少笔？
-- Question: What was paid this month and last month, by programme and county?
-- 读法: amount_cny 为成功发放减去追回（元）；payments 为笔数，recovered_cny 为其中追回的金额。months_shown 可改。
-- How to read: amount_cny is what was paid less what was recovered (yuan); payments counts rows, recovered_cny is the recovered part. Change months_shown for more.
-- 注意: 按发放日期归月，不按所属期；县区取家庭或本人目前的登记地，农业补贴的领取人多数不在监测范围，县区为空。当月尚未发完。
-- Caveats: By day of payment, not by the month it is for; the county is where the family is registered now, empty for those not watched. The newest month is not over.
-- 公开: 6 以下的格子不得公开，也不得能由合计推算出来。
-- Publishing: Cells under six are not for publication, nor may a sum beside them give them away.
with numbers as (
    select 2 as months_shown
),

first_month as (
    select
        cast(date_trunc('month', max(payments.paid_on)) - to_months(any_value(numbers.months_shown) - 1) as date) as first_on
    from fct_payments as payments
    cross join numbers
),

places as (
    select household_key as beneficiary_key, county_code from dim_households
    union all
    select people.person_key as beneficiary_key, households.county_code
    from dim_people as people
    inner join dim_households as households on people.household_key = households.household_key
    where people.person_key <> people.household_key
),

paid as (
    select
        cast(date_trunc('month', payments.paid_on) as date) as paid_month,
        payments.program,
        places.county_code,
        count(*) as payments,
        sum(payments.amount_cny) as amount_cny,
        coalesce(-sum(payments.amount_cny) filter (payments.amount_cny < 0), 0) as recovered_cny
    from fct_payments as payments
    cross join first_month
    left join places on payments.beneficiary_key = places.beneficiary_key
    where payments.status = '1' and payments.paid_on >= first_month.first_on
    group by all
),

final as (
    select
        paid.paid_month,
        paid.program,
        programmes.name_zh as programme_zh,
        programmes.name_en as programme_en,
        coalesce(counties.name, paid.county_code) as county,
        paid.payments,
        paid.amount_cny,
        paid.recovered_cny
    from paid
    left join programmes on paid.program = programmes.program
    left join dim_areas as counties on paid.county_code = counties.area_code
)

select * from final
order by paid_month, program, county
