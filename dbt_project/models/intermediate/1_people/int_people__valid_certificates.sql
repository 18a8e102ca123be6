-- One row per person who holds a valid disability certificate on the day.
with certificates as (
    select * from {{ ref("int_people__certificates") }}
    where known_until_on is null
),

final as (
    select
        person_id,
        min(level) as level,
        max(case when is_severe then 1 else 0 end) = 1 as is_severe,
        max(case when is_single_person_class then 1 else 0 end) = 1 as is_single_person_class,
        max(case when is_intellectual_or_mental then 1 else 0 end) = 1 as is_intellectual_or_mental,
        max(case when is_without_labour_capacity then 1 else 0 end) = 1 as is_without_labour_capacity
    from certificates
    where {{ is_certificate_valid("certificates", run_date()) }}
    group by person_id
)

select * from final
