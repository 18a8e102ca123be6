-- One row per person who is the only member of an active dibao household, cannot work by age or certificate, and has no
-- living spouse, child or parent in any register (R18).
with members as (
    select * from {{ ref("int_people__members") }} where is_household_active and category = 'dibao'
),

household_order as (
    select * from {{ ref("int_people__household_order") }}
),

households as {{ read_anew() }} (
    select * from {{ ref("int_people__households") }} where is_active and category = 'dibao' and living_members <= 1
),

persons as {{ read_anew() }} (
    select * from {{ ref("int_people__persons") }}
),

relations as (
    select * from {{ ref("int_rules__relations") }} where is_current
),

assistance as (
    select * from {{ ref("int_people__assistance") }}
),

certificates as (
    select * from {{ ref("int_people__valid_certificates") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

numbers as (
    select
        policy.r18_from_age as from_age,
        policy.r18_below_age as below_age
    from {{ parameters_of_day(["r18_from_age", "r18_below_age"]) }} as policy
),

-- The only living member; or the only member there was, whose death answers the condition.
alone as (
    select
        members.household_id,
        case when households.living_members = 1 then min(case when members.is_alive then members.person_id end) else min(members.person_id) end
            as person_id
    from members
    inner join households on members.household_id = households.household_id
    group by members.household_id, households.living_members
    having households.living_members = 1 or count(*) = 1
),

kin as (
    select
        relations.person_id,
        count(*) as living_kin
    from relations
    inner join persons on relations.relative_id = persons.person_id
    where persons.is_alive
    group by relations.person_id
),

-- One household per person, where the register names several.
candidates as (
    select
        alone.person_id,
        arg_min(alone.household_id, household_order.household_order) as household_id
    from alone
    inner join household_order on alone.household_id = household_order.household_id
    left join kin on alone.person_id = kin.person_id
    where kin.person_id is null
    group by alone.person_id
),

grounds as (
    select
        candidates.person_id,
        candidates.household_id,
        persons.is_alive,
        persons.age_years,
        numbers.from_age,
        numbers.below_age,
        persons.age_years >= numbers.from_age as is_old,
        persons.age_years < numbers.below_age as is_young,
        coalesce(certificates.is_without_labour_capacity, false) as is_by_certificate,
        certificates.level as certificate_level
    from candidates
    cross join numbers
    inner join persons on candidates.person_id = persons.person_id
    left join certificates on candidates.person_id = certificates.person_id
),

final as (
    select
        'R18' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        grounds.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        'orange' as level,
        grounds.household_id,
        grounds.person_id,
        households.county_code,
        households.township_code,
        households.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        '1 人：低保家庭仅本人一人，'
        || case
            when grounds.is_by_certificate and not grounds.is_old and not grounds.is_young
                then '残疾类别和等级（最高 ' || grounds.certificate_level || ' 级）符合无劳动能力情形'
            else '年龄 ' || cast(grounds.age_years as varchar) || ' 岁'
        end
        || '，各登记中未查到健在的配偶、子女或父母' as reason_zh,
        '1 person, the only member of a dibao household, '
        || case
            when grounds.is_by_certificate and not grounds.is_old and not grounds.is_young
                then 'unable to work by the certificate (highest level ' || grounds.certificate_level || ')'
            else 'aged ' || cast(grounds.age_years as varchar)
        end
        || ', with no living spouse, child or parent in any register' as reason_en,
        {{ evidence_json([evidence_list([
            ("true", evidence_term(
                "'civil_affairs.households'", published_key("household_keys.household_key"), "'living_members'",
                "households.living_members", run_date(), "person"
            )),
            ("grounds.is_old or grounds.is_young", evidence_term(
                "'civil_affairs.members'", published_key("keys.person_key"), "'age_years'", "grounds.age_years", run_date(), "year",
                "start"
            )),
            ("grounds.is_old", parameter_term("r18_from_age", "grounds.from_age", "year", "compared_with")),
            ("grounds.is_young", parameter_term("r18_below_age", "grounds.below_age", "year", "compared_with")),
            ("grounds.is_by_certificate", evidence_term(
                "'disabled_federation.certificates'", published_key("keys.person_key"), "'level'", "grounds.certificate_level",
                run_date(), "level"
            )),
            ("true", evidence_term(
                "'civil_affairs.members'", published_key("keys.person_key"), "'living_spouse_children_parents'", "0", run_date(),
                "person"
            )),
        ])]) }} as evidence,
        '登记之外是否有法定义务人、本人是否愿意申请特困供养，尚不清楚' as unknown_zh,
        case
            when not grounds.is_alive then 'death'
            when assistance.is_covered_by_tekun then 'tekun'
        end as inhibited_by,
        true as is_judged
    from grounds
    inner join households on grounds.household_id = households.household_id
    inner join keys on grounds.person_id = keys.person_id
    inner join household_keys on grounds.household_id = household_keys.household_id
    left join assistance on grounds.person_id = assistance.person_id
    where grounds.is_old or grounds.is_young or grounds.is_by_certificate
)

select * from final
