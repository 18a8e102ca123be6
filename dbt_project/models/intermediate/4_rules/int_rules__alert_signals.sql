-- One row per alert that stands or is found today: what people said of it, and what the day says of its condition.
-- status_before is its status at the run day before, status_between what replies and signatures made of it.
with standing as (
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

evaluated_rules as (
    select * from {{ ref("int_rules__evaluated_rules") }}
),

transitions as (
    select * from {{ ref("alert_transitions") }}
),

outcomes as (
    select * from {{ ref("outcomes") }}
),

rules as (
    select * from {{ ref("rules") }}
),

kept_codes as (
    select * from {{ ref("stg_control__kept_codes") }}
),

received_outcomes as (
    select * from {{ ref("stg_control__outcomes") }}
),

releases as (
    select * from {{ ref("stg_control__releases") }}
    where effective_on <= {{ run_date() }}
),

-- A list delivered before an alert opened anew was about what it had been.
handed_over as (
    select
        standing.alert_id,
        max(delivered.delivered_on) as delivered_on
    from {{ ref("stg_control__handed_over") }} as delivered
    inner join standing
        on delivered.alert_id = standing.alert_id and delivered.delivered_on >= standing.first_seen_on
    where delivered.delivered_on <= {{ run_date() }}
    group by standing.alert_id
),

parameters as (
    select
        parameters_of_day.name,
        parameters_of_day.value
    from {{ ref("int_measures__parameters") }} as parameters_of_day
    inner join {{ ref("stg_control__run") }} as run on parameters_of_day.county_code = run.city_code
    where {{ run_date() }} >= parameters_of_day.effective_from_on
        and {{ run_date() }} < parameters_of_day.effective_to_on
),

numbers as (
    select
        {{ parameter("flood_minimum_new") }} as flood_minimum_new,
        {{ parameter("flood_multiple") }} as flood_multiple,
        {{ parameter("flood_days") }} as flood_days
),

found as (
    select
        *,
        md5(rule_id || '|' || subject || '|' || program_key) as alert_hash
    from findings
),

-- The latest visit speaks, and of its replies the last received; where they name different outcomes, none does. A visit made
-- before an alert opened anew was about what it had been.
replies as (
    select
        standing.alert_id,
        received_outcomes.outcome,
        received_outcomes.visited_on,
        received_outcomes.received_on as replied_on,
        received_outcomes.batch_id as reply_batch_id,
        min(received_outcomes.outcome) over (partition by standing.alert_id, received_outcomes.visited_on)
        <> max(received_outcomes.outcome) over (partition by standing.alert_id, received_outcomes.visited_on) as is_disputed,
        row_number() over (
            partition by standing.alert_id
            order by
                received_outcomes.visited_on desc,
                received_outcomes.received_on desc,
                received_outcomes.batch_id desc,
                received_outcomes.outcome
        ) as recency
    from standing
    inner join received_outcomes
        on standing.alert_id = received_outcomes.alert_id
        and received_outcomes.visited_on >= standing.first_seen_on
),

-- Replies that were not yet taken into account.
new_replies as (
    select
        standing.alert_id,
        replies.outcome,
        replies.visited_on,
        replies.replied_on,
        replies.reply_batch_id,
        replies.is_disputed,
        outcomes.effect,
        parameters.value as cool_down_days
    from standing
    inner join replies on standing.alert_id = replies.alert_id and replies.recency = 1
    inner join outcomes on replies.outcome = outcomes.outcome
    left join rules on standing.rule_id = rules.rule_id
    left join parameters
        on parameters.name = case
            when rules.lane = 'support' then outcomes.cool_down_parameter
            when outcomes.cool_down_parameter is not null then 'cool_down_days_closed'
        end
    where standing.replied_on is null
        or replies.replied_on > standing.replied_on
        or replies.replied_on = standing.replied_on
        and replies.reply_batch_id > standing.reply_batch_id
),

-- Whoever signed has seen those alerts alone that were held then. The hold is named by its day, which a late delivery moves where
-- days are judged anew: the signature goes with the alert, unless that was held again since.
released as (
    select distinct standing.alert_id
    from standing
    inner join releases
        on standing.first_seen_on < releases.effective_on
        and (standing.alert_id = releases.alert_id or releases.alert_id is null and standing.hold_id = releases.hold_id)
    where standing.status = 'held'
),

told as (
    select
        standing.*,
        new_replies.outcome as new_outcome,
        -- A visit was about the level of its day, however long its reply took.
        case
            when standing.status = 'closed' then standing.answered_level
            when new_replies.visited_on < standing.level_since_on then coalesce(standing.level_until_then, standing.level)
            else standing.level
        end as visited_level,
        new_replies.replied_on as new_replied_on,
        new_replies.reply_batch_id as new_reply_batch_id,
        new_replies.cool_down_days,
        handed_over.delivered_on as new_delivered_on,
        case
            when new_replies.is_disputed then 'disputed'
            when new_replies.effect = 'closes' then 'closed_by_reply'
            when new_replies.effect is not null then 'replied'
            when released.alert_id is not null then 'released'
        end as signal_of_people
    from standing
    left join new_replies on standing.alert_id = new_replies.alert_id
    left join released on standing.alert_id = released.alert_id
    left join handed_over on standing.alert_id = handed_over.alert_id
),

answered as (
    select
        told.*,
        coalesce(transitions.status_after, told.status) as status_between,
        transitions.event as event_of_people,
        case
            when told.signal_of_people = 'closed_by_reply' and transitions.status_after = 'closed'
                then {{ add_days("told.new_replied_on", "coalesce(told.cool_down_days, 0)") }}
            when told.signal_of_people = 'disputed' then null
            else told.cool_until_on
        end as cool_until_between_on,
        case
            when told.signal_of_people = 'closed_by_reply' and transitions.status_after = 'closed' then told.visited_level
            when told.signal_of_people = 'disputed' then null
            else told.answered_level
        end as answered_level_between
    from told
    left join transitions
        on told.signal_of_people = transitions.signal and told.status = transitions.status_before
),

side_by_side as (
    select
        coalesce(found.rule_id, answered.rule_id) as rule_id,
        coalesce(found.subject, answered.subject) as subject,
        coalesce(found.program_key, answered.program_key) as program_key,
        found.alert_hash,
        answered.alert_id,
        coalesce(answered.status, 'none') as status_before,
        coalesce(answered.status_between, 'none') as status_between,
        answered.signal_of_people,
        answered.event_of_people,
        answered.new_outcome,
        answered.new_replied_on,
        answered.new_reply_batch_id,
        answered.new_delivered_on,
        answered.cool_until_between_on,
        answered.answered_level_between,
        coalesce(found.county_code, answered.county_code) as county_code,
        evaluated_rules.rule_id is not null as is_evaluated,
        case
            when evaluated_rules.rule_id is null then 'not_evaluated'
            when found.rule_id is null then 'not_found'
            when found.inhibited_by is not null then 'answered'
            when not found.is_judged then 'not_judged'
            when answered.status_between in ('closed', 'cleared')
                and answered.cool_until_between_on > {{ run_date() }}
                and {{ level_rank("found.level") }} >= {{ level_rank("coalesce(answered.answered_level_between, answered.level)") }}
                then 'found_in_cool_down'
            when found.level = 'emergency' then 'found_urgent'
            else 'found'
        end as plain_signal
    from answered
    full outer join found
        on answered.rule_id = found.rule_id
        and answered.subject = found.subject
        and answered.program_key = found.program_key
    left join evaluated_rules
        on coalesce(found.rule_id, answered.rule_id) = evaluated_rules.rule_id
        and evaluated_rules.evaluated
),

-- Somebody in need within a day never waits for a signature.
new_today as (
    select
        rule_id,
        county_code,
        count(*) as opened
    from side_by_side
    where plain_signal = 'found' and status_between in ('none', 'cleared', 'closed')
    group by rule_id, county_code
),

-- Evaluated days of a rule, newest first; the first of all, on which everything is new, says nothing about other days.
evaluated_days as (
    select
        rule_id,
        on_date,
        row_number() over (partition by rule_id order by on_date) as day_no,
        row_number() over (partition by rule_id order by on_date desc) as days_ago
    from {{ ref("stg_control__evaluations") }}
    where evaluated and on_date < {{ run_date() }}
),

looked_back as (
    select
        evaluated_days.rule_id,
        sum(case when evaluated_days.day_no > 1 then 1 else 0 end) as days
    from evaluated_days
    cross join numbers
    where evaluated_days.days_ago <= numbers.flood_days
    group by evaluated_days.rule_id
),

opened_before as (
    select
        openings.rule_id,
        openings.county_code,
        sum(openings.opened) as opened
    from {{ ref("stg_control__openings") }} as openings
    cross join numbers
    inner join evaluated_days
        on openings.rule_id = evaluated_days.rule_id and openings.on_date = evaluated_days.on_date
    where evaluated_days.day_no > 1 and evaluated_days.days_ago <= numbers.flood_days
    group by openings.rule_id, openings.county_code
),

-- A rule's first evaluated day opens what has stood for long: no flood.
floods as (
    select
        new_today.rule_id,
        new_today.county_code,
        md5(cast({{ run_date() }} as varchar) || '|' || new_today.rule_id || '|' || new_today.county_code) as flood_hash
    from new_today
    cross join numbers
    inner join looked_back on new_today.rule_id = looked_back.rule_id
    left join opened_before
        on new_today.rule_id = opened_before.rule_id and new_today.county_code = opened_before.county_code
    where new_today.opened > numbers.flood_minimum_new
        and (
            looked_back.days = 0
            or new_today.opened * looked_back.days > numbers.flood_multiple * coalesce(opened_before.opened, 0)
        )
),

final as (
    select
        side_by_side.rule_id,
        side_by_side.subject,
        side_by_side.program_key,
        -- The subject is a pseudonym: where the key has changed since, the code of then stands.
        coalesce(side_by_side.alert_id, kept_codes.alert_id, {{ alert_code_of_hash("side_by_side.alert_hash") }}) as alert_id,
        side_by_side.status_before,
        side_by_side.status_between,
        side_by_side.signal_of_people,
        side_by_side.event_of_people,
        side_by_side.new_outcome,
        side_by_side.new_replied_on,
        side_by_side.new_reply_batch_id,
        side_by_side.new_delivered_on,
        side_by_side.cool_until_between_on,
        side_by_side.answered_level_between,
        case
            when side_by_side.plain_signal = 'found' and floods.rule_id is not null then 'found_in_flood'
            else side_by_side.plain_signal
        end as signal,
        case when floods.rule_id is not null then {{ alert_code_of_hash("floods.flood_hash") }} end as flood_code
    from side_by_side
    left join floods
        on side_by_side.rule_id = floods.rule_id and side_by_side.county_code = floods.county_code
    left join kept_codes
        on side_by_side.rule_id = kept_codes.rule_id
        and side_by_side.subject = kept_codes.subject
        and side_by_side.program_key = kept_codes.program_key
)

select * from final
