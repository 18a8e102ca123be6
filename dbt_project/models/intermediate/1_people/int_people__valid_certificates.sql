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
        max(case when is_single_person_class then 1 else 0 end) = 1 as is_single_person_class
    from certificates
    where (status = '1' or changed_on > {{ run_date() }})
        and issued_on <= {{ run_date() }}
        and (expires_on is null or expires_on >= {{ run_date() }})
    group by person_id
)

select * from final
