-- One row per rule and day run so far.
with earlier as (
    select rule_id, on_date, evaluated, subjects, hits, not_judged, why_not
    from {{ ref("stg_control__evaluations") }}
    where on_date < {{ run_date() }}
),

today as (
    select rule_id, on_date, evaluated, subjects, hits, not_judged, why_not
    from {{ ref("int_rules__evaluations_today") }}
),

final as (
    select * from earlier
    union all
    select * from today
)

select * from final
