-- One row per payment of the ledger, as it is known on the day.
with payments as (
    select * from {{ ref("int_metrics__payments") }}
),

final as (
    select
        payment_no,
        program,
        period,
        {{ published_key("case when unit = 'household' then coalesce(household_key, person_key) else person_key end") }}
            as beneficiary_key,
        {{ published_key("household_key") }} as household_key,
        amount_cny,
        paid_on,
        status
    from payments
)

select * from final
