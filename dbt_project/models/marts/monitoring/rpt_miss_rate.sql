-- One row per county.
with miss_rate as (
    select * from {{ ref("int_rules__miss_rate") }}
),

final as (
    select
        county_code,
        drawn_households,
        replied,
        missed,
        miss_rate,
        interval_low,
        interval_high,
        too_few
    from miss_rate
)

select * from final
