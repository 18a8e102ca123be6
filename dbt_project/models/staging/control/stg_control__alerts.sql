-- One row per alert as it stood at the end of the run day before.
with alerts as (
    select * from {{ source('control', 'alerts') }}
),

final as (
    select
        alert_id,
        rule_id,
        subject,
        program,
        unit,
        status,
        level,
        level_since_on,
        level_until_then,
        answered_level,
        holds,
        found_level,
        entered_by,
        household_key,
        person_key,
        county_code,
        township_code,
        area_code,
        first_seen_on,
        last_seen_on,
        due_on,
        cleared_on,
        hold_id,
        amount_cny,
        ratio_to_standard,
        reason_zh,
        reason_en,
        evidence,
        unknown_zh,
        delivered_on,
        outcome,
        closed_on,
        replied_on,
        reply_batch_id,
        cool_until_on
    from alerts
)

select * from final
