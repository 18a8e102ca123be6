-- One row per payment as it is known on the day, with surrogate numbers in place of keys and codes.
-- Everything that counts or sums the ledger reads it here, narrow; numbers, names and accounts are read only of the payments
-- that a rule names. account_mark tells accounts apart but for a chance: who must be sure compares the accounts themselves.
-- A day adds what came since, as long as nothing that stands was taken back.
{{ config(materialized="growing", meta={"grows_with": "lake.finance__payments"}) }}
with payments as (
    select * from {{ ref("stg_finance__payments") }}
    where known_until_on is null
),

programmes as (
    select * from {{ numbered_programmes() }} as programmes
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

final as (
    select
        keys.person_id,
        household_keys.household_id,
        programmes.program_no,
        payments.period as month_on,
        -- To whom dibao without a household number belongs is a question of the registers: int_measures__paid_in_…
        case
            when not programmes.is_for_households or household_keys.household_id is not null
                then {{ benefit_month_no(
                    "programmes.is_for_households",
                    "case when programmes.is_for_households then household_keys.household_id else keys.person_id end",
                    "programmes.programme_no",
                    month_no("payments.period"),
                ) }}
        end as benefit_month_no,
        payments.amount_cny,
        payments.paid_on,
        coalesce(payments.status = '1', false) as is_successful,
        {{ hash_number("payments.account_key") }} as account_mark,
        payments.known_from_on,
        payments.payment_no,
        payments.name_key,
        payments.account_key
    from payments
    inner join programmes on payments.program = programmes.program
    inner join keys on payments.person_key = keys.person_key
    left join household_keys on payments.household_key = household_keys.household_key
)

select * from final
