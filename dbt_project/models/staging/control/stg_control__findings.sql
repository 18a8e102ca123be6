-- One row per finding of an earlier day.
with findings as (
    select * from {{ source('control', 'findings') }}
),

final as (
    select
        on_date,
        rule_id,
        subject,
        program,
        unit,
        level,
        household_key,
        person_key,
        county_code,
        township_code,
        area_code,
        amount_cny,
        ratio_to_standard,
        reason_zh,
        reason_en,
        evidence,
        unknown_zh
    from findings
)

select * from final
