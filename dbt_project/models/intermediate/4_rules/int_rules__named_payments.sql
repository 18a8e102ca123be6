-- One row per payment that a rule may name, of the beneficiary it belongs to; failed and returned ones included.
-- The few beneficiaries whose payments differ from what was due, who were paid programmes that exclude each other, who are
-- supported in an institution, or who died; all months known. The ledger is read twice, each time with its filter: an engine
-- writes out whatever is read twice by one name.
with paid_to_payees as (
    select * from {{ ref("int_measures__ledger") }}
),

paid_to_households as (
    select * from {{ ref("int_measures__ledger") }} where household_id is not null
),

programmes as (
    select * from {{ numbered_programmes() }} as programmes
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

window_beneficiaries as (
    select * from {{ ref("int_rules__window_beneficiaries") }}
),

named_persons as (
    select beneficiary_id as person_id from window_beneficiaries where unit = 'person' and reason in ('differs', 'pair')
    union
    select person_id from deaths
    union
    select window_beneficiaries.beneficiary_id as person_id
    from window_beneficiaries
    inner join institution_members on window_beneficiaries.beneficiary_id = institution_members.person_id
    where window_beneficiaries.unit = 'person' and window_beneficiaries.reason = 'nursing'
),

named_households as (
    select beneficiary_id as household_id from window_beneficiaries where unit = 'household'
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

named as (
    select
        payee_households.household_id,
        paid_to_payees.person_id,
        programmes.programme,
        paid_to_payees.month_on,
        paid_to_payees.payment_no,
        paid_to_payees.name_key,
        paid_to_payees.amount_cny,
        paid_to_payees.paid_on,
        paid_to_payees.is_successful
    from paid_to_payees
    inner join programmes on paid_to_payees.program_no = programmes.program_no
    inner join payees on paid_to_payees.person_id = payees.person_id
    left join payee_households
        on programmes.is_for_households
        and paid_to_payees.person_id = payee_households.person_id
        and paid_to_payees.month_on = payee_households.month_on
    left join named_households on payee_households.household_id = named_households.household_id
    where not programmes.is_for_households
        or paid_to_payees.household_id is null
        and (payee_households.household_id is null or named_households.household_id is not null)
    union all
    select
        paid_to_households.household_id,
        cast(null as integer) as person_id,
        programmes.programme,
        paid_to_households.month_on,
        paid_to_households.payment_no,
        paid_to_households.name_key,
        paid_to_households.amount_cny,
        paid_to_households.paid_on,
        paid_to_households.is_successful
    from paid_to_households
    inner join programmes on paid_to_households.program_no = programmes.program_no and programmes.is_for_households
    inner join named_households on paid_to_households.household_id = named_households.household_id
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
