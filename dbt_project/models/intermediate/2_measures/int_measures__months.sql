-- One row per month from the first day of the window parameter to the day's month.
{{ config(tags=["compared"]) }}
with parameters as (
    select * from {{ ref("int_measures__parameters") }}
),

run as (
    select * from {{ ref("stg_control__run") }}
),

spine as (
    select * from {{ month_spine(
        "(select min(effective_from_on) from " ~ ref("int_measures__parameters") ~ " where name = 'window_months')",
        month_start(run_date())
    ) }} as spine
),

judged as (
    select
        spine.month_on,
        {{ month_end("spine.month_on") }} as month_end_on,
        {{ add_days("spine.month_on", "payment_day.value - 1") }} as last_day_in_time_on,
        {{ run_date() }} >= {{ add_days(
            "spine.month_on",
            "payment_day.value - 1 + days_after.value"
        ) }} as is_checkable,
        window_months.value as window_months
    from spine
    cross join run
    left join parameters as payment_day
        on payment_day.name = 'payment_day'
        and run.city_code = payment_day.county_code
        and spine.month_on >= payment_day.effective_from_on
        and spine.month_on < payment_day.effective_to_on
    left join parameters as days_after
        on days_after.name = 'checkable_days_after_payment_day'
        and run.city_code = days_after.county_code
        and spine.month_on >= days_after.effective_from_on
        and spine.month_on < days_after.effective_to_on
    left join parameters as window_months
        on window_months.name = 'window_months'
        and run.city_code = window_months.county_code
        and {{ run_date() }} >= window_months.effective_from_on
        and {{ run_date() }} < window_months.effective_to_on
),

ranked as (
    select
        *,
        case
            when is_checkable
                then cast(row_number() over (partition by is_checkable order by month_on desc) as integer)
        end as checkable_rank
    from judged
),

final as (
    select
        month_on,
        month_end_on,
        last_day_in_time_on,
        is_checkable,
        coalesce(checkable_rank <= window_months, false) as is_in_window,
        coalesce(checkable_rank <= window_months, false) and checkable_rank = 1 as is_last_in_window,
        checkable_rank
    from ranked
)

select * from final
