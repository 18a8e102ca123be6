-- One row per beneficiary, entitled programme and window month in which something is due, unknown or in the ledger.
{{ config(pre_hook="{{ keep_large_side_probed() }}", post_hook="{{ choose_join_sides() }}") }}
with entitlements as (
    select * from {{ ref("int_measures__entitlements") }}
),

paid as (
    select * from {{ ref("int_measures__paid") }}
),

final as (
    select
        coalesce(entitlements.unit, paid.unit) as unit,
        coalesce(entitlements.beneficiary_id, paid.beneficiary_id) as beneficiary_id,
        coalesce(entitlements.programme, paid.programme) as programme,
        coalesce(entitlements.month_on, paid.month_on) as month_on,
        case when entitlements.beneficiary_id is null then 0 else entitlements.amount_due_cny end as due_cny,
        coalesce(paid.paid_cny, 0) as paid_cny,
        case
            when entitlements.beneficiary_id is null then -coalesce(paid.paid_cny, 0)
            else entitlements.amount_due_cny - coalesce(paid.paid_cny, 0)
        end as difference_cny,
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
)

select * from final
