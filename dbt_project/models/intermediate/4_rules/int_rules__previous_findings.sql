-- One row per alert whose condition held when it was last judged: what leave thresholds look back on.
-- Level, and the line it came in by where its rule tells one, as it was last judged: also while cover, help or death answers
-- it, and while a person's closing stands.
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
        found_level as level,
        entered_by,
        household_key,
        person_key,
        amount_cny,
        evidence
    from alerts
    where holds
)

select * from final
