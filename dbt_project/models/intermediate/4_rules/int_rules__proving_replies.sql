-- One row per alert or audited household with a reply that proves the clue true or false: the last such reply.
-- Replies that prove neither (not verified, duplicate, died or moved) are no trial and count nowhere.
with replies as (
    select
        outcomes_received.alert_id,
        outcomes_received.received_on,
        outcomes.proves = 'true' as is_confirmed,
        row_number() over (
            partition by outcomes_received.alert_id
            order by outcomes_received.received_on desc, outcomes_received.batch_id desc, outcomes_received.outcome
        ) as recency
    from {{ ref("stg_control__outcomes") }} as outcomes_received
    inner join {{ ref("outcomes") }} as outcomes on outcomes_received.outcome = outcomes.outcome
    where outcomes.proves in ('true', 'false')
),

final as (
    select alert_id, received_on, is_confirmed from replies
    where recency = 1
)

select * from final
