-- One row per beneficiary, programme and window month with a failed payment not re-issued in time (R29).
with payments as (
    select * from {{ ref("stg_finance__payments") }}
    where known_until_on is null
        and status in ('2', '3')
        and paid_on < {{ add_days(run_date(), "-" ~ parameter("r29_reissue_days")) }}
),

months as (
    select month_on from {{ ref("int_measures__months") }} where is_in_window
),

programmes as (
    select * from {{ ref("programmes") }} where has_entitlement
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

paid as (
    select * from {{ ref("int_measures__reconciliation") }} where last_paid_on is not null
),

-- Dibao belongs to the household named, else to the active household of the payee, else to the payee.
attributed as (
    select
        keys.person_id,
        case
            when programmes.unit = 'household'
                then coalesce(household_keys.household_id, payee_households.household_id)
        end as household_id,
        programmes.programme,
        payments.period as month_on
    from payments
    inner join months on payments.period = months.month_on
    inner join programmes on payments.program = programmes.program
    inner join keys on payments.person_key = keys.person_key
    left join household_keys on payments.household_key = household_keys.household_key
    left join payee_households on keys.person_id = payee_households.person_id
),

failed as (
    select distinct
        case when household_id is null then 'person' else 'household' end as unit,
        coalesce(household_id, person_id) as beneficiary_id,
        programme,
        month_on
    from attributed
),

final as (
    select failed.*
    from failed
    left join paid
        on failed.unit = paid.unit
        and failed.beneficiary_id = paid.beneficiary_id
        and failed.programme = paid.programme
        and failed.month_on = paid.month_on
    where paid.beneficiary_id is null
)

select * from final
