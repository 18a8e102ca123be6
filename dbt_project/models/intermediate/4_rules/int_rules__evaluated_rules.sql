-- One row per rule: whether it is evaluated on the day. A late source, or a rule not yet in force, and it is not.
with rules as (
    select * from {{ ref("rules") }}
),

late as (
    select
        rule_id,
        {{ joined_text("source || '.' || table_name", "、", "source, table_name") }} as late_tables
    from {{ ref("int_rules__waiting_rules") }}
    group by rule_id
),

final as (
    select
        rules.rule_id,
        late.rule_id is null and rules.effective_from <= {{ run_date() }} as evaluated,
        case
            when rules.effective_from > {{ run_date() }} then 'not in force before ' || cast(rules.effective_from as varchar)
            when late.rule_id is not null then 'late: ' || late.late_tables
        end as why_not
    from rules
    left join late on rules.rule_id = late.rule_id
)

select * from final
