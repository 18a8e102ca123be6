-- One row per alert: yesterday's state moved on by the table of transitions, described as it was last found; a closed one as
-- it was when a person answered it. found_level and entered_by are the rule's own memory and go on all the while.
with signals as (
    select * from {{ ref("int_rules__alert_signals") }}
),

transitions as (
    select * from {{ ref("alert_transitions") }}
),

standing as (
    select
        *,
        coalesce(program, '') as program_key
    from {{ ref("stg_control__alerts") }}
),

findings as (
    select
        *,
        coalesce(programme, '') as program_key
    from {{ ref("int_rules__findings") }}
    where is_speaking
),

rules as (
    select * from {{ ref("rules") }}
),

calendar as (
    select * from {{ ref("stg_control__calendar") }}
),

numbers as (
    select
        {{ parameter("alert_due_hours_emergency") }} as emergency_hours,
        {{ parameter("alert_due_working_days_red") }} as red_days,
        {{ parameter("alert_due_working_days_orange") }} as orange_days,
        {{ parameter("alert_due_working_days_yellow") }} as yellow_days,
        {{ parameter("escalation_after_working_days") }} as escalation_days
),

today as (
    select working_day_no from calendar where day = {{ run_date() }}
),

-- By when an alert that opens, or rises to a level, today is to be looked at.
due_by_level as (
    select
        'emergency' as level,
        {{ add_days(run_date(), "ceil(numbers.emergency_hours / 24)") }} as due_on
    from numbers
    union all
    select
        levels.level,
        calendar.day as due_on
    from (
        select 'red' as level, red_days as working_days from numbers
        union all
        select 'orange' as level, orange_days as working_days from numbers
        union all
        select 'yellow' as level, yellow_days as working_days from numbers
    ) as levels
    cross join today
    inner join calendar
        on today.working_day_no + cast(levels.working_days as integer) = calendar.working_day_no
        and calendar.is_working_day
),

moved as (
    select
        signals.*,
        transitions.status_after as status,
        transitions.event as event_of_day,
        signals.signal in ('found', 'found_urgent', 'found_in_flood') as is_found,
        coalesce(transitions.event in ('opened', 'reopened', 'held'), false) as is_begun,
        transitions.event in ('opened', 'reopened', 'released') or coalesce(signals.event_of_people in ('released', 'reopened'), false)
            as is_due_anew
    from signals
    inner join transitions
        on signals.status_between = transitions.status_before and signals.signal = transitions.signal
    where transitions.status_after <> 'none'
),

-- The finding describes the alert where there is one; else it stays as it was last found.
described as (
    select
        moved.alert_id,
        moved.rule_id,
        moved.subject,
        nullif(moved.program_key, '') as program,
        moved.status_before,
        moved.status,
        moved.signal,
        moved.signal_of_people,
        moved.event_of_people,
        moved.event_of_day,
        moved.new_outcome,
        moved.new_delivered_on,
        moved.status_between,
        standing.county_code as county_code_before,
        standing.township_code as township_code_before,
        standing.level as level_before,
        standing.amount_cny as amount_before_cny,
        case when moved.is_found then findings.unit else standing.unit end as unit,
        case when moved.is_found then findings.level else standing.level end as level,
        case
            when moved.signal = 'not_found' then false
            when moved.signal = 'not_evaluated' or not findings.is_judged then coalesce(standing.holds, false)
            else true
        end as holds,
        case when moved.signal <> 'not_evaluated' and findings.is_judged then findings.level else standing.found_level end
            as found_level,
        case
            when moved.signal <> 'not_evaluated' and findings.is_judged then findings.entered_by
            else standing.entered_by
        end as entered_by,
        case when moved.is_found then findings.household_key else standing.household_key end as household_key,
        case when moved.is_found then findings.person_key else standing.person_key end as person_key,
        case when moved.is_found then findings.county_code else standing.county_code end as county_code,
        case when moved.is_found then findings.township_code else standing.township_code end as township_code,
        case when moved.is_found then findings.area_code else standing.area_code end as area_code,
        case when moved.is_begun then {{ run_date() }} else standing.first_seen_on end as first_seen_on,
        case
            when moved.is_found or moved.signal = 'found_in_cool_down' then {{ run_date() }}
            else standing.last_seen_on
        end as last_seen_on,
        standing.due_on as due_before_on,
        moved.is_due_anew,
        case
            when moved.event_of_day = 'cleared' then {{ run_date() }}
            when not moved.is_begun then standing.cleared_on
        end as cleared_on,
        case when moved.event_of_day = 'held' then 'H' || substr(moved.flood_code, 2) else standing.hold_id end as hold_id,
        case when moved.is_found then findings.amount_cny else standing.amount_cny end as amount_cny,
        case when moved.is_found then findings.ratio_to_standard else standing.ratio_to_standard end as ratio_to_standard,
        case when moved.is_found then findings.reason_zh else standing.reason_zh end as reason_zh,
        case when moved.is_found then findings.reason_en else standing.reason_en end as reason_en,
        case when moved.is_found then findings.evidence else standing.evidence end as evidence,
        case
            when not moved.is_found or moved.status_before <> 'open' or moved.status_between <> 'open' then false
            -- Most evidence differs by the day's date alone; only the rest is looked into.
            when replace(findings.evidence, cast({{ run_date() }} as varchar), '')
                = replace(standing.evidence, cast(standing.last_seen_on as varchar), '') then false
            else {{ has_new_evidence("findings.evidence", "standing.evidence") }}
        end as is_evidence_new,
        case when moved.is_found then findings.unknown_zh else standing.unknown_zh end as unknown_zh,
        case when moved.is_begun then null else coalesce(moved.new_delivered_on, standing.delivered_on) end as delivered_on,
        moved.new_delivered_on is not null
        and coalesce(moved.new_delivered_on > standing.delivered_on, true) as is_newly_delivered,
        case
            when moved.is_begun or moved.signal_of_people = 'disputed' then null
            when moved.signal_of_people = 'replied' and moved.status_before = 'closed' then standing.outcome
            else coalesce(moved.new_outcome, standing.outcome)
        end as outcome,
        case
            when moved.is_begun or moved.event_of_people = 'reopened' then null
            when moved.event_of_people = 'closed' then moved.new_replied_on
            else standing.closed_on
        end as closed_on,
        coalesce(moved.new_replied_on, standing.replied_on) as replied_on,
        coalesce(moved.new_reply_batch_id, standing.reply_batch_id) as reply_batch_id,
        moved.cool_until_between_on as cool_until_on,
        moved.answered_level_between as answered_level,
        moved.is_begun,
        standing.level_since_on as level_since_before_on,
        standing.level_until_then as level_until_then_before
    from moved
    left join standing
        on moved.rule_id = standing.rule_id
        and moved.subject = standing.subject
        and moved.program_key = standing.program_key
    left join findings
        on moved.rule_id = findings.rule_id
        and moved.subject = findings.subject
        and moved.program_key = findings.program_key
),

-- A rise of the level brings the day nearer, never farther away.
due as (
    select
        described.*,
        case
            when described.status = 'held' then null
            when described.is_due_anew then due_by_level.due_on
            when {{ level_rank("described.level") }} < {{ level_rank("described.level_before") }}
                then least(due_by_level.due_on, coalesce(described.due_before_on, due_by_level.due_on))
            else described.due_before_on
        end as due_on,
        case
            when described.is_begun or described.level <> described.level_before then {{ run_date() }}
            else described.level_since_before_on
        end as level_since_on,
        case
            when described.is_begun then null
            when described.level <> described.level_before then described.level_before
            else described.level_until_then_before
        end as level_until_then
    from described
    left join due_by_level on described.level = due_by_level.level
),

final as (
    select
        due.* exclude (due_before_on, is_due_anew, is_begun, level_since_before_on, level_until_then_before),
        rules.lane,
        rules.legal_reference,
        rules.action_zh,
        case
            when due.status <> 'open' then null
            when due.level = 'emergency' then cast({{ days_between(run_date(), "due.due_on") }} as integer)
            else cast(due_days.working_day_no - today.working_day_no as integer)
        end as days_left,
        coalesce(due.status = 'open' and due.due_on < {{ run_date() }}, false) as is_overdue,
        case
            when due.status <> 'open' or due.due_on >= {{ run_date() }} then 0
            when today.working_day_no - due_days.working_day_no > numbers.escalation_days then 2
            else 1
        end as escalation_level
    from due
    cross join numbers
    left join rules on due.rule_id = rules.rule_id
    left join today on true
    left join calendar as due_days on due.due_on = due_days.day
)

select * from final
