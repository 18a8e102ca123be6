-- One row per civil-affairs household, member and version of the member's row.
-- Members who left the roll together with their household keep their last row (state_until_on open).
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
            when versions.is_latest and versions.known_until_on >= households_that_left.left_on
                then cast('9999-12-31' as date)
            else versions.state_until_on
        end as state_until_on
    from versions
    inner join household_keys on versions.household_key = household_keys.household_key
    inner join keys on versions.person_key = keys.person_key
    left join households_that_left on household_keys.household_id = households_that_left.household_id
)

select * from final
