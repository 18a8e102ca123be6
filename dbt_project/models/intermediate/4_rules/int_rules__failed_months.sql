-- One row per beneficiary, programme and month with a failed payment not re-issued in time (R29).
with failed_payments as (
    select * from {{ ref("stg_finance__payments") }}
    where known_until_on is null
        and status in ('2', '3')
        and paid_on < {{ add_days(run_date(), "-" ~ parameter("r29_reissue_days")) }}
),

programmes as (
    select {{ program_no("program") }} as program_no, programme, unit from {{ ref("programmes") }}
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

failed as (
    select
        keys.person_id,
        household_keys.household_id,
        {{ program_no("failed_payments.program") }} as program_no,
        failed_payments.period as month_on,
        failed_payments.payment_no,
        failed_payments.amount_cny,
        failed_payments.paid_on
    from failed_payments
    inner join keys on failed_payments.person_key = keys.person_key
    left join household_keys on failed_payments.household_key = household_keys.household_key
),

-- Only the ledger of those concerned is looked through for what came instead.
payees as (
    select distinct person_id from failed
),

families as (
    select distinct household_id from failed where household_id is not null
),

both_kinds as (
    select person_id, household_id, program_no, month_on, payment_no, amount_cny, paid_on, true as is_failed from failed
    union all
    select
        ledger.person_id,
        ledger.household_id,
        ledger.program_no,
        ledger.month_on,
        cast(null as varchar) as payment_no,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as date) as paid_on,
        false as is_failed
    from {{ ref("int_measures__ledger") }} as ledger
    left join payees on ledger.person_id = payees.person_id
    left join families on ledger.household_id = families.household_id
    where ledger.is_successful
        and ledger.amount_cny > 0
        and (payees.person_id is not null or families.household_id is not null)
),

-- Dibao belongs to the household named, else to the active household of the payee, else to the payee.
attributed as (
    select
        case when programmes.unit = 'household' then coalesce(both_kinds.household_id, payee_households.household_id) end as household_id,
        both_kinds.person_id,
        programmes.programme,
        both_kinds.month_on,
        both_kinds.payment_no,
        both_kinds.amount_cny,
        both_kinds.paid_on,
        both_kinds.is_failed
    from both_kinds
    inner join programmes on both_kinds.program_no = programmes.program_no
    left join payee_households
        on programmes.unit = 'household'
        and both_kinds.household_id is null
        and both_kinds.person_id = payee_households.person_id
),

final as (
    select
        case when household_id is null then 'person' else 'household' end as unit,
        coalesce(household_id, person_id) as beneficiary_id,
        programme,
        month_on,
        min(payment_no) as payment_no,
        max(amount_cny) as amount_cny,
        max(paid_on) as attempted_on
    from attributed
    group by case when household_id is null then 'person' else 'household' end, coalesce(household_id, person_id), programme, month_on
    having max(case when is_failed then 0 else 1 end) = 0
)

select * from final
