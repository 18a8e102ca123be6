-- One row per county: what visits to its audit samples of all months told.
with drawn as (
    select * from {{ ref("int_rules__audited_households") }}
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
        drawn.county_code,
        count(*) as drawn_households,
        count(replies.alert_id) as replied,
        sum(case when replies.is_confirmed then 1 else 0 end) as missed
    from drawn
    left join replies on drawn.code = replies.alert_id
    group by drawn.county_code
),

final as (
    select
        counted.county_code,
        cast(counted.drawn_households as bigint) as drawn_households,
        cast(counted.replied as bigint) as replied,
        cast(counted.missed as bigint) as missed,
        cast({{ ratio("counted.missed", "counted.replied") }} as decimal(5, 4)) as miss_rate,
        {{ wilson_bound("counted.missed", "counted.replied", "numbers.z", "low") }} as interval_low,
        {{ wilson_bound("counted.missed", "counted.replied", "numbers.z", "high") }} as interval_high,
        counted.replied < numbers.too_few_under as too_few
    from counted
    cross join numbers
)

select * from final
