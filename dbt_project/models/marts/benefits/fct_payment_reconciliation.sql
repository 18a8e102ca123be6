-- One row per beneficiary, entitled programme and window month.
with reconciliation as (
    select * from {{ ref("int_rules__reconciliation") }}
),

beneficiaries as (
    {{ published_beneficiaries() }}
),

final as (
    select
        beneficiaries.beneficiary_key,
        reconciliation.unit,
        reconciliation.program,
        reconciliation.period,
        reconciliation.due_cny,
        reconciliation.paid_cny,
        reconciliation.difference_cny,
        reconciliation.reason
    from reconciliation
    inner join beneficiaries
        on reconciliation.unit = beneficiaries.unit and reconciliation.beneficiary_id = beneficiaries.beneficiary_id
)

select * from final
