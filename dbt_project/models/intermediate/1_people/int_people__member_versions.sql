-- One row per civil-affairs household, member and version of the member's row.
-- Members who left the roll together with their household keep their last row (state_until_on open); members who left and
-- came back with it keep the row before until then. They left together when no delivery of the roll of households came between
-- the two: while that roll is late, nobody can tell that the household is still on it.
with versions as (
    select * from {{ ref("stg_civil_affairs__members") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
    where concept = 'civil_affairs'
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

households_that_left as (
    select
        household_id,
        left_on
    from {{ ref("int_people__household_versions") }}
    where is_latest and left_on is not null
),

absences as (
    select
        household_versions.household_id,
        household_keys.household_key,
        household_versions.known_until_on as left_on,
        household_versions.state_until_on as returned_on
    from {{ ref("int_people__household_versions") }} as household_versions
    inner join household_keys on household_versions.household_id = household_keys.household_id
    where not household_versions.is_latest and household_versions.known_until_on < household_versions.state_until_on
),

rolls_of_households as (
    select received_on
    from {{ ref("stg_control__deliveries") }}
    where department = 'civil_affairs' and table_name = 'households' and verdict = 'accepted'
),

days_of_leaving as (
    select left_on from households_that_left
    union
    select left_on from absences
),

leaving as (
    select
        days_of_leaving.left_on,
        coalesce({{ add_days("max(rolls_of_households.received_on)", 1) }}, days_of_leaving.left_on) as together_from_on
    from days_of_leaving
    left join rolls_of_households on days_of_leaving.left_on > rolls_of_households.received_on
    group by days_of_leaving.left_on
),

-- Only families that were away are put in order.
followed as (
    select
        versions.household_key,
        versions.person_key,
        versions.state_from_on,
        versions.known_until_on,
        lead(versions.state_from_on) over (
            partition by versions.household_key, versions.person_key
            order by versions.state_from_on
        ) as next_from_on
    from {{ ref("stg_civil_affairs__members") }} as versions
    where versions.household_key in (select household_key from absences)
),

away_with_household as (
    select
        followed.household_key,
        followed.person_key,
        followed.state_from_on,
        followed.next_from_on
    from followed
    inner join absences
        on followed.household_key = absences.household_key
        and followed.known_until_on < absences.returned_on
        and followed.next_from_on <= absences.returned_on
    inner join leaving
        on absences.left_on = leaving.left_on
        and followed.known_until_on >= leaving.together_from_on
),

final as (
    select
        household_keys.household_id,
        keys.person_id,
        versions.name_key,
        versions.relation,
        versions.is_covered,
        versions.labour,
        versions.employment,
        versions.unemployed_since_on,
        versions.is_unemployment_insured,
        versions.health,
        versions.student,
        versions.self_care,
        versions.support_form,
        versions.is_stale,
        versions.is_latest,
        versions.known_from_on,
        versions.known_until_on,
        versions.state_from_on,
        case
            when leaving.left_on is not null then cast('9999-12-31' as date)
            else coalesce(away_with_household.next_from_on, versions.state_until_on)
        end as state_until_on,
        leaving.left_on is not null as left_with_household
    from versions
    inner join household_keys on versions.household_key = household_keys.household_key
    inner join keys on versions.person_key = keys.person_key
    left join households_that_left on household_keys.household_id = households_that_left.household_id
    left join leaving
        on households_that_left.left_on = leaving.left_on
        and versions.is_latest
        and versions.known_until_on >= leaving.together_from_on
    left join away_with_household
        on versions.household_key = away_with_household.household_key
        and versions.person_key = away_with_household.person_key
        and versions.state_from_on = away_with_household.state_from_on
)

select * from final
