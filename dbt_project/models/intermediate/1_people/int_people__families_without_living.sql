-- One row per household in which nobody lives any more and member of it: everybody's death is in the register.
-- Review lane: a death counts where number and name agree, or one name is missing. A family that left the roll is held to the
-- members who left with it: to be taken off the roll gives nobody the money back.
with members as (
    select household_id, person_id, name_key from {{ ref("int_people__members") }}
    union all
    select household_id, person_id, name_key
    from {{ ref("int_people__member_versions") }}
    where left_with_household
),

with_members as (
    select distinct household_id from members
),

household_versions as (
    select household_versions.*
    from {{ ref("int_people__household_versions") }} as household_versions
    left join with_members on household_versions.household_id = with_members.household_id
    where household_versions.is_latest
        and (household_versions.left_on is null or with_members.household_id is not null)
),

deaths as (
    select * from {{ ref("int_people__deaths") }}
),

heads_without_row as (
    select
        household_versions.household_id,
        household_versions.head_person_id as person_id,
        household_versions.head_name_key as name_key
    from household_versions
    left join members
        on household_versions.household_id = members.household_id
        and household_versions.head_person_id = members.person_id
    where members.person_id is null
),

family as (
    select household_id, person_id, name_key from members
    union all
    select household_id, person_id, name_key from heads_without_row
),

lives as (
    select
        family.household_id,
        family.person_id,
        deaths.died_on
    from family
    left join deaths
        on family.person_id = deaths.person_id
        and (family.name_key = deaths.name_key or family.name_key is null or deaths.name_key is null)
),

without_living as (
    select
        household_id,
        max(died_on) as last_died_on
    from lives
    group by household_id
    having count(*) = count(died_on)
),

final as (
    select
        without_living.household_id,
        lives.person_id,
        without_living.last_died_on
    from without_living
    inner join lives on without_living.household_id = lives.household_id
)

select * from final
