-- One row per rule, subject and program found on the rule's last evaluated day before the day.
with findings as (
    select * from {{ ref("stg_control__findings") }}
),

evaluations as (
    select * from {{ ref("stg_control__evaluations") }}
),

last_days as (
    select
        rule_id,
        max(on_date) as on_date
    from evaluations
    where evaluated and on_date < {{ run_date() }}
    group by rule_id
),

final as (
    select findings.*
    from findings
    inner join last_days on findings.rule_id = last_days.rule_id and findings.on_date = last_days.on_date
)

select * from final
