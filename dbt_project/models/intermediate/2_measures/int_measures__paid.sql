-- One row per beneficiary, entitled programme and window month in which the ledger has a row.
-- Dibao belongs to the household named; without one to the active household whose head, else member, the payee is;
-- else to the payee. Narrow: payment numbers and names are looked up where a rule names a month.
{{ config(materialized="view") }}
with payments as (
    select * from {{ ref("stg_finance__payments") }}
    where known_until_on is null
),

programmes as (
    select * from {{ ref("programmes") }}
    where has_entitlement
),

keys as (
    select
        person_id,
        person_key
    from {{ ref("int_people__keys") }}
),

household_keys as (
    select
        household_id,
        household_key
    from {{ ref("int_people__household_keys") }}
    where concept = 'civil_affairs'
),

months as (
    select month_on from {{ ref("int_measures__months") }}
    where is_in_window
),

payee_households as (
    select * from {{ ref("int_people__payee_households") }}
),

numbers as (
    select {{ parameter("payment_day") }} as payment_day
),

numbered as (
    select
        coalesce(household_keys.household_id, payee_households.household_id) as household_id,
        keys.person_id,
        programmes.programme,
        payments.period as month_on,
        payments.amount_cny,
        coalesce(payments.status = '1', false) as is_successful,
        payments.paid_on,
        payments.paid_on > {{ add_days("payments.period", "numbers.payment_day - 1") }} as is_late
    from payments
    cross join numbers
    inner join months on payments.period = months.month_on
    inner join programmes on payments.program = programmes.program
    inner join keys on payments.person_key = keys.person_key
    left join household_keys
        on programmes.unit = 'household'
        and payments.household_key = household_keys.household_key
    left join payee_households
        on programmes.unit = 'household'
        and payments.household_key is null
        and keys.person_id = payee_households.person_id
),

grouped as (
    select
        household_id is not null as is_household,
        coalesce(household_id, person_id) as beneficiary_id,
        programme,
        month_on,
        sum(case when is_successful then amount_cny else 0 end) as paid_cny,
        sum(case when is_successful and is_late then amount_cny else 0 end) as paid_late_cny,
        sum(case when is_successful and amount_cny < 0 then -amount_cny else 0 end) as recovered_cny,
        count(case when not is_successful then 1 end) as failed_rows,
        max(case when is_successful and amount_cny > 0 then paid_on end) as last_paid_on
    from numbered
    group by household_id is not null, coalesce(household_id, person_id), programme, month_on
),

final as (
    select
        case when is_household then 'household' else 'person' end as unit,
        beneficiary_id,
        programme,
        month_on,
        cast(paid_cny as decimal(20, 2)) as paid_cny,
        cast(paid_late_cny as decimal(20, 2)) as paid_late_cny,
        cast(recovered_cny as decimal(20, 2)) as recovered_cny,
        cast(failed_rows as integer) as failed_rows,
        last_paid_on
    from grouped
)

select * from final
