-- One row per dead person, beneficiary, programme and month after the month of death for which something was paid (R01 a).
-- Review lane, payment by payment: one counts where number and name agree with the death, or one name is missing.
with deaths as (
    select * from {{ ref("int_people__deaths") }}
),

families_without_living as (
    select * from {{ ref("int_people__families_without_living") }}
),

paid_to_persons as (
    select * from {{ ref("int_rules__named_payments") }} where unit = 'person' and is_successful
),

paid_to_households as (
    select * from {{ ref("int_rules__named_months") }} where unit = 'household' and programme = 'dibao'
),

person_programmes as (
    select distinct programme
    from {{ ref("programmes") }}
    where unit = 'person' and (has_entitlement or programme = 'old_age')
),

person_months as (
    select
        deaths.person_id,
        paid_to_persons.programme,
        paid_to_persons.month_on,
        sum(paid_to_persons.amount_cny) as paid_cny,
        {{ listed_payments("paid_to_persons.payment_no", "paid_to_persons.amount_cny") }} as payments
    from paid_to_persons
    inner join person_programmes on paid_to_persons.programme = person_programmes.programme
    inner join deaths
        on paid_to_persons.beneficiary_id = deaths.person_id
        and paid_to_persons.month_on > {{ month_start("deaths.died_on") }}
        and (
            paid_to_persons.name_key = deaths.name_key
            or paid_to_persons.name_key is null
            or deaths.name_key is null
        )
    group by deaths.person_id, paid_to_persons.programme, paid_to_persons.month_on
    having sum(paid_to_persons.amount_cny) <> 0
),

final as (
    select
        person_id,
        'person' as unit,
        person_id as beneficiary_id,
        programme,
        month_on,
        cast(paid_cny as decimal(20, 2)) as paid_cny,
        {{ payment_terms("payments", "'paid_' || programme || '_cny'", "month_on", "plus") }} as terms
    from person_months
    union all
    select
        families_without_living.person_id,
        'household' as unit,
        families_without_living.household_id as beneficiary_id,
        paid_to_households.programme,
        paid_to_households.month_on,
        paid_to_households.paid_cny,
        {{ payment_terms(
            "paid_to_households.payments", "'paid_to_household_cny'", "paid_to_households.month_on", "plus"
        ) }} as terms
    from families_without_living
    inner join paid_to_households
        on families_without_living.household_id = paid_to_households.beneficiary_id
        and paid_to_households.month_on > {{ month_start("families_without_living.last_died_on") }}
)

select * from final
