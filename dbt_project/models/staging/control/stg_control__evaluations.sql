-- One row per rule and earlier day.
with evaluations as (
    select * from {{ source('control', 'evaluations') }}
),

final as (
    select
        rule_id,
        on_date,
        evaluated,
        subjects,
        hits,
        not_judged,
        why_not
    from evaluations
)

select * from final
