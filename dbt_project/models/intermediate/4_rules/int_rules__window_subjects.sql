-- One row per rule whose subjects are counted over the window's months alone: how many they are, and of how many it is not known
-- in any month what is due. Apart from the other rules' (int_rules__evaluations_today): these months change on few days.
with reconciliation as (
    select * from {{ ref("int_measures__reconciliation") }}
),

-- R26 and R27 look at every window month.
window_beneficiaries as (
    select
        unit,
        beneficiary_id,
        programme,
        count(due_cny) = 0 as is_due_unknown
    from reconciliation
    group by unit, beneficiary_id, programme
),

latest_month as (
    select reconciliation.*
    from reconciliation
    inner join {{ ref("int_measures__months") }} as months on reconciliation.month_on = months.month_on
    where months.checkable_rank = 1
),

paid as (
    select count(distinct beneficiary_id) as subjects
    from latest_month
    where programme in ('living', 'nursing') and paid_cny > 0
),

final as (
    select 'R07' as rule_id, subjects, 0 as unknown from paid
    union all
    select 'R07S' as rule_id, subjects, 0 as unknown from paid
    union all
    select 'R15' as rule_id, count(*) as subjects, 0 as unknown
    from latest_month
    where programme = 'nursing' and (due_cny > 0 or due_cny is null)
    union all
    select 'R16' as rule_id, count(*) as subjects, 0 as unknown
    from latest_month
    where programme = 'living' and (due_cny > 0 or due_cny is null)
    union all
    select
        'R26' as rule_id,
        count(*) as subjects,
        coalesce(sum(case when is_due_unknown then 1 else 0 end), 0) as unknown
    from window_beneficiaries
    union all
    select 'R27' as rule_id, count(*) as subjects, 0 as unknown from window_beneficiaries
)

select * from final
