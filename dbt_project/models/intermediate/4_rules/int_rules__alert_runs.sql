-- One row per alert and unbroken run of days on which its condition held (open), or held and was answered (inhibited).
-- ended_on is the first evaluated day on which the run had ended; null while it lasts.
with findings as (
    select * from {{ ref("int_rules__alert_findings") }}
),

runs as (
    select
        rule_id,
        subject,
        program,
        state,
        min(on_date) as first_on,
        max(on_date) as last_on,
        case when count(*) = count(next_on) then max(next_on) end as ended_on
    from findings
    group by rule_id, subject, program, state, run_no
),

first_opened as (
    select rule_id, subject, program, min(first_on) as opened_on
    from runs
    where state = 'open'
    group by rule_id, subject, program
),

final as (
    select
        runs.*,
        first_opened.opened_on,
        row_number() over (partition by runs.rule_id, runs.subject, runs.program order by runs.first_on desc) as recency,
        row_number() over (
            partition by runs.rule_id, runs.subject, runs.program, runs.state order by runs.first_on desc
        ) as recency_in_state
    from runs
    inner join first_opened
        on runs.rule_id = first_opened.rule_id
        and runs.subject = first_opened.subject
        and runs.program = first_opened.program
    where runs.first_on >= first_opened.opened_on
)

select * from final
