-- One row per household that lost a member who worked, or of which it cannot be told (R21). Rows that are judged and have no
-- level hold the ground alone, which R24 asks for: somebody is helped, or another household of the dead is told of.
-- Membership is that of the last snapshot received before the death, else the first one known. Of several households that lost
-- the same member one of civil affairs is told of first: active where covered, active, any; then a watched one. Whether a
-- survivor works, the latest snapshot says.
with deaths as (
    select * from {{ ref("int_people__deaths") }}
),

member_versions as (
    select * from {{ ref("int_people__member_versions") }}
),

watched_member_versions as (
    select * from {{ ref("int_people__watched_member_versions") }}
),

persons as {{ read_anew() }} (
    select * from {{ ref("int_people__persons") }}
),

certificates as (
    select * from {{ ref("int_people__valid_certificates") }}
),

assistance as (
    select * from {{ ref("int_people__assistance") }}
),

household_order as (
    select * from {{ ref("int_people__household_order") }}
),

households as {{ read_anew() }} (
    select * from {{ ref("int_people__households") }}
),

watched_households as (
    select * from {{ ref("int_people__watched_households") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

numbers as (
    select
        policy.r21_days as days,
        {{ add_days(run_date(), "-policy.r21_days") }} as from_on,
        policy.r21_from_age as from_age,
        policy.r21_to_age as to_age,
        policy.r21_other_workers as other_workers,
        policy.minor_below_age,
        policy.elderly_from_age
    from {{ parameters_of_day([
        "r21_days",
        "r21_from_age",
        "r21_to_age",
        "r21_other_workers",
        "minor_below_age",
        "elderly_from_age",
    ]) }} as policy
),

recent_deaths as (
    select
        deaths.person_id,
        deaths.died_on
    from deaths
    cross join numbers
    where deaths.died_on between numbers.from_on and {{ run_date() }}
),

register_rows as (
    select
        household_id,
        person_id,
        'civil_affairs.members' as register,
        is_covered,
        case when employment in ('1', '2', '4') then 1 when employment is not null then 0 end as works,
        state_from_on,
        coalesce(known_until_on, cast('9999-12-31' as date)) as known_until_on,
        known_until_on is null as is_current
    from member_versions
    union all
    select
        household_id,
        person_id,
        'agriculture.monitored_members' as register,
        false as is_covered,
        case when labour_skill in ('1', '2') then 1 when labour_skill is not null then 0 end as works,
        state_from_on,
        coalesce(known_until_on, cast('9999-12-31' as date)) as known_until_on,
        known_until_on is null as is_current
    from watched_member_versions
),

dead_members as (
    select
        register_rows.household_id,
        register_rows.person_id,
        register_rows.works,
        recent_deaths.died_on,
        case
            when register_rows.register = 'agriculture.monitored_members' then 4
            when not coalesce(households.is_active, false) then 3
            when not register_rows.is_covered then 2
            else 1
        end as place
    from register_rows
    inner join recent_deaths
        on register_rows.person_id = recent_deaths.person_id
        and register_rows.state_from_on < recent_deaths.died_on
        and register_rows.known_until_on >= recent_deaths.died_on
    left join households on register_rows.household_id = households.household_id
),

dead as (
    select
        dead_members.household_id,
        dead_members.person_id as dead_person_id,
        dead_members.died_on,
        min(dead_members.place) as place,
        case when min(dead_members.place) = 4 then 'agriculture.monitored_members' else 'civil_affairs.members' end as register,
        max(max(dead_members.works)) over (partition by dead_members.person_id) = 1 as has_worked,
        cast({{ age_on("persons.birth_on", "dead_members.died_on") }} as integer) as age_at_death
    from dead_members
    inner join persons on dead_members.person_id = persons.person_id
    group by dead_members.household_id, dead_members.person_id, dead_members.died_on, persons.birth_on
),

family_members as (
    select
        dead.household_id,
        dead.dead_person_id,
        register_rows.person_id,
        register_rows.works
    from register_rows
    inner join dead
        on register_rows.household_id = dead.household_id
        and register_rows.person_id <> dead.dead_person_id
        and register_rows.state_from_on < dead.died_on
        and register_rows.known_until_on >= dead.died_on
),

work_today as (
    select
        register_rows.person_id,
        max(register_rows.works) as works
    from register_rows
    where register_rows.is_current and register_rows.person_id in (select family_members.person_id from family_members)
    group by register_rows.person_id
),

-- Nobody of working age whose work is unknown is taken to have none; children and the old without an entry are.
survivors as (
    select
        family_members.household_id,
        family_members.dead_person_id,
        coalesce(work_today.works, family_members.works, 0) = 1 as is_working,
        coalesce(work_today.works, family_members.works) is null
        and persons.age_years between numbers.from_age and numbers.to_age as is_work_unknown,
        persons.age_years < numbers.minor_below_age
        or persons.age_years >= numbers.elderly_from_age
        or coalesce(certificates.is_severe, false) as is_dependant,
        coalesce(assistance.is_helped, false) as is_helped
    from family_members
    cross join numbers
    inner join persons on family_members.person_id = persons.person_id
    left join work_today on family_members.person_id = work_today.person_id
    left join certificates on family_members.person_id = certificates.person_id
    left join assistance on family_members.person_id = assistance.person_id
    where persons.is_alive
),

families as (
    select
        household_id,
        dead_person_id,
        sum(case when is_working then 1 else 0 end) as workers,
        sum(case when is_work_unknown then 1 else 0 end) as unknown_workers,
        sum(case when is_dependant then 1 else 0 end) as dependants,
        max(case when is_helped then 1 else 0 end) as helped
    from survivors
    group by household_id, dead_person_id
    having sum(case when is_dependant then 1 else 0 end) > 0
),

losses as (
    select
        dead.household_id,
        dead.dead_person_id,
        dead.register,
        dead.place,
        dead.died_on,
        dead.age_at_death,
        cast({{ days_between("dead.died_on", run_date()) }} as integer) as days_ago,
        families.workers,
        families.dependants,
        families.helped,
        numbers.days,
        numbers.from_age,
        numbers.to_age,
        numbers.other_workers,
        dead.has_worked
        and case
            when families.workers > numbers.other_workers then false
            when families.workers + families.unknown_workers <= numbers.other_workers then true
        end as is_ground
    from dead
    cross join numbers
    inner join families
        on dead.household_id = families.household_id
        and dead.dead_person_id = families.dead_person_id
    where dead.age_at_death between numbers.from_age and numbers.to_age
),

asked as (
    select
        *,
        max(helped) over (partition by household_id) = 0 as is_asked
    from losses
    where coalesce(is_ground, true)
),

-- One household is told of a death: one that nobody helps before one that is helped, a certain loss before one that cannot
-- be told.
met as (
    select
        losses.*,
        row_number() over (
            partition by losses.dead_person_id
            order by
                losses.is_asked desc, coalesce(losses.is_ground, false) desc, losses.place, household_order.household_order
        ) = 1 as is_first
    from asked as losses
    inner join household_order on losses.household_id = household_order.household_id
),

counted as (
    select
        losses.household_id,
        max(case when losses.is_ground then 1 else 0 end) = 1 as is_ground,
        max(case when losses.is_ground and losses.is_first then 1 else 0 end) = 1 as is_told,
        min(case when losses.is_ground then losses.days_ago end) as days_ago,
        min(case when losses.is_ground then losses.workers end) as workers,
        max(case when losses.is_ground then losses.dependants end) as dependants,
        bool_and(losses.is_asked) as is_asked,
        {{ flattened_terms(
            evidence_list([
                ("losses.is_ground", evidence_term(
                    "'civil_affairs.cremations'", published_key("keys.person_key"), "'died_on'", "losses.died_on", run_date(), "date"
                )),
                ("losses.is_ground", evidence_term(
                    "'civil_affairs.cremations'", published_key("keys.person_key"), "'days_since_death'", "losses.days_ago",
                    run_date(), "day", "start"
                )),
                ("losses.is_ground", parameter_term("r21_days", "losses.days", "day", "compared_with")),
                ("losses.is_ground", evidence_term(
                    "'civil_affairs.cremations'", published_key("keys.person_key"), "'age_at_death'", "losses.age_at_death",
                    "losses.died_on", "year", "start"
                )),
                ("losses.is_ground", parameter_term("r21_from_age", "losses.from_age", "year", "compared_with")),
                ("losses.is_ground", evidence_term(
                    "'civil_affairs.cremations'", published_key("keys.person_key"), "'age_at_death'", "losses.age_at_death",
                    "losses.died_on", "year", "start"
                )),
                ("losses.is_ground", parameter_term("r21_to_age", "losses.to_age", "year", "compared_with")),
                ("losses.is_ground", evidence_term(
                    "losses.register", published_key("household_keys.household_key"), "'other_workers'", "losses.workers",
                    run_date(), "person", "start"
                )),
                ("losses.is_ground", parameter_term("r21_other_workers", "losses.other_workers", "person", "compared_with")),
                ("losses.is_ground", evidence_term(
                    "losses.register", published_key("household_keys.household_key"), "'dependants'", "losses.dependants",
                    run_date(), "person"
                )),
            ]),
            "losses.died_on, keys.person_key",
        ) }} as terms
    from met as losses
    inner join keys on losses.dead_person_id = keys.person_id
    inner join household_keys on losses.household_id = household_keys.household_id
    where losses.is_ground or losses.is_first
    group by losses.household_id
),

tested as (
    select
        household_id,
        days_ago,
        workers,
        dependants,
        is_asked,
        is_told,
        terms,
        case when is_ground then true end as is_ground
    from counted
),

final as (
    select
        'R21' as rule_id,
        'household' as unit,
        tested.household_id as subject_household_id,
        cast(null as integer) as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when tested.is_told and tested.is_asked then 'red' end as level,
        tested.household_id,
        cast(null as integer) as person_id,
        coalesce(households.county_code, watched_households.county_code) as county_code,
        coalesce(households.township_code, watched_households.township_code) as township_code,
        coalesce(households.area_code, watched_households.area_code) as area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        cast(tested.days_ago as varchar) || ' 天前：家庭中有劳动收入的成员去世，其余成员中 ' || cast(tested.workers as varchar)
        || ' 人有工作，' || cast(tested.dependants as varchar) || ' 人为未成年人、老年人或重度残疾人' as reason_zh,
        cast(tested.days_ago as varchar) || ' days ago a member who worked died; members left who work: ' || cast(tested.workers as varchar)
        || '; who are minors, elderly or severely disabled: ' || cast(tested.dependants as varchar) as reason_en,
        {{ evidence_json(["tested.terms"]) }} as evidence,
        case
            when tested.is_ground then '家庭目前收支、有无抚恤或遗属待遇，尚不清楚'
            else '去世成员或其余成员的就业情况尚不清楚'
        end as unknown_zh,
        cast(null as varchar) as inhibited_by,
        tested.is_ground is not null or not tested.is_asked as is_judged,
        tested.is_ground
    from tested
    left join households on tested.household_id = households.household_id
    left join watched_households on tested.household_id = watched_households.household_id
)

select * from final
