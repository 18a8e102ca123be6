-- One row per beneficiary, programme and month whose payments a rule may name: the successful ones and the payee's name.
-- Nearly every month has one payment: lists are put in order of the others alone.
with named_payments as (
    select * from {{ ref("int_rules__named_payments") }}
),

months as (
    select
        unit,
        beneficiary_id,
        programme,
        month_on,
        cast(sum(case when is_successful then amount_cny else 0 end) as decimal(20, 2)) as paid_cny,
        max(case when is_successful and amount_cny > 0 then paid_on end) as last_paid_on,
        count(case when is_successful then 1 end) as successful_payments,
        min(case when is_successful then payment_no end) as payment_no,
        min(case when is_successful then amount_cny end) as amount_cny,
        min(case when is_successful then name_key end) as first_name_key,
        max(case when is_successful then name_key end) as last_name_key
    from named_payments
    group by unit, beneficiary_id, programme, month_on
),

several as (
    select
        named_payments.unit,
        named_payments.beneficiary_id,
        named_payments.programme,
        named_payments.month_on,
        {{ listed_payments("named_payments.payment_no", "named_payments.amount_cny", "named_payments.is_successful") }} as payments
    from named_payments
    inner join months
        on named_payments.unit = months.unit
        and named_payments.beneficiary_id = months.beneficiary_id
        and named_payments.programme = months.programme
        and named_payments.month_on = months.month_on
        and months.successful_payments > 1
    group by named_payments.unit, named_payments.beneficiary_id, named_payments.programme, named_payments.month_on
),

final as (
    select
        months.unit,
        months.beneficiary_id,
        months.programme,
        months.month_on,
        months.paid_cny,
        months.last_paid_on,
        case when months.successful_payments = 1 then {{ listed_payment("months.payment_no", "months.amount_cny") }} else several.payments end
            as payments,
        case when months.first_name_key = months.last_name_key then months.first_name_key end as name_key
    from months
    left join several
        on months.unit = several.unit
        and months.beneficiary_id = several.beneficiary_id
        and months.programme = several.programme
        and months.month_on = several.month_on
)

select * from final
