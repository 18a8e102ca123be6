-- One row per minor outside the children roll whose parents are each dead or severely disabled (R19).
-- One parent able to care answers for both; a parent never on record, and none able known, leaves the child unjudged.
with persons as {{ read_anew() }} (
    select * from {{ ref("int_people__persons") }}
),

relations as (
    select * from {{ ref("int_rules__relations") }} where kinship = 'parent'
),

certificates as (
    select * from {{ ref("int_people__valid_certificates") }}
),

children as (
    select * from {{ ref("int_people__children") }} where is_in_roll and kind in ('1', '2', '3', '4')
),

residence as {{ read_anew() }} (
    select * from {{ ref("int_people__residence") }}
),

keys as {{ read_anew() }} (
    select * from {{ ref("int_people__keys") }}
),

household_order as (
    select * from {{ ref("int_people__household_order") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

numbers as (
    select {{ parameter("minor_below_age") }} as below_age
),

minors as (
    select
        persons.person_id,
        persons.age_years,
        persons.is_alive,
        numbers.below_age
    from persons
    cross join numbers
    left join children on persons.person_id = children.person_id
    where persons.age_years < numbers.below_age and children.person_id is null
),

-- One row per child and parent, over all snapshots received; shown by civil affairs before agriculture, as households are ordered.
parents as (
    select
        relations.person_id,
        relations.relative_id as parent_id,
        max(relations.register) as register,
        arg_min(relations.household_id, household_order.household_order) as household_id
    from relations
    inner join household_order on relations.household_id = household_order.household_id
    group by relations.person_id, relations.relative_id
),

lives as (
    select
        parents.person_id,
        parents.parent_id,
        parents.register,
        parents.household_id,
        parent_persons.died_on,
        not parent_persons.is_alive as is_dead,
        certificates.level as certificate_level,
        coalesce(certificates.is_severe or certificates.is_intellectual_or_mental, false) as is_disabled
    from parents
    inner join minors on parents.person_id = minors.person_id
    inner join persons as parent_persons on parents.parent_id = parent_persons.person_id
    left join certificates on parents.parent_id = certificates.person_id
),

counted as (
    select
        person_id,
        count(*) as parents,
        sum(case when is_dead then 1 else 0 end) as dead,
        sum(case when is_disabled and not is_dead then 1 else 0 end) as disabled
    from lives
    group by person_id
),

judged as (
    select
        minors.*,
        coalesce(counted.parents, 0) as parents,
        coalesce(counted.dead, 0) as dead,
        coalesce(counted.disabled, 0) as disabled,
        coalesce(counted.parents >= 2, false) as is_judged
    from minors
    left join counted on minors.person_id = counted.person_id
    left join residence on minors.person_id = residence.person_id
    where counted.parents = counted.dead + counted.disabled
        or counted.person_id is null and residence.concept <> 'person'
),

terms as (
    select
        judged.person_id,
        {{ flattened_terms(
            evidence_list([
                ("true", evidence_term(
                    "lives.register", published_key("household_keys.household_key"), "'kinship'", "'parent'", run_date()
                )),
                ("lives.is_dead", evidence_term(
                    "'civil_affairs.cremations'", published_key("parent_keys.person_key"), "'died_on'", "lives.died_on", run_date(),
                    "date"
                )),
                ("lives.is_disabled and not lives.is_dead", evidence_term(
                    "'disabled_federation.certificates'", published_key("parent_keys.person_key"), "'level'",
                    "lives.certificate_level", run_date(), "level"
                )),
            ]),
            "parent_keys.person_key",
        ) }} as terms
    from judged
    inner join lives on judged.person_id = lives.person_id
    inner join keys as parent_keys on lives.parent_id = parent_keys.person_id
    left join household_keys on lives.household_id = household_keys.household_id
    where judged.is_judged
    group by judged.person_id
),

final as (
    select
        'R19' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        judged.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when judged.is_judged then 'red' end as level,
        residence.household_id,
        judged.person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        case
            when judged.is_judged
                then cast(judged.age_years as varchar) || ' 岁儿童：登记的父母中 '
                    || concat_ws(
                        '、',
                        case when judged.dead > 0 then cast(judged.dead as varchar) || ' 人已去世' end,
                        case when judged.disabled > 0 then cast(judged.disabled as varchar) || ' 人持有相应类别和等级的残疾人证' end
                    )
                    || '，儿童未列入孤儿和困境儿童名册'
        end as reason_zh,
        case
            when judged.is_judged
                then 'Child aged ' || cast(judged.age_years as varchar) || ', of whose parents on record '
                    || concat_ws(
                        ', ',
                        case when judged.dead > 0 then cast(judged.dead as varchar) || ' died' end,
                        case when judged.disabled > 0 then cast(judged.disabled as varchar) || ' holds a disability certificate that counts' end
                    )
                    || ', and who is not in the children roll'
        end as reason_en,
        {{ evidence_json([
            "terms.terms",
            evidence_list([
                ("judged.is_judged", evidence_term(
                    "'civil_affairs.members'", published_key("keys.person_key"), "'age_years'", "judged.age_years", run_date(), "year",
                    "start"
                )),
                ("judged.is_judged", parameter_term("minor_below_age", "judged.below_age", "year", "compared_with")),
            ]),
        ]) }} as evidence,
        case
            when judged.is_judged then '目前由谁照料、父母有无履行抚养责任，尚不清楚'
            else '登记中未查到父亲或母亲'
        end as unknown_zh,
        case when not judged.is_alive then 'death' end as inhibited_by,
        judged.is_judged
    from judged
    inner join keys on judged.person_id = keys.person_id
    left join terms on judged.person_id = terms.person_id
    left join residence on judged.person_id = residence.person_id
)

select * from final
