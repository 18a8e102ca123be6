-- One row per alert.
with alerts as (
    select * from {{ ref("int_rules__alerts") }}
),

final as (
    select
        alert_id,
        rule_id,
        lane,
        level,
        unit,
        subject,
        {{ published_key("household_key") }} as household_key,
        {{ published_key("person_key") }} as person_key,
        program,
        county_code,
        township_code,
        area_code,
        status,
        first_seen_on,
        last_seen_on,
        due_on,
        days_left,
        is_overdue,
        amount_cny,
        ratio_to_standard,
        reason_zh,
        reason_en,
        evidence,
        legal_reference,
        action_zh,
        unknown_zh,
        delivered_on,
        outcome,
        closed_on,
        cast(escalation_level as integer) as escalation_level,
        hold_id
    from alerts
)

select * from final
