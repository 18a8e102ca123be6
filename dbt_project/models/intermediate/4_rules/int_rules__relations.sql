-- One row per person, relative, kinship and register row that shows it: spouses, parents and children.
-- Only of persons whose kin a rule asks for: minors (parents alone), persons covered by tekun, and the only member of a dibao
-- family. Two members are kin where one snapshot holds both; a marriage counts unless the same pair divorced after it.
with members as (
    select * from {{ ref("int_people__members") }} where is_household_active
),

households as (
    select * from {{ ref("int_people__households") }}
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

keys as {{ read_anew() }} (
    select * from {{ ref("int_people__keys") }}
),

member_versions as (
    select * from {{ ref("int_people__member_versions") }}
),

watched_member_versions as (
    select * from {{ ref("int_people__watched_member_versions") }}
),

marriages as (
    select * from {{ ref("stg_civil_affairs__marriages") }} where known_until_on is null
),

asked_for as (
    select
        members.person_id,
        1 as asks_for_all
    from members
    inner join households on members.household_id = households.household_id
    where members.category = 'tekun' and members.is_covered
        or members.category = 'dibao' and households.living_members <= 1
    union all
    select
        person_id,
        0 as asks_for_all
    from persons
    where age_years < {{ parameter("minor_below_age") }}
),

subjects as (
    select
        person_id,
        max(asks_for_all) = 1 as asks_for_all
    from asked_for
    group by person_id
),

register_rows as (
    select
        'civil_affairs.members' as register,
        household_id,
        person_id,
        name_key,
        relation,
        known_from_on,
        known_until_on
    from member_versions
    union all
    select
        'agriculture.monitored_members' as register,
        household_id,
        person_id,
        name_key,
        relation,
        known_from_on,
        known_until_on
    from watched_member_versions
),

-- Relations are to the head (GB/T 4761): sons- and daughters-in-law (28, 38) are nobody's children here.
parts as (
    select
        register,
        household_id,
        person_id,
        name_key,
        known_from_on,
        coalesce(known_until_on, cast('9999-12-31' as date)) as known_until_on,
        known_until_on is null as is_current,
        case
            when relation in ('01', '02') then 'head'
            when relation between '10' and '12' then 'spouse'
            when relation between '20' and '39' and relation not in ('28', '38') then 'child'
            when relation between '50' and '52' then 'parent'
            when relation in ('57', '58') then 'step_parent'
            when relation between '70' and '79' then 'sibling'
        end as part
    from register_rows
),

-- What the second part is to the first.
kinships as (
    {% for part, relative_part, kinship in [
        ("head", "spouse", "spouse"), ("head", "child", "child"), ("head", "parent", "parent"),
        ("head", "step_parent", "parent"), ("spouse", "head", "spouse"), ("spouse", "child", "child"),
        ("child", "head", "parent"), ("child", "spouse", "parent"), ("parent", "head", "child"),
        ("parent", "parent", "spouse"), ("sibling", "parent", "parent"),
    ] -%}
    select '{{ part }}' as part, '{{ relative_part }}' as relative_part, '{{ kinship }}' as kinship{{ " union all" if not loop.last }}
    {% endfor %}
),

asked_parts as (
    select
        parts.*,
        kinships.relative_part,
        kinships.kinship
    from parts
    inner join subjects on parts.person_id = subjects.person_id
    inner join kinships on parts.part = kinships.part and (subjects.asks_for_all or kinships.kinship = 'parent')
),

by_register as (
    select
        asked_parts.person_id,
        relatives.person_id as relative_id,
        asked_parts.kinship,
        asked_parts.register,
        asked_parts.household_id,
        cast(null as varchar) as certificate_no,
        asked_parts.name_key,
        relatives.name_key as relative_name_key,
        asked_parts.is_current and relatives.is_current as is_current
    from asked_parts
    inner join parts as relatives
        on asked_parts.household_id = relatives.household_id
        and asked_parts.register = relatives.register
        and asked_parts.relative_part = relatives.part
        and asked_parts.person_id <> relatives.person_id
        and asked_parts.known_from_on < relatives.known_until_on
        and relatives.known_from_on < asked_parts.known_until_on
),

spouses_asked_for as (
    select
        keys.person_id,
        keys.person_key
    from subjects
    inner join keys on subjects.person_id = keys.person_id
    where subjects.asks_for_all
),

registrations as (
    select
        certificate_no,
        kind,
        person_a_key as person_key,
        person_b_key as spouse_key,
        registered_on
    from marriages
    union all
    select
        certificate_no,
        kind,
        person_b_key as person_key,
        person_a_key as spouse_key,
        registered_on
    from marriages
),

weddings as (
    select
        spouses_asked_for.person_id,
        registrations.*
    from registrations
    inner join spouses_asked_for on registrations.person_key = spouses_asked_for.person_key
    where registrations.kind = '1'
),

divorces as (
    select
        registrations.person_key,
        registrations.spouse_key,
        max(registrations.registered_on) as registered_on
    from registrations
    inner join spouses_asked_for on registrations.person_key = spouses_asked_for.person_key
    where registrations.kind = '2'
    group by registrations.person_key, registrations.spouse_key
),

by_marriage as (
    select
        weddings.person_id,
        spouses.person_id as relative_id,
        'spouse' as kinship,
        'civil_affairs.marriages' as register,
        cast(null as integer) as household_id,
        weddings.certificate_no,
        null as name_key,
        null as relative_name_key,
        true as is_current
    from weddings
    inner join keys as spouses on weddings.spouse_key = spouses.person_key
    left join divorces on weddings.person_key = divorces.person_key and weddings.spouse_key = divorces.spouse_key
    where divorces.registered_on is null or divorces.registered_on < weddings.registered_on
),

shown as (
    select * from by_register
    union all
    select * from by_marriage
),

-- Several versions of the two rows show one relation; names are those of the latest snapshot.
final as (
    select
        person_id,
        relative_id,
        kinship,
        register,
        household_id,
        certificate_no,
        max(case when is_current then name_key end) as name_key,
        max(case when is_current then relative_name_key end) as relative_name_key,
        max(case when is_current then 1 else 0 end) = 1 as is_current
    from shown
    group by person_id, relative_id, kinship, register, household_id, certificate_no
)

select * from final
