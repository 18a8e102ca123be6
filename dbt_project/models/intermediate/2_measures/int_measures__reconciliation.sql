-- One row per beneficiary, entitled programme and window month in which something is due, unknown or in the ledger.
with months as (
    select month_on from {{ ref("int_measures__months") }}
    where is_in_window
),

entitled_programmes as (
    select distinct programme from {{ ref("programmes") }}
    where has_entitlement
),

entitlements as (
    select * from {{ ref("int_measures__entitlements") }}
),

paid as (
    select paid.*
    from {{ ref("int_measures__paid") }} as paid
    inner join months on paid.month_on = months.month_on
    inner join entitled_programmes on paid.programme = entitled_programmes.programme
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
