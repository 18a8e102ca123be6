-- One row per person: the household the person is counted in on the day, and where that is.
-- Whoever left a register with the whole household, or with a certificate, is still told of where that was: money is owed, or was
-- paid, to somebody whom an office must find.
with persons as (
    select person_id from {{ ref("int_people__keys") }}
),

members as (
    select * from {{ ref("int_people__members") }}
),

households as (
    select * from {{ ref("int_people__households") }}
),

watched_members as (
    select * from {{ ref("int_people__watched_members") }}
),

watched_households as (
    select * from {{ ref("int_people__watched_households") }}
),

household_order as (
    select * from {{ ref("int_people__household_order") }}
),

children as (
    select * from {{ ref("int_people__children") }}
),

certificates as (
    select * from {{ ref("int_people__certificates") }}
),

former_members as (
    select * from {{ ref("int_people__member_versions") }}
    where left_with_household
),

townships as (
    select * from {{ ref("townships") }}
),

by_civil_affairs as (
    select
        person_id,
        arg_min(household_id, household_order) filter (where is_household_active and is_covered) as where_covered,
        arg_min(household_id, household_order) filter (where is_household_active) as where_member,
        arg_min(household_id, household_order) as where_known
    from members
    group by person_id
),

by_watch as (
    select
        watched_members.person_id,
        arg_min(watched_members.household_id, household_order.household_order) as where_watched
    from watched_members
    inner join household_order on watched_members.household_id = household_order.household_id
    group by watched_members.person_id
),

by_child as (
    select
        person_id,
        min(area_code) as area_code
    from children
    group by person_id
),

by_former_household as (
    select
        former_members.person_id,
        arg_min(households.area_code, household_order.household_order) as area_code
    from former_members
    inner join households on former_members.household_id = households.household_id
    inner join household_order on former_members.household_id = household_order.household_id
    group by former_members.person_id
),

by_certificate as (
    select
        person_id,
        min(county_code || substr(area_code, 7)) filter (known_until_on is null) as area_code,
        arg_max(county_code || substr(area_code, 7), known_until_on) as former_area_code
    from certificates
    group by person_id
),

chosen as (
    select
        persons.person_id,
        coalesce(
            by_civil_affairs.where_covered,
            by_civil_affairs.where_member,
            by_civil_affairs.where_known
        ) as civil_affairs_household_id,
        by_watch.where_watched,
        coalesce(
            by_former_household.area_code, by_child.area_code, by_certificate.area_code, by_certificate.former_area_code
        ) as own_area_code
    from persons
    left join by_civil_affairs on persons.person_id = by_civil_affairs.person_id
    left join by_watch on persons.person_id = by_watch.person_id
    left join by_former_household on persons.person_id = by_former_household.person_id
    left join by_child on persons.person_id = by_child.person_id
    left join by_certificate on persons.person_id = by_certificate.person_id
),

located as (
    select
        chosen.person_id,
        coalesce(chosen.civil_affairs_household_id, chosen.where_watched) as household_id,
        case
            when chosen.civil_affairs_household_id is not null then 'civil_affairs'
            when chosen.where_watched is not null then 'relapse_watch'
            else 'person'
        end as concept,
        coalesce(households.area_code, watched_households.area_code, chosen.own_area_code) as area_code,
        case
            when chosen.civil_affairs_household_id is not null then households.residence
            when chosen.where_watched is not null then 'rural'
        end as residence
    from chosen
    left join households on chosen.civil_affairs_household_id = households.household_id
    left join watched_households
        on chosen.civil_affairs_household_id is null
        and chosen.where_watched = watched_households.household_id
),

final as (
    select
        located.person_id,
        located.household_id,
        located.concept,
        coalesce(substr(located.area_code, 1, 6), 'unknown') as county_code,
        townships.township_code,
        located.area_code,
        located.residence
    from located
    left join townships on substr(located.area_code, 1, 9) = townships.township_code
)

select * from final
