-- Returns a finding of the day that no alert answers for, or an open alert of an evaluated rule that the day did not find.
with findings as (
    select
        findings.rule_id,
        findings.subject,
        coalesce(findings.programme, '') as program,
        max(case when findings.is_judged and findings.inhibited_by is null then 1 else 0 end) as is_open,
        max(case when findings.is_judged then 0 else 1 end) as is_unknown
    from {{ ref("int_rules__findings") }} as findings
    inner join {{ ref("int_rules__evaluated_rules") }} as rules on findings.rule_id = rules.rule_id and rules.evaluated
    group by findings.rule_id, findings.subject, coalesce(findings.programme, '')
),

evaluations as (
    select rule_id from {{ ref("int_rules__evaluations_today") }} where evaluated
),

alerts as (
    select rule_id, subject, coalesce(program, '') as program, status
    from {{ ref("fct_alerts") }}
)

select
    coalesce(findings.rule_id, alerts.rule_id) as rule_id,
    coalesce(findings.subject, alerts.subject) as subject
from findings
full outer join alerts
    on findings.rule_id = alerts.rule_id
    and findings.subject = alerts.subject
    and findings.program = alerts.program
where findings.is_open = 1 and coalesce(alerts.status, 'none') not in ('open', 'held', 'closed')
    or alerts.status = 'open'
    and coalesce(findings.is_open, 0) = 0
    and coalesce(findings.is_unknown, 0) = 0
    and alerts.rule_id in (select rule_id from evaluations)
