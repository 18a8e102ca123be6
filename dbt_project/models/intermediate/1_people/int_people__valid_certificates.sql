-- One row per person who holds a valid disability certificate on the day.
with certificates as (
    select * from {{ ref("int_people__certificates") }}
    where known_until_on is null
),

final as (
    select
        certificates.person_id,
        min(certificates.level) as level,
        max(case when certificates.is_severe then 1 else 0 end) = 1 as is_severe,
        max(case when certificates.is_single_person_class then 1 else 0 end) = 1 as is_single_person_class,
        max(case when certificates.is_intellectual_or_mental then 1 else 0 end) = 1 as is_intellectual_or_mental,
        max(case when certificates.is_without_labour_capacity then 1 else 0 end) = 1 as is_without_labour_capacity
    from certificates
    where {{ is_certificate_valid("certificates", run_date()) }}
    group by certificates.person_id
)

select * from final
