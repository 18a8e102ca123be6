-- One row per household of the month's audit sample.
with audit_sample as (
    select * from {{ ref("int_rules__audit_sample_today") }}
),

final as (
    select
        code,
        {{ published_key("household_key") }} as household_key,
        county_code,
        township_code,
        area_code,
        drawn_for_month,
        drawn_on,
        frame_households,
        due_on,
        days_left,
        reason_zh,
        legal_reference,
        action_zh,
        unknown_zh,
        replied_on
    from audit_sample
)

select * from final
