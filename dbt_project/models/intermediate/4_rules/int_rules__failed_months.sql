-- One row per beneficiary, programme and month with a failed payment not re-issued in time (R29).
with failed_payments as (
    select * from {{ ref("stg_finance__payments") }}
    where known_until_on is null
        and status in ('2', '3')
        and paid_on < {{ add_days(run_date(), "-" ~ parameter("r29_reissue_days")) }}
),

-- Only the ledger of those concerned is looked through for what came instead.
payees as (
    select distinct person_key from failed_payments
),

families as (
    select distinct household_key from failed_payments where household_key is not null
),

concerned as (
    select payments.payment_no, payments.program, payments.person_key, payments.household_key, payments.period, payments.amount_cny, payments.paid_on
    from {{ ref("stg_finance__payments") }} as payments
    inner join payees on payments.person_key = payees.person_key
    where payments.known_until_on is null and payments.status = '1' and payments.amount_cny > 0
    union
    select payments.payment_no, payments.program, payments.person_key, payments.household_key, payments.period, payments.amount_cny, payments.paid_on
    from {{ ref("stg_finance__payments") }} as payments
    inner join families on payments.household_key = families.household_key
    where payments.known_until_on is null and payments.status = '1' and payments.amount_cny > 0
),

programmes as (
    select * from {{ ref("programmes") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }} where concept = 'civil_affairs'
),

payee_households as (
    select * from {{ ref("int_people__payee_households") }}
),

both_kinds as (
    select payment_no, program, person_key, household_key, period, amount_cny, paid_on, true as is_failed from failed_payments
    union all
    select payment_no, program, person_key, household_key, period, amount_cny, paid_on, false as is_failed from concerned
),

-- Dibao belongs to the household named, else to the active household of the payee, else to the payee.
attributed as (
    select
        case
            when programmes.unit = 'household' and household_keys.household_id is not null then 'household'
            when programmes.unit = 'household' and both_kinds.household_key is null and payee_households.household_id is not null
                then 'household'
            else 'person'
        end as unit,
        case
            when programmes.unit = 'household' and household_keys.household_id is not null then household_keys.household_id
            when programmes.unit = 'household' and both_kinds.household_key is null and payee_households.household_id is not null
                then payee_households.household_id
            else keys.person_id
        end as beneficiary_id,
        programmes.programme,
        both_kinds.period as month_on,
        both_kinds.payment_no,
        both_kinds.amount_cny,
        both_kinds.paid_on,
        both_kinds.is_failed
    from both_kinds
    inner join programmes on both_kinds.program = programmes.program
    inner join keys on both_kinds.person_key = keys.person_key
    left join household_keys on both_kinds.household_key = household_keys.household_key
    left join payee_households on keys.person_id = payee_households.person_id
),

final as (
    select
        unit,
        beneficiary_id,
        programme,
        month_on,
        min(payment_no) as payment_no,
        max(amount_cny) as amount_cny,
        max(paid_on) as attempted_on
    from attributed
    group by unit, beneficiary_id, programme, month_on
    having max(case when is_failed then 0 else 1 end) = 0
)

select * from final
