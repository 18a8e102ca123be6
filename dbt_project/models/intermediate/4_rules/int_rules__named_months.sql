-- One row per beneficiary, programme and month whose payments a rule may name: the successful ones and the payee's name.
with named_payments as (
    select * from {{ ref("int_rules__named_payments") }}
),

final as (
    select
        unit,
        beneficiary_id,
        programme,
        month_on,
        cast(sum(case when is_successful then amount_cny else 0 end) as decimal(20, 2)) as paid_cny,
        max(case when is_successful and amount_cny > 0 then paid_on end) as last_paid_on,
        {{ listed_payments("payment_no", "amount_cny", "is_successful") }} as payments,
        case when count(distinct case when is_successful then name_key end) = 1 then min(case when is_successful then name_key end) end
            as name_key
    from named_payments
    group by unit, beneficiary_id, programme, month_on
)

select * from final
