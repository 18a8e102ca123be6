-- One row per rule: how its clues fared where somebody looked.
with rules as (
    select * from {{ ref("rules") }}
),

replies as (
    select * from {{ ref("int_rules__proving_replies") }}
),

numbers as (
    select
        {{ parameter("performance_interval_z") }} as z,
        {{ parameter("performance_too_few_under") }} as too_few_under
),

counted as (
    select
        rule_id,
        count(*) as replied,
        sum(case when is_confirmed then 1 else 0 end) as confirmed,
        median(working_days) as median_working_days
    from replies
    where rule_id is not null
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
