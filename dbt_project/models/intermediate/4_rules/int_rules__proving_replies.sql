-- One row per alert or audited household with a reply that proves the clue true or false: that of the last such visit.
-- Replies that prove neither (not verified, duplicate, died or moved) are no trial and count nowhere, nor do those of one
-- visit that prove it both true and false.
with replies as (
    select
        outcomes_received.alert_id,
        outcomes_received.received_on,
        outcomes.proves = 'true' as is_confirmed,
        min(outcomes.proves) over (partition by outcomes_received.alert_id, outcomes_received.visited_on)
        <> max(outcomes.proves) over (partition by outcomes_received.alert_id, outcomes_received.visited_on) as is_disputed,
        row_number() over (
            partition by outcomes_received.alert_id
            order by
                outcomes_received.visited_on desc,
                outcomes_received.received_on desc,
                outcomes_received.batch_id desc,
                outcomes_received.outcome
        ) as recency
    from {{ ref("stg_control__outcomes") }} as outcomes_received
    inner join {{ ref("outcomes") }} as outcomes on outcomes_received.outcome = outcomes.outcome
    where outcomes.proves in ('true', 'false')
),

alerts as (
    select alert_id, rule_id, first_seen_on from {{ ref("int_rules__alerts") }}
),

calendar as (
    select * from {{ ref("stg_control__calendar") }}
),

-- Working days from the first day seen; a reply to an earlier run of an alert seen anew since says nothing about them.
final as (
    select
        replies.alert_id,
        alerts.rule_id,
        replies.received_on,
        replies.is_confirmed,
        case
            when replies.received_on >= alerts.first_seen_on then replied_days.working_day_no - seen_days.working_day_no
        end as working_days
    from replies
    left join alerts on replies.alert_id = alerts.alert_id
    left join calendar as replied_days on replies.received_on = replied_days.day
    left join calendar as seen_days on alerts.first_seen_on = seen_days.day
    where replies.recency = 1 and not replies.is_disputed
)

select * from final
