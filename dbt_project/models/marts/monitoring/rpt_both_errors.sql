-- One row per county, day and rule family.
with both_errors as (
    select * from {{ ref("int_rules__both_errors") }}
),

final as (
    select
        county_code,
        on_date,
        rule_family,
        exclusion_cases,
        exclusion_cny,
        leakage_cases,
        leakage_cny
    from both_errors
)

select * from final
