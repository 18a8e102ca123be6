-- One row per county, rule family and day run so far.
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
