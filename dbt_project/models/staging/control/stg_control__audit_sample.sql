-- One row per earlier day and household of the audit sample.
with audit_sample as (
    select * from {{ source('control', 'audit_sample') }}
),

final as (
    select
        on_date,
        code,
        drawn_for_month,
        drawn_on,
        household_key,
        county_code,
        township_code,
        area_code,
        members,
        frame_households
    from audit_sample
)

select * from final
