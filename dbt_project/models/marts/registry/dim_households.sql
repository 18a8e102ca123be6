-- One row per household on the day.
with household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

households as (
    select * from {{ ref("int_people__households") }}
),

watched_households as (
    select * from {{ ref("int_people__watched_households") }}
),

metrics as (
    select * from {{ ref("int_metrics__households") }}
),

people as (
    select * from {{ ref("int_metrics__people") }} where concept = 'person'
),

person_keys as (
    select * from {{ ref("int_people__keys") }}
),

-- A family whose own row was refused has its members all the same.
living as (
    select
        household_id,
        sum(case when is_alive then 1 else 0 end) as living_members
    from {{ ref("int_people__members") }}
    group by household_id
    union all
    select
        household_id,
        sum(case when is_alive then 1 else 0 end) as living_members
    from {{ ref("int_people__watched_members") }}
    group by household_id
),

watched_heads as (
    select
        household_id,
        min(person_id) as head_person_id
    from {{ ref("int_people__watched_members") }}
    where relation in ('01', '02')
    group by household_id
),

families as (
    select
        {{ published_key("household_keys.household_key") }} as household_key,
        household_keys.concept,
        case
            when watched_households.household_id is not null then 'relapse_watch'
            when households.category = 'marginal' then 'dibao_marginal'
            when households.category = 'rigid' then 'rigid_expenditure'
            else households.category
        end as category_registered,
        metrics.category_computed,
        case when watched_households.household_id is not null then 'rural' else households.residence end as residence,
        coalesce(households.county_code, watched_households.county_code, 'unknown') as county_code,
        coalesce(households.township_code, watched_households.township_code) as township_code,
        coalesce(households.area_code, watched_households.area_code) as area_code,
        cast(
            coalesce(living.living_members, households.living_members, watched_households.living_members) as integer
        ) as members,
        cast(households.covered_living_members as integer) as covered_persons,
        coalesce(households.approved_on, watched_households.identified_on) as approved_on,
        coalesce(households.ended_on, watched_households.removed_on) as ended_on,
        households.grace_until_on as grace_until,
        households.reviewed_on,
        {{ published_key("person_keys.person_key") }} as head_person_key
    from household_keys
    left join households on household_keys.household_id = households.household_id
    left join watched_households on household_keys.household_id = watched_households.household_id
    left join metrics on household_keys.household_id = metrics.household_id
    left join living on household_keys.household_id = living.household_id
    left join watched_heads on household_keys.household_id = watched_heads.household_id
    left join person_keys on coalesce(households.head_person_id, watched_heads.head_person_id) = person_keys.person_id
),

alone as (
    select
        {{ published_key("person_key") }} as household_key,
        'person' as concept,
        cast(null as varchar) as category_registered,
        cast(null as varchar) as category_computed,
        cast(null as varchar) as residence,
        county_code,
        township_code,
        area_code,
        cast(case when died_on < {{ run_date() }} then 0 else 1 end as integer) as members,
        cast(null as integer) as covered_persons,
        cast(null as date) as approved_on,
        cast(null as date) as ended_on,
        cast(null as date) as grace_until,
        cast(null as date) as reviewed_on,
        {{ published_key("person_key") }} as head_person_key
    from people
),

final as (
    select * from families
    union all
    select * from alone
)

select * from final
