-- One row per dead person, beneficiary, programme and month after the month of death for which something was paid (R01 a).
-- Review lane: a payment, or a death in the register, counts where number and name agree, or one name is missing. Only a
-- month whose payments bear several names is looked up row by row in the ledger.
with deaths as (
    select * from {{ ref("int_people__deaths") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

members as (
    select * from {{ ref("int_people__members") }}
),

paid_to_persons as (
    select * from {{ ref("int_rules__named_months") }} where unit = 'person'
),

paid_to_households as (
    select * from {{ ref("int_rules__named_months") }} where unit = 'household' and programme = 'dibao'
),

payments as (
    select * from {{ ref("stg_finance__payments") }} where known_until_on is null and status = '1'
),

programmes as (
    select * from {{ ref("programmes") }} where unit = 'person' and (has_entitlement or programme = 'old_age')
),

person_programmes as (
    select distinct programme from programmes
),

after_death as (
    select
        deaths.person_id,
        deaths.name_key as death_name_key,
        paid_to_persons.programme,
        paid_to_persons.month_on,
        paid_to_persons.paid_cny,
        paid_to_persons.name_key,
        paid_to_persons.has_name_conflict,
        paid_to_persons.first_payment_no,
        paid_to_persons.last_paid_on
    from paid_to_persons
    inner join person_programmes on paid_to_persons.programme = person_programmes.programme
    inner join deaths
        on paid_to_persons.beneficiary_id = deaths.person_id
        and paid_to_persons.month_on > {{ month_start("deaths.died_on") }}
),

several_names as (
    select
        after_death.person_id,
        keys.person_key,
        after_death.death_name_key,
        after_death.programme,
        after_death.month_on
    from after_death
    inner join keys on after_death.person_id = keys.person_id
    where after_death.has_name_conflict
),

person_months as (
    select
        person_id,
        'person' as unit,
        person_id as beneficiary_id,
        programme,
        month_on,
        paid_cny,
        {{ evidence_list([(
            "true",
            evidence_term("'finance.payments'", "first_payment_no", "'paid_' || programme || '_cny'", "paid_cny", "month_on"),
        )]) }} as terms
    from after_death
    where not has_name_conflict
        and paid_cny <> 0
        and (name_key = death_name_key or name_key is null or death_name_key is null)
    union all
    select
        several_names.person_id,
        'person' as unit,
        several_names.person_id as beneficiary_id,
        several_names.programme,
        several_names.month_on,
        sum(payments.amount_cny) as paid_cny,
        {{ evidence_terms(
            evidence_term(
                "'finance.payments'", "payments.payment_no", "'paid_' || several_names.programme || '_cny'",
                "payments.amount_cny", "several_names.month_on"
            ),
            "payments.payment_no",
        ) }} as terms
    from several_names
    inner join programmes on several_names.programme = programmes.programme
    inner join payments
        on several_names.person_key = payments.person_key
        and programmes.program = payments.program
        and several_names.month_on = payments.period
        and (
            payments.name_key = several_names.death_name_key
            or payments.name_key is null
            or several_names.death_name_key is null
        )
    group by several_names.person_id, several_names.programme, several_names.month_on
),

lives as (
    select
        members.household_id,
        members.person_id,
        deaths.died_on
    from members
    left join deaths
        on members.person_id = deaths.person_id
        and (members.name_key = deaths.name_key or members.name_key is null or deaths.name_key is null)
),

households_without_living as (
    select
        household_id,
        max(died_on) as last_died_on
    from lives
    group by household_id
    having count(*) = count(died_on)
),

household_months as (
    select
        lives.person_id,
        'household' as unit,
        lives.household_id as beneficiary_id,
        paid_to_households.programme,
        paid_to_households.month_on,
        paid_to_households.paid_cny,
        {{ evidence_list([(
            "true",
            evidence_term(
                "'finance.payments'", "paid_to_households.first_payment_no", "'paid_to_household_cny'", "paid_to_households.paid_cny", "paid_to_households.month_on"
            ),
        )]) }} as terms
    from households_without_living
    inner join lives on households_without_living.household_id = lives.household_id
    inner join paid_to_households
        on households_without_living.household_id = paid_to_households.beneficiary_id
        and paid_to_households.month_on > {{ month_start("households_without_living.last_died_on") }}
),

final as (
    select person_id, unit, beneficiary_id, programme, month_on, paid_cny, terms from person_months
    union all
    select person_id, unit, beneficiary_id, programme, month_on, paid_cny, terms from household_months
)

select * from final
