-- One row per rule.
with rule_performance as (
    select * from {{ ref("int_rules__rule_performance") }}
),

final as (
    select
        rule_id,
        replied,
        confirmed,
        "precision",
        interval_low,
        interval_high,
        too_few,
        median_working_days
    from rule_performance
)

select * from final
