-- One row per person: by whom the person is helped on the day.
with persons as (
    select person_id from {{ ref("int_people__keys") }}
),

members as (
    select * from {{ ref("int_people__members") }}
    where is_household_active
),

children as (
    select person_id from {{ ref("int_people__children") }}
    where is_in_roll and kind in ('1', '2', '3')
),

by_person as (
    select
        person_id,
        max(case when is_covered and category in ('dibao', 'tekun') then 1 else 0 end) as helped,
        max(case when category in ('dibao', 'marginal', 'rigid') then 1 else 0 end) as low_income,
        max(case when is_covered and category = 'tekun' then 1 else 0 end) as tekun
    from members
    group by person_id
),

final as (
    select
        persons.person_id,
        coalesce(by_person.helped = 1, false) as is_helped,
        by_person.person_id is not null as is_assisted,
        coalesce(by_person.low_income = 1, false) as is_in_low_income_family,
        coalesce(by_person.tekun = 1, false) as is_covered_by_tekun,
        children.person_id is not null as is_in_children_roll_kinds_1_to_3
    from persons
    left join by_person on persons.person_id = by_person.person_id
    left join children on persons.person_id = children.person_id
)

select * from final
