-- One row per alert whose condition held when it was last judged: what leave thresholds look back on.
-- The level is the one it was last found at, also while cover, help or death answers it.
with alerts as (
    select * from {{ ref("stg_control__alerts") }}
),

final as (
    select
        rule_id,
        subject,
        program,
        unit,
        status,
        level,
        household_key,
        person_key,
        amount_cny,
        evidence
    from alerts
    where holds
)

select * from final
