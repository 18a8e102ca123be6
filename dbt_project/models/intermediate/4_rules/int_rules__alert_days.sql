-- One row per rule and day on which it was evaluated, numbered, with the next such day.
with evaluations as (
    select rule_id, on_date from {{ ref("stg_control__evaluations") }} where evaluated and on_date < {{ run_date() }}
    union
    select rule_id, on_date from {{ ref("int_rules__evaluations_today") }} where evaluated
),

final as (
    select
        rule_id,
        on_date,
        row_number() over (partition by rule_id order by on_date) as day_no,
        lead(on_date) over (partition by rule_id order by on_date) as next_on
    from evaluations
)

select * from final
