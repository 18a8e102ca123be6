-- One row per beneficiary, entitled programme and window month, by numbers: what was due, what was paid, and what explains the
-- difference.
with reconciliation as (
    select * from {{ ref("int_measures__reconciliation") }}
),

excluded_months as (
    select * from {{ ref("int_rules__excluded_months") }}
),

months as (
    select month_on, last_day_in_time_on from {{ ref("int_measures__months") }}
),

numbers as (
    select {{ parameter("r26_tolerance_cny") }} as tolerance_cny
),

final as (
    select
        reconciliation.unit,
        reconciliation.beneficiary_id,
        reconciliation.programme as program,
        reconciliation.month_on as period,
        {{ amount("reconciliation.due_cny") }} as due_cny,
        {{ amount("reconciliation.paid_cny") }} as paid_cny,
        {{ amount("reconciliation.difference_cny") }} as difference_cny,
        case
            when reconciliation.due_cny is null then null
            when excluded_months.reason = 'after_death' then 'after_death'
            when abs(reconciliation.difference_cny) <= numbers.tolerance_cny
                then case
                    when reconciliation.recovered_cny > 0 then 'recovery'
                    when reconciliation.last_paid_on > months.last_day_in_time_on then 'late'
                    else 'matched'
                end
            when excluded_months.reason in ('old_standard', 'failed') then excluded_months.reason
            when reconciliation.paid_cny < 0 then 'recovery'
            when reconciliation.due_cny = 0 then 'not_due'
            when reconciliation.paid_cny = 0 then 'not_paid'
            when reconciliation.difference_cny > 0 then 'underpaid'
            else 'overpaid'
        end as reason
    from reconciliation
    cross join numbers
    left join months on reconciliation.month_on = months.month_on
    left join excluded_months
        on reconciliation.unit = excluded_months.unit
        and reconciliation.beneficiary_id = excluded_months.beneficiary_id
        and reconciliation.programme = excluded_months.programme
        and reconciliation.month_on = excluded_months.month_on
)

select * from final
