-- One row per beneficiary, programme and window month in which something is due or its amount unknown.
with entitlements as (
    select * from {{ ref("int_measures__entitlements") }}
),

beneficiaries as (
    select 'person' as unit, person_id as beneficiary_id, {{ published_key("person_key") }} as beneficiary_key
    from {{ ref("int_people__keys") }}
    union all
    select 'household' as unit, household_id as beneficiary_id, {{ published_key("household_key") }} as beneficiary_key
    from {{ ref("int_people__household_keys") }}
),

final as (
    select
        beneficiaries.beneficiary_key,
        entitlements.unit,
        entitlements.programme as program,
        entitlements.month_on as period,
        cast(entitlements.amount_due_cny as decimal(14, 2)) as amount_due_cny,
        entitlements.standard_version,
        entitlements.explanation
    from entitlements
    inner join beneficiaries
        on entitlements.unit = beneficiaries.unit and entitlements.beneficiary_id = beneficiaries.beneficiary_id
)

select * from final
