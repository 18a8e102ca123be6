-- One row per beneficiary, programme and window month in which something is due or its amount unknown, by numbers, as the mart
-- of the same name tells it.
with entitlements as (
    select * from {{ ref("int_measures__entitlements") }}
),

standard_versions as (
    select distinct standard_no, standard_version from {{ ref("int_measures__standards") }}
),

final as (
    select
        entitlements.unit,
        entitlements.beneficiary_id,
        entitlements.programme as program,
        entitlements.month_on as period,
        cast(entitlements.amount_due_cny as decimal(14, 2)) as amount_due_cny,
        standard_versions.standard_version,
        case entitlements.ground
            when 'roll' then 'monthly amount of the roll'
            when 'rate' then 'rate in force on the 1st'
            when 'no_roll' then 'unknown: no roll was received for this month'
            when 'no_amount' then 'unknown: the roll names no amount'
            when 'no_class' then 'unknown: class or date of change is not known'
            when 'no_rate' then 'unknown: no rate is known'
        end as explanation
    from entitlements
    left join standard_versions on entitlements.standard_no = standard_versions.standard_no
)

select * from final
