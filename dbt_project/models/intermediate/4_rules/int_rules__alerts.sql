-- One row per alert: a rule, a subject and a program that were ever found together.
with runs as (
    select * from {{ ref("int_rules__alert_runs") }}
),

findings as (
    select
        on_date, rule_id, subject, program, unit, level, household_key, person_key, county_code, township_code, area_code,
        amount_cny, ratio_to_standard, reason_zh, reason_en, evidence, unknown_zh
    from {{ ref("stg_control__findings") }}
    where on_date < {{ run_date() }}
    union all
    select
        on_date, rule_id, subject, program, unit, level, household_key, person_key, county_code, township_code, area_code,
        amount_cny, ratio_to_standard, reason_zh, reason_en, evidence, unknown_zh
    from {{ ref("int_rules__findings_today") }}
),

rules as (
    select * from {{ ref("rules") }}
),

calendar as (
    select * from {{ ref("stg_control__calendar") }}
),

numbers as (
    select
        {{ parameter("alert_due_working_days_red") }} as red_days,
        {{ parameter("alert_due_working_days_orange") }} as orange_days,
        {{ parameter("alert_due_working_days_yellow") }} as yellow_days
),

today as (
    select working_day_no from calendar where day = {{ run_date() }}
),

last_open as (
    select * from runs where state = 'open' and recency_in_state = 1
),

present as (
    select * from runs where recency = 1
),

described as (
    select
        md5(last_open.rule_id || '|' || last_open.subject || '|' || last_open.program) as alert_hash,
        last_open.rule_id,
        rules.lane,
        findings.level,
        case when present.ended_on is not null then 'cleared' else present.state end as status,
        findings.unit,
        last_open.subject,
        findings.household_key,
        findings.person_key,
        findings.program,
        findings.county_code,
        findings.township_code,
        findings.area_code,
        last_open.first_on as first_seen_on,
        last_open.last_on as last_seen_on,
        case when present.ended_on is not null then present.ended_on end as cleared_on,
        findings.amount_cny,
        findings.ratio_to_standard,
        findings.reason_zh,
        findings.reason_en,
        findings.evidence,
        rules.legal_reference,
        rules.action_zh,
        findings.unknown_zh,
        opened_days.working_day_no + cast(
            case findings.level when 'red' then numbers.red_days when 'orange' then numbers.orange_days else numbers.yellow_days end
            as integer
        ) as due_working_day_no
    from last_open
    inner join present
        on last_open.rule_id = present.rule_id
        and last_open.subject = present.subject
        and last_open.program = present.program
    inner join findings
        on last_open.rule_id = findings.rule_id
        and last_open.subject = findings.subject
        and last_open.program = coalesce(findings.program, '')
        and last_open.last_on = findings.on_date
    inner join rules on last_open.rule_id = rules.rule_id
    cross join numbers
    left join calendar as opened_days on last_open.first_on = opened_days.day
),

final as (
    select
        {{ alert_code_of_hash("described.alert_hash") }} as alert_id,
        described.*,
        due_days.day as due_on,
        case
            when described.status = 'open' then cast(described.due_working_day_no - today.working_day_no as integer)
        end as days_left,
        coalesce(described.status = 'open' and due_days.day < {{ run_date() }}, false) as is_overdue
    from described
    left join today on true
    left join calendar as due_days
        on described.due_working_day_no = due_days.working_day_no and due_days.is_working_day
)

select * from final
