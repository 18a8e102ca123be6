-- One row per beneficiary, entitled programme and window month in which something is due, unknown or in the ledger.
-- Nothing is due where no entitlement is known; only what a household never on the roll was due before the first roll was
-- received is not known either.
{{ config(pre_hook="{{ keep_large_side_probed() }}", post_hook="{{ choose_join_sides() }}") }}
with entitlements as (
    select * from {{ ref("int_measures__entitlements") }}
),

paid as (
    select * from {{ ref("int_measures__paid") }}
),

household_versions as (
    select * from {{ ref("int_people__household_versions") }}
),

households_on_roll as (
    select household_id from household_versions where is_latest
),

first_roll as (
    select min(known_from_on) as first_received_on from household_versions
),

months_before_first_roll as (
    select
        months.month_on,
        'dibao' as programme
    from {{ ref("int_measures__months") }} as months
    cross join first_roll
    where coalesce(months.month_end_on < first_roll.first_received_on, true)
),

side_by_side as (
    select
        coalesce(entitlements.unit, paid.unit) as unit,
        coalesce(entitlements.beneficiary_id, paid.beneficiary_id) as beneficiary_id,
        coalesce(entitlements.programme, paid.programme) as programme,
        coalesce(entitlements.month_on, paid.month_on) as month_on,
        entitlements.beneficiary_id is not null as is_entitled,
        entitlements.amount_due_cny,
        coalesce(paid.paid_cny, 0) as paid_cny,
        coalesce(paid.paid_late_cny, 0) as paid_late_cny,
        coalesce(paid.failed_rows, 0) as failed_rows,
        coalesce(paid.recovered_cny, 0) as recovered_cny,
        paid.last_paid_on,
        entitlements.standard_version
    from entitlements
    full outer join paid
        on entitlements.unit = paid.unit
        and entitlements.beneficiary_id = paid.beneficiary_id
        and entitlements.programme = paid.programme
        and entitlements.month_on = paid.month_on
),

known as (
    select
        side_by_side.*,
        case
            when side_by_side.is_entitled then side_by_side.amount_due_cny
            when months_before_first_roll.month_on is not null and households_on_roll.household_id is null then null
            else 0
        end as due_cny
    from side_by_side
    left join months_before_first_roll
        on side_by_side.programme = months_before_first_roll.programme
        and side_by_side.month_on = months_before_first_roll.month_on
    left join households_on_roll
        on side_by_side.unit = 'household'
        and side_by_side.beneficiary_id = households_on_roll.household_id
),

final as (
    select
        unit,
        beneficiary_id,
        programme,
        month_on,
        due_cny,
        paid_cny,
        due_cny - paid_cny as difference_cny,
        paid_late_cny,
        failed_rows,
        recovered_cny,
        last_paid_on,
        standard_version
    from known
)

select * from final
