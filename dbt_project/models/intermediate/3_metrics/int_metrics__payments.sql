-- One row per payment of the ledger as it is known on the day, with the beneficiary it belongs to.
with payments as (
    select * from {{ ref("stg_finance__payments") }} where known_until_on is null
),

programmes as (
    select * from {{ ref("programmes") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

payee_households as (
    select * from {{ ref("int_measures__payee_households") }}
),

-- Only dibao without a household number needs looking up.
looked_up as (
    select
        keys.person_key,
        payee_households.month_on,
        household_keys.household_key
    from payee_households
    inner join keys on payee_households.person_id = keys.person_id
    inner join household_keys on payee_households.household_id = household_keys.household_id
),

final as (
    select
        payments.payment_no,
        payments.program,
        programmes.programme,
        payments.period,
        programmes.unit,
        payments.person_key,
        coalesce(payments.household_key, looked_up.household_key) as household_key,
        payments.amount_cny,
        payments.paid_on,
        payments.status
    from payments
    inner join programmes on payments.program = programmes.program
    left join looked_up
        on payments.household_key is null
        and programmes.unit = 'household'
        and payments.person_key = looked_up.person_key
        and payments.period = looked_up.month_on
)

select * from final
