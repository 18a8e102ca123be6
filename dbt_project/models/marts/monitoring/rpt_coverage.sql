-- One row per department table.
with coverage as (
    select * from {{ ref("int_metrics__coverage") }}
),

waiting_rules as (
    select
        source,
        table_name,
        {{ joined_text("rule_id", "、", "rule_id") }} as rules_not_evaluated
    from {{ ref("int_rules__waiting_rules") }}
    group by source, table_name
),

final as (
    select
        coverage.source,
        coverage.table_name as "table",
        coverage.expected_by,
        coverage.received_on,
        coverage.row_count as "rows",
        coverage.quarantined,
        coverage.freshness,
        waiting_rules.rules_not_evaluated
    from coverage
    left join waiting_rules
        on coverage.source = waiting_rules.source and coverage.table_name = waiting_rules.table_name
)

select * from final
