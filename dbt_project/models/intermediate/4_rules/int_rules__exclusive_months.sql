-- One row per person, pair of programmes that exclude each other, and window month in which both were paid (R03).
-- Review lane, payment by payment: one counts where its name agrees with one of the other programme, or one is missing.
with months as (
    select month_on from {{ ref("int_measures__months") }} where is_in_window
),

pairs as (
    select * from {{ ref("exclusive_benefits") }} where compared = 'payments'
),

paid as (
    select named_payments.*
    from {{ ref("int_rules__named_payments") }} as named_payments
    inner join months on named_payments.month_on = months.month_on
    where named_payments.unit = 'person' and named_payments.is_successful
),

agreeing as (
    select
        one.beneficiary_id as person_id,
        one.month_on,
        one.programme,
        other.programme as excluded_programme,
        one.payment_no,
        one.amount_cny,
        other.payment_no as excluded_payment_no,
        other.amount_cny as excluded_amount_cny
    from paid as one
    inner join pairs on one.programme = pairs.programme and one.month_on >= pairs.effective_from
    inner join paid as other
        on one.beneficiary_id = other.beneficiary_id
        and one.month_on = other.month_on
        and pairs.excluded_programme = other.programme
        and (one.name_key = other.name_key or one.name_key is null or other.name_key is null)
),

-- A payment agrees with every one of the other programme that bears its name, and is counted once.
first_payments as (
    select distinct person_id, month_on, programme, excluded_programme, payment_no, amount_cny from agreeing
),

excluded_payments as (
    select distinct
        person_id, month_on, programme, excluded_programme, excluded_payment_no, excluded_amount_cny
    from agreeing
),

firsts as (
    select
        person_id,
        month_on,
        programme,
        excluded_programme,
        sum(amount_cny) as paid_cny,
        {{ listed_payments("payment_no", "amount_cny") }} as payments
    from first_payments
    group by person_id, month_on, programme, excluded_programme
    having sum(amount_cny) > 0
),

excluded as (
    select
        person_id,
        month_on,
        programme,
        excluded_programme,
        sum(excluded_amount_cny) as paid_cny,
        {{ listed_payments("excluded_payment_no", "excluded_amount_cny") }} as payments
    from excluded_payments
    group by person_id, month_on, programme, excluded_programme
    having sum(excluded_amount_cny) > 0
),

final as (
    select
        firsts.person_id,
        firsts.month_on,
        firsts.programme,
        firsts.excluded_programme,
        cast(firsts.paid_cny as decimal(20, 2)) as paid_cny,
        cast(excluded.paid_cny as decimal(20, 2)) as excluded_paid_cny,
        firsts.payments,
        excluded.payments as excluded_payments
    from firsts
    inner join excluded
        on firsts.person_id = excluded.person_id
        and firsts.month_on = excluded.month_on
        and firsts.programme = excluded.programme
        and firsts.excluded_programme = excluded.excluded_programme
)

select * from final
