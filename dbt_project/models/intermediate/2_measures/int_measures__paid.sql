-- One row per beneficiary, programme and month in which the ledger has a row.
-- Dibao belongs to the household named; without one to the active household whose head, else member, the payee is;
-- else to the payee. One pass over the ledger: small numbers are grouped, names are compared by their hashes.
{{ config(pre_hook="{{ keep_large_side_probed() }}", post_hook="{{ choose_join_sides() }}") }}
with payments as (
    select * from {{ ref("stg_finance__payments") }}
    where known_until_on is null
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

months as (
    select min(month_on) as first_month_on from {{ ref("int_measures__months") }}
),

heads as (
    select
        head_person_id as person_id,
        min(household_id) as household_id
    from {{ ref("int_people__households") }}
    where is_active
    group by head_person_id
),

memberships as (
    select
        person_id,
        min(household_id) as household_id
    from {{ ref("int_people__members") }}
    where is_household_active
    group by person_id
),

family_by_payee as (
    select
        memberships.person_id,
        coalesce(heads.household_id, memberships.household_id) as household_id
    from memberships
    left join heads on memberships.person_id = heads.person_id
    union all
    select
        heads.person_id,
        heads.household_id
    from heads
    left join memberships on heads.person_id = memberships.person_id
    where memberships.person_id is null
),

numbered as (
    select
        coalesce(household_keys.household_id, family_by_payee.household_id) as household_id,
        keys.person_id,
        programmes.programme,
        payments.period as month_on,
        payments.amount_cny,
        payments.status = '1' as is_successful,
        payments.paid_on,
        payments.payment_no,
        payments.name_key
    from payments
    inner join months on payments.period >= months.first_month_on
    inner join programmes on payments.program = programmes.program
    inner join keys on payments.person_key = keys.person_key
    left join household_keys
        on programmes.unit = 'household'
        and payments.household_key = household_keys.household_key
    left join family_by_payee
        on programmes.unit = 'household'
        and payments.household_key is null
        and keys.person_id = family_by_payee.person_id
),

grouped as (
    select
        household_id is not null as is_household,
        coalesce(household_id, person_id) as beneficiary_id,
        programme,
        month_on,
        sum(case when is_successful then amount_cny else 0 end) as paid_cny,
        sum(case when is_successful and amount_cny < 0 then -amount_cny else 0 end) as recovered_cny,
        sum(case when is_successful then 1 else 0 end) as successful_rows,
        sum(case when is_successful then 0 else 1 end) as failed_rows,
        max(case when is_successful and amount_cny > 0 then paid_on end) as last_paid_on,
        min(payment_no) as first_payment_no,
        {{ any_of("name_key") }} as name_key,
        coalesce(min({{ key_hash("name_key") }}) <> max({{ key_hash("name_key") }}), false) as has_name_conflict
    from numbered
    group by household_id is not null, coalesce(household_id, person_id), programme, month_on
),

final as (
    select
        case when is_household then 'household' else 'person' end as unit,
        beneficiary_id,
        programme,
        month_on,
        cast(paid_cny as decimal(14, 2)) as paid_cny,
        cast(recovered_cny as decimal(14, 2)) as recovered_cny,
        cast(successful_rows as integer) as successful_rows,
        cast(failed_rows as integer) as failed_rows,
        last_paid_on,
        first_payment_no,
        case when not has_name_conflict then name_key end as name_key,
        has_name_conflict
    from grouped
)

select * from final
