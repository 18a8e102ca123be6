-- One row per beneficiary, programme and window month in which something is due or its amount unknown.
with entitlements as (
    select * from {{ ref("int_metrics__entitlements") }}
),

beneficiaries as (
    {{ published_beneficiaries() }}
),

final as (
    select
        beneficiaries.beneficiary_key,
        entitlements.unit,
        entitlements.program,
        entitlements.period,
        entitlements.amount_due_cny,
        entitlements.standard_version,
        entitlements.explanation
    from entitlements
    inner join beneficiaries
        on entitlements.unit = beneficiaries.unit and entitlements.beneficiary_id = beneficiaries.beneficiary_id
)

select * from final
