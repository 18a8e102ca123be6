-- 问题: 各项目每月有多少在 10 日前发到？
-- Question: What share of each programme's payments of a month was paid by the tenth?
-- 读法: period 为所属期；on_time 为当月 10 日及以前成功发放的笔数，share 为其占比。
-- How to read: period is the month a payment is for; on_time counts successful payments made by the tenth of that month, share is their part.
-- 注意: 补发以前月份的款项也算晚发；追回不计。临时救助和农业补贴没有这个期限，不列。
-- Caveats: Back-pay for earlier months counts as late; recoveries are left out. Temporary relief and agriculture have no such day and are not shown.
-- 公开: 可以公开全市数。
-- Publishing: The city's figures may be published.
with numbers as (
    select 10 as payment_day, 6 as months_shown
),

shown as (
    select
        cast(date_trunc('month', max(payments.paid_on)) - to_months(any_value(numbers.months_shown)) as date) as first_on,
        cast(date_trunc('month', max(payments.paid_on)) as date) as until_on
    from fct_payments as payments
    cross join numbers
),

by_day as (
    select payments.program, payments.period, payments.paid_on, count(*) as payments
    from fct_payments as payments
    cross join shown
    where payments.period >= shown.first_on and payments.period < shown.until_on
        and payments.status = '1' and payments.amount_cny > 0
    group by all
),

final as (
    select
        by_day.period,
        programmes.programme,
        any_value(programme_names.name_zh) as programme_zh,
        sum(by_day.payments) as payments,
        coalesce(sum(by_day.payments) filter (by_day.paid_on < by_day.period + to_days(numbers.payment_day)), 0) as on_time,
        round(
            coalesce(sum(by_day.payments) filter (by_day.paid_on < by_day.period + to_days(numbers.payment_day)), 0)
            / sum(by_day.payments),
            4
        ) as share
    from by_day
    cross join numbers
    inner join programmes on by_day.program = programmes.program and programmes.has_entitlement
    left join programme_names on programmes.programme = programme_names.programme
    group by by_day.period, programmes.programme
)

select * from final
order by period, programme
