-- Returns a finding of the day without its open alert, or an open alert of an evaluated rule that the day did not find.
with findings as (
    select rule_id, subject, coalesce(program, '') as program
    from {{ ref("int_rules__findings_today") }}
    where level <> 'inhibited'
),

evaluations as (
    select rule_id from {{ ref("int_rules__evaluations_today") }} where evaluated
),

alerts as (
    select rule_id, subject, coalesce(program, '') as program
    from {{ ref("fct_alerts") }}
    where status = 'open'
)

select
    coalesce(findings.rule_id, alerts.rule_id) as rule_id,
    coalesce(findings.subject, alerts.subject) as subject
from findings
full outer join alerts
    on findings.rule_id = alerts.rule_id
    and findings.subject = alerts.subject
    and findings.program = alerts.program
where alerts.rule_id is null
    or findings.rule_id is null and alerts.rule_id in (select rule_id from evaluations)
