-- One row per member of an active marginal household who may apply for dibao as one person (R13).
-- A member whose state of health is not known, and whom no certificate answers for, is not judged.
with members as (
    select * from {{ ref("int_people__members") }} where is_household_active and category = 'marginal'
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

assistance as (
    select * from {{ ref("int_people__assistance") }}
),

certificates as (
    select * from {{ ref("int_people__valid_certificates") }}
),

households as (
    select * from {{ ref("int_people__households") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

-- One marginal household per person, where the register names several.
candidates as (
    select
        members.person_id,
        coalesce(
            arg_min(members.household_id, members.household_order) filter (where members.is_covered),
            arg_min(members.household_id, members.household_order)
        ) as household_id,
        max(case when members.health = '3' then 1 else 0 end) = 1 as is_by_register,
        coalesce(certificates.is_single_person_class, false) as is_by_certificate,
        max(case when members.health = '3' or certificates.is_single_person_class then 1 else 0 end) = 1 as is_found,
        certificates.level as certificate_level
    from members
    left join certificates on members.person_id = certificates.person_id
    where members.health = '3' or members.health is null or certificates.is_single_person_class
    group by members.person_id, certificates.is_single_person_class, certificates.level
),

final as (
    select
        'R13' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        candidates.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when candidates.is_found then 'red' end as level,
        candidates.household_id,
        candidates.person_id,
        households.county_code,
        households.township_code,
        households.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        '1 人：在低保边缘家庭中，符合单人户申请低保的登记条件'
        || case when candidates.is_by_certificate then '（残疾等级 ' || candidates.certificate_level || ' 级）' else '（家庭成员登记情况）' end
        || '，目前未享受低保或特困供养' as reason_zh,
        '1 person in a marginal household meets the registered conditions for dibao as one person'
        || case
            when candidates.is_by_certificate then ' (certificate level ' || candidates.certificate_level || ')'
            else ' (by the member register)'
        end || ' and receives neither dibao nor tekun' as reason_en,
        {{ evidence_json([
            evidence_list([
                ("true", evidence_term(
                    "'civil_affairs.households'", published_key("household_keys.household_key"), "'category'", "'marginal'",
                    run_date()
                )),
                ("candidates.is_by_register", evidence_term(
                    "'civil_affairs.members'", published_key("keys.person_key"), "'meets_single_person_condition'", "'true'",
                    run_date()
                )),
                ("candidates.is_by_certificate", evidence_term(
                    "'disabled_federation.certificates'", published_key("keys.person_key"), "'level'",
                    "candidates.certificate_level", run_date(), "level"
                )),
            ]),
        ]) }} as evidence,
        case
            when candidates.is_found then '本人是否愿意申请、近期收入是否变化，尚不清楚'
            else '健康状况未登记'
        end as unknown_zh,
        case
            when not persons.is_alive then 'death'
            when assistance.is_helped then 'helped'
        end as inhibited_by,
        candidates.is_found as is_judged
    from candidates
    inner join persons on candidates.person_id = persons.person_id
    inner join assistance on candidates.person_id = assistance.person_id
    inner join households on candidates.household_id = households.household_id
    inner join keys on candidates.person_id = keys.person_id
    inner join household_keys on candidates.household_id = household_keys.household_id
    where not assistance.is_in_children_roll_kinds_1_to_3
)

select * from final
