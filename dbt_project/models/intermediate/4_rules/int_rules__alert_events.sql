-- One row per alert, event and day; events of a day are derived from findings up to that day alone, so they only append.
with runs as (
    select * from {{ ref("int_rules__alert_runs") }}
),

findings as (
    select * from {{ ref("int_rules__alert_findings") }}
),

alerts as (
    select rule_id, subject, coalesce(program, '') as program, alert_id from {{ ref("int_rules__alerts") }}
),

levels as (
    select rule_id, subject, program, on_date, level from findings
),

begun as (
    select
        runs.rule_id,
        runs.subject,
        runs.program,
        case
            when runs.state = 'inhibited' then 'inhibited'
            when runs.first_on = runs.opened_on then 'opened'
            else 'reopened'
        end as event,
        runs.first_on as on_date,
        case when runs.state = 'open' then 'level ' || levels.level else 'answered by cover, help or death' end as detail
    from runs
    inner join levels
        on runs.rule_id = levels.rule_id
        and runs.subject = levels.subject
        and runs.program = levels.program
        and runs.first_on = levels.on_date
),

-- A run that ends while the condition goes on in the other state does not clear the alert.
ended as (
    select
        runs.rule_id,
        runs.subject,
        runs.program,
        'cleared' as event,
        runs.ended_on as on_date,
        'evaluated, and the condition no longer holds' as detail
    from runs
    left join runs as following
        on runs.rule_id = following.rule_id
        and runs.subject = following.subject
        and runs.program = following.program
        and runs.ended_on = following.first_on
    where runs.ended_on is not null and following.rule_id is null
),

changed as (
    select
        rule_id,
        subject,
        program,
        'evidence_added' as event,
        on_date,
        concat_ws(
            '; ',
            case when level <> level_before then 'level ' || level_before || ' to ' || level end,
            case when amount_cny is distinct from amount_before_cny
                then 'amount ' || coalesce({{ yuan("amount_before_cny") }}, 'unknown')
                    || ' to ' || coalesce({{ yuan("amount_cny") }}, 'unknown')
            end
        ) as detail
    from findings
    where state = 'open' and level_before is not null and (level <> level_before or amount_cny is distinct from amount_before_cny)
),

events as (
    select * from begun
    union all
    select * from ended
    union all
    select * from changed
),

final as (
    select
        alerts.alert_id,
        events.event,
        events.on_date,
        events.detail
    from events
    inner join alerts
        on events.rule_id = alerts.rule_id
        and events.subject = alerts.subject
        and events.program = alerts.program
)

select * from final
