-- One row per rule, subject and program found on the day, as it is stored for the following days.
-- Only evaluated rules find anything. Level `inhibited` marks a condition that holds and is answered by cover, help or
-- death: it is kept only where the subject was found the time before. A subject found the time before that could not be
-- judged today is carried over as it was.
with findings as (
    select * from {{ ref("int_rules__findings") }}
),

previous_findings as (
    select * from {{ ref("int_rules__previous_findings") }}
),

evaluated_rules as (
    select * from {{ ref("int_rules__evaluated_rules") }} where evaluated
),

-- The level an inhibited finding had before it was answered: it comes back when the answer ends.
last_open_days as (
    select
        rule_id,
        subject,
        coalesce(program, '') as program,
        max(on_date) as on_date
    from {{ ref("stg_control__findings") }}
    where level <> 'inhibited' and on_date < {{ run_date() }}
    group by rule_id, subject, coalesce(program, '')
),

last_open as (
    select
        earlier.rule_id,
        earlier.subject,
        last_open_days.program,
        earlier.level
    from {{ ref("stg_control__findings") }} as earlier
    inner join last_open_days
        on earlier.rule_id = last_open_days.rule_id
        and earlier.subject = last_open_days.subject
        and coalesce(earlier.program, '') = last_open_days.program
        and earlier.on_date = last_open_days.on_date
),

matched as (
    select
        findings.*,
        previous_findings.subject is not null as was_found
    from findings
    inner join evaluated_rules on findings.rule_id = evaluated_rules.rule_id
    left join previous_findings
        on findings.rule_id = previous_findings.rule_id
        and findings.subject = previous_findings.subject
        and coalesce(findings.programme, '') = coalesce(previous_findings.program, '')
),

found as (
    select
        {{ run_date() }} as on_date,
        rule_id,
        subject,
        programme as program,
        unit,
        case when inhibited_by is null then level else 'inhibited' end as level,
        household_key,
        person_key,
        county_code,
        township_code,
        area_code,
        amount_cny,
        ratio_to_standard,
        reason_zh,
        reason_en,
        evidence,
        unknown_zh
    from matched
    where is_judged and (inhibited_by is null or was_found)
),

carried_over as (
    select
        {{ run_date() }} as on_date,
        previous_findings.rule_id,
        previous_findings.subject,
        previous_findings.program,
        previous_findings.unit,
        case
            when findings.inhibited_by is not null then 'inhibited'
            when previous_findings.level = 'inhibited' then last_open.level
            else previous_findings.level
        end as level,
        previous_findings.household_key,
        previous_findings.person_key,
        previous_findings.county_code,
        previous_findings.township_code,
        previous_findings.area_code,
        previous_findings.amount_cny,
        previous_findings.ratio_to_standard,
        previous_findings.reason_zh,
        previous_findings.reason_en,
        previous_findings.evidence,
        previous_findings.unknown_zh
    from findings
    inner join evaluated_rules on findings.rule_id = evaluated_rules.rule_id
    inner join previous_findings
        on findings.rule_id = previous_findings.rule_id
        and findings.subject = previous_findings.subject
        and coalesce(findings.programme, '') = coalesce(previous_findings.program, '')
    left join last_open
        on previous_findings.rule_id = last_open.rule_id
        and previous_findings.subject = last_open.subject
        and coalesce(previous_findings.program, '') = last_open.program
    where not findings.is_judged
),

final as (
    select * from found
    union all
    select * from carried_over
)

select * from final
