-- One row per rule and day run.
with evaluations as (
    select * from {{ ref("int_rules__evaluations") }}
),

final as (
    select rule_id, on_date, evaluated, subjects, hits, not_judged, why_not from evaluations
)

select * from final
