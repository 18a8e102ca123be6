-- One row per payment that a rule may name, of the beneficiary it belongs to; failed and returned ones included.
-- The few beneficiaries whose payments differ from what was due, who were paid programmes that exclude each other, who are
-- supported in an institution, or who died; all months known. The whole ledger is never read with numbers and names. Large tables are read twice, each time
-- with its filter: an engine writes out whatever is read twice by one name.
with payments_by_person as (
    select * from {{ ref("stg_finance__payments") }}
    where known_until_on is null
),

payments_by_household as (
    select * from {{ ref("stg_finance__payments") }}
    where known_until_on is null and household_key is not null
),

programmes as (
    select * from {{ ref("programmes") }}
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

payee_households as (
    select * from {{ ref("int_measures__payee_households") }}
),

families_without_living as (
    select * from {{ ref("int_people__families_without_living") }}
),

deaths as (
    select * from {{ ref("int_people__deaths") }}
),

-- Centrally supported, or nobody knows how (R11).
institution_members as (
    select distinct person_id
    from {{ ref("int_people__members") }}
    where is_household_active and is_covered and category = 'tekun' and (support_form = '1' or support_form is null)
),

pairs as (
    select * from {{ ref("exclusive_benefits") }} where compared = 'payments'
),

differing as (
    select distinct
        unit,
        beneficiary_id
    from {{ ref("int_measures__reconciliation") }}
    where due_cny <> paid_cny or due_cny is null and unit = 'person' and paid_cny > 0
),

paid_to_persons as (
    select
        beneficiary_id,
        programme
    from {{ ref("int_measures__reconciliation") }}
    where unit = 'person' and paid_cny + recovered_cny > 0
),

paid_one_of_a_pair as (
    select distinct
        paid_to_persons.beneficiary_id,
        pairs.excluded_programme
    from paid_to_persons
    inner join pairs on paid_to_persons.programme = pairs.programme
),

named_persons as (
    select beneficiary_id as person_id from differing where unit = 'person'
    union
    select person_id from deaths
    union
    select paid_to_persons.beneficiary_id as person_id
    from paid_to_persons
    inner join institution_members on paid_to_persons.beneficiary_id = institution_members.person_id
    where paid_to_persons.programme = 'nursing'
    union
    select paid_to_persons.beneficiary_id as person_id
    from paid_to_persons
    inner join paid_one_of_a_pair
        on paid_to_persons.beneficiary_id = paid_one_of_a_pair.beneficiary_id
        and paid_to_persons.programme = paid_one_of_a_pair.excluded_programme
),

named_households as (
    select beneficiary_id as household_id from differing where unit = 'household'
    union
    select household_id from families_without_living
),

-- Dibao without a household number may belong to a household by its payee. A household's month is whole only where the
-- household is named itself; others are left out.
payees as (
    select person_id from named_persons
    union
    select payee_households.person_id
    from payee_households
    inner join named_households on payee_households.household_id = named_households.household_id
),

keyed_payees as (
    select
        keys.person_key,
        keys.person_id
    from payees
    inner join keys on payees.person_id = keys.person_id
),

keyed_households as (
    select
        household_keys.household_key,
        household_keys.household_id
    from named_households
    inner join household_keys on named_households.household_id = household_keys.household_id
),

named as (
    select
        payee_households.household_id,
        keyed_payees.person_id,
        programmes.programme,
        payments_by_person.period as month_on,
        payments_by_person.payment_no,
        payments_by_person.name_key,
        payments_by_person.amount_cny,
        payments_by_person.paid_on,
        coalesce(payments_by_person.status = '1', false) as is_successful
    from payments_by_person
    inner join programmes on payments_by_person.program = programmes.program
    inner join keyed_payees on payments_by_person.person_key = keyed_payees.person_key
    left join payee_households
        on programmes.unit = 'household'
        and keyed_payees.person_id = payee_households.person_id
        and payments_by_person.period = payee_households.month_on
    left join named_households on payee_households.household_id = named_households.household_id
    where programmes.unit = 'person'
        or payments_by_person.household_key is null
        and (payee_households.household_id is null or named_households.household_id is not null)
    union all
    select
        keyed_households.household_id,
        cast(null as integer) as person_id,
        programmes.programme,
        payments_by_household.period as month_on,
        payments_by_household.payment_no,
        payments_by_household.name_key,
        payments_by_household.amount_cny,
        payments_by_household.paid_on,
        coalesce(payments_by_household.status = '1', false) as is_successful
    from payments_by_household
    inner join programmes on payments_by_household.program = programmes.program and programmes.unit = 'household'
    inner join keyed_households on payments_by_household.household_key = keyed_households.household_key
),

final as (
    select
        case when named.household_id is null then 'person' else 'household' end as unit,
        coalesce(named.household_id, named.person_id) as beneficiary_id,
        named.programme,
        named.month_on,
        named.payment_no,
        named.name_key,
        named.amount_cny,
        named.paid_on,
        named.is_successful
    from named
)

select * from final
