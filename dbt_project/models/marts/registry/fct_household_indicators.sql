-- One row per civil-affairs or watched household on the day.
with metrics as (
    select * from {{ ref("int_metrics__households") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

late_sources as (
    select {{ joined_text("source || '.' || table_name", "、", "source, table_name") }} as sources_missing
    from {{ ref("int_metrics__coverage") }}
    where is_late
),

final as (
    select
        {{ published_key("household_keys.household_key") }} as household_key,
        {{ amount("metrics.standard_cny") }} as standard_cny,
        {{ amount("metrics.marginal_line_cny") }} as marginal_line_cny,
        {{ amount("metrics.income_declared_cny") }} as income_declared_cny,
        {{ amount("metrics.income_counted_cny") }} as income_counted_cny,
        {{ amount("metrics.income_per_capita_cny") }} as income_per_capita_cny,
        {{ ratio("metrics.counted_year_cny", "metrics.standard_cny * 12 * metrics.members") }} as ratio_to_standard,
        {{ amount("metrics.standard_cny - metrics.income_per_capita_cny") }} as gap_to_standard_cny,
        {{ amount("metrics.marginal_line_cny - metrics.income_per_capita_cny") }} as gap_to_marginal_cny,
        {{ amount("metrics.trend_3m") }} as trend_3m,
        {{ amount("metrics.trend_6m") }} as trend_6m,
        {{ amount("metrics.trend_12m") }} as trend_12m,
        metrics.rigid_spending_ratio,
        cast(metrics.severely_disabled_members as integer) as severely_disabled_members,
        cast(metrics.minors as integer) as minors,
        cast(metrics.elderly as integer) as elderly,
        cast(metrics.workers as integer) as workers,
        metrics.income_observed_on,
        late_sources.sources_missing
    from metrics
    inner join household_keys on metrics.household_id = household_keys.household_id
    cross join late_sources
)

select * from final
