-- One row per beneficiary, fixed-rate programme and window month paid at the rate that ended before the one in force (R27).
with reconciliation as (
    select * from {{ ref("int_measures__reconciliation") }}
    where standard_no is not null and due_cny <> paid_cny
),

standards as (
    select * from {{ ref("int_measures__standards") }}
),

rate_changes as (
    select distinct
        later.standard_no,
        former.amount_cny as former_amount_cny
    from standards as later
    inner join standards as former
        on later.programme = former.programme
        and later.class = former.class
        and later.residence = former.residence
        and later.county_code = former.county_code
        and later.effective_from_on = former.effective_to_on
        and later.amount_cny <> former.amount_cny
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
