-- One row per civil-affairs household ever known, by its last row.
with household_versions as (
    select * from {{ ref("int_people__household_versions") }}
    where is_latest
),

members as (
    select * from {{ ref("int_people__members") }}
),

living as (
    select
        household_id,
        count(*) as living_members,
        sum(case when is_covered then 1 else 0 end) as covered_living_members
    from members
    where is_alive
    group by household_id
),

dated as (
    select
        household_versions.*,
        household_versions.approved_on <= {{ run_date() }}
        and (household_versions.ended_on is null or household_versions.ended_on > {{ run_date() }}) as is_active
    from household_versions
),

final as (
    select
        dated.household_id,
        dated.head_person_id,
        dated.head_name_key,
        dated.category,
        dated.unit,
        dated.residence,
        dated.area_code,
        dated.county_code,
        dated.township_code,
        dated.approved_on,
        dated.first_paid_month_on,
        dated.ended_on,
        dated.end_reason,
        dated.grace_until_on,
        dated.reviewed_on,
        dated.review_class_months,
        dated.covered_persons,
        dated.monthly_amount_cny,
        dated.is_active,
        dated.is_active and coalesce(dated.grace_until_on >= {{ run_date() }}, false) as is_in_grace,
        dated.is_stale,
        dated.known_from_on,
        cast(coalesce(living.living_members, 0) as integer) as living_members,
        cast(coalesce(living.covered_living_members, 0) as integer) as covered_living_members
    from dated
    left join living on dated.household_id = living.household_id
)

select * from final
