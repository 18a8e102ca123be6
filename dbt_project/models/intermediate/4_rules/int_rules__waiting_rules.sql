-- One row per rule and late table that keeps it from being evaluated on the day.
with rule_sources as (
    select * from {{ ref("rule_sources") }}
),

coverage as (
    select * from {{ ref("int_metrics__coverage") }}
),

final as (
    select
        rule_sources.rule_id,
        rule_sources.department as source,
        rule_sources.table_name
    from rule_sources
    left join coverage
        on rule_sources.department = coverage.source and rule_sources.table_name = coverage.table_name
    where coalesce(coverage.is_late, true)
)

select * from final
