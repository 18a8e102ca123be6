-- One row per rule: how its clues fared where somebody looked.
with rules as (
    select * from {{ ref("rules") }}
),

alerts as (
    select * from {{ ref("int_rules__alerts") }}
),

replies as (
    select * from {{ ref("int_rules__proving_replies") }}
),

calendar as (
    select * from {{ ref("stg_control__calendar") }}
),

numbers as (
    select
        {{ parameter("performance_interval_z") }} as z,
        {{ parameter("performance_too_few_under") }} as too_few_under
),

-- Counted from the first day seen; a reply to an earlier run of an alert seen anew since says nothing about the time.
answered as (
    select
        alerts.rule_id,
        replies.is_confirmed,
        case
            when replies.received_on >= alerts.first_seen_on then replied_days.working_day_no - seen_days.working_day_no
        end as working_days
    from replies
    inner join alerts on replies.alert_id = alerts.alert_id
    left join calendar as replied_days on replies.received_on = replied_days.day
    left join calendar as seen_days on alerts.first_seen_on = seen_days.day
),

counted as (
    select
        rule_id,
        count(*) as replied,
        sum(case when is_confirmed then 1 else 0 end) as confirmed,
        median(working_days) as median_working_days
    from answered
    group by rule_id
),

final as (
    select
        rules.rule_id,
        cast(coalesce(counted.replied, 0) as bigint) as replied,
        cast(coalesce(counted.confirmed, 0) as bigint) as confirmed,
        cast({{ ratio("counted.confirmed", "counted.replied") }} as decimal(5, 4)) as "precision",
        {{ wilson_bound("counted.confirmed", "counted.replied", "numbers.z", "low") }} as interval_low,
        {{ wilson_bound("counted.confirmed", "counted.replied", "numbers.z", "high") }} as interval_high,
        coalesce(counted.replied, 0) < numbers.too_few_under as too_few,
        cast(counted.median_working_days as decimal(6, 1)) as median_working_days
    from rules
    cross join numbers
    left join counted on rules.rule_id = counted.rule_id
)

select * from final
