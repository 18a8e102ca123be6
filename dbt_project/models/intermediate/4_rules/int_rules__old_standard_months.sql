-- One row per beneficiary, fixed-rate programme and window month paid at the rate that ended before the one in force (R27).
with reconciliation as (
    select * from {{ ref("int_measures__reconciliation") }}
    where standard_no is not null and due_cny <> paid_cny
),

rate_changes as (
    select distinct
        standard_no,
        former_amount_cny
    from {{ ref("int_measures__standard_changes") }}
),

final as (
    select
        reconciliation.unit,
        reconciliation.beneficiary_id,
        reconciliation.programme,
        reconciliation.month_on
    from reconciliation
    inner join rate_changes
        on reconciliation.standard_no = rate_changes.standard_no
        and reconciliation.paid_cny = rate_changes.former_amount_cny
)

select * from final
