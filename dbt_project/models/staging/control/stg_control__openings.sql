-- One row per rule, county and earlier day with new alerts.
with openings as (
    select * from {{ source('control', 'openings') }}
),

final as (
    select
        rule_id,
        county_code,
        on_date,
        opened
    from openings
)

select * from final
