-- One row per person covered by tekun who has a living spouse, parent or child that may be able to support (R10).
-- Review lane: a row of another register counts where number and name agree, or one name is missing.
with members as {{ read_anew() }} (
    select * from {{ ref("int_people__members") }}
),

relations as (
    select * from {{ ref("int_rules__relations") }} where is_current
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

deaths as (
    select * from {{ ref("int_people__deaths") }}
),

payroll as (
    select * from {{ ref("int_people__payroll") }} where is_on_payroll
),

watched_members as (
    select * from {{ ref("int_people__watched_members") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

household_order as (
    select * from {{ ref("int_people__household_order") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

numbers as (
    select
        policy.r10_able_from_age as from_age,
        policy.r10_able_to_age as to_age
    from {{ parameters_of_day(["r10_able_from_age", "r10_able_to_age"]) }} as policy
),

covered as (
    select
        person_id,
        name_key
    from members
    where is_household_active
        and category = 'tekun'
        and is_covered
        and is_alive_name_agreed
),

-- A register without names (marriages) takes the relative's name from the others, so that a name in conflict stays out.
named as (
    select
        relations.person_id,
        relations.relative_id,
        coalesce(
            relations.relative_name_key,
            max(relations.relative_name_key) over (partition by relations.person_id, relations.relative_id)
        ) as relative_name_key,
        relations.kinship,
        relations.register,
        relations.household_id,
        relations.certificate_no
    from relations
    inner join covered
        on relations.person_id = covered.person_id
        and {{ names_agree("relations.name_key", "covered.name_key") }}
),

-- Shown by the members of civil affairs before marriages and agriculture; the order of households is the same.
kin as (
    select
        named.person_id,
        named.relative_id,
        named.relative_name_key,
        min(named.kinship) as kinship,
        max(named.register) as register,
        arg_min(named.household_id, household_order.household_order) as household_id,
        min(named.certificate_no) as certificate_no
    from named
    left join household_order on named.household_id = household_order.household_id
    group by named.person_id, named.relative_id, named.relative_name_key
),

living as (
    select
        kin.*,
        case
            when kin.register = 'civil_affairs.marriages' then kin.certificate_no
            else {{ published_key("household_keys.household_key") }}
        end as register_key,
        relative_keys.person_key as relative_key,
        persons.age_years,
        persons.age_years between numbers.from_age and numbers.to_age as is_of_working_age,
        numbers.from_age,
        numbers.to_age
    from kin
    cross join numbers
    inner join persons on kin.relative_id = persons.person_id
    inner join keys as relative_keys on kin.relative_id = relative_keys.person_id
    left join household_keys on kin.household_id = household_keys.household_id
    left join deaths
        on kin.relative_id = deaths.person_id
        and {{ names_agree("kin.relative_name_key", "deaths.name_key") }}
    where deaths.died_on is null or deaths.died_on >= {{ run_date() }}
),

registered as (
    select
        living.person_id,
        living.relative_id,
        max(case when members.labour = '1' then 1 when members.labour is not null then 0 end) = 1 as is_able_by_labour,
        max(case when watched_members.labour_skill in ('1', '2') then 1 when watched_members.labour_skill is not null then 0 end) = 1
            as is_able_by_skill
    from living
    left join members
        on living.relative_id = members.person_id
        and {{ names_agree("living.relative_name_key", "members.name_key") }}
    left join watched_members
        on living.relative_id = watched_members.person_id
        and {{ names_agree("living.relative_name_key", "watched_members.name_key") }}
    where living.is_of_working_age
    group by living.person_id, living.relative_id
),

supporters as (
    select
        living.*,
        payroll.monthly_wage_cny,
        payroll.person_id is not null as is_on_payroll,
        coalesce(registered.is_able_by_labour, false) as is_able_by_labour,
        coalesce(registered.is_able_by_skill, false) as is_able_by_skill,
        coalesce(registered.is_able_by_labour or registered.is_able_by_skill, false) as is_able,
        living.is_of_working_age
        and coalesce(registered.is_able_by_labour, registered.is_able_by_skill) is null as is_unknown
    from living
    left join payroll
        on living.relative_id = payroll.person_id
        and {{ names_agree("living.relative_name_key", "payroll.name_key") }}
    left join registered
        on living.person_id = registered.person_id
        and living.relative_id = registered.relative_id
),

judged as (
    select
        person_id,
        count(distinct case when is_on_payroll or is_able then relative_id end) as supporters,
        count(distinct case when is_on_payroll then relative_id end) as on_payroll,
        count(distinct case when is_able then relative_id end) as able,
        {{ flattened_terms(
            evidence_list([
                ("is_on_payroll or is_able", evidence_term("register", "register_key", "'kinship'", "kinship", run_date())),
                ("is_on_payroll", evidence_term(
                    "'finance.payroll'", published_key("relative_key"), "'monthly_wage_cny'", "monthly_wage_cny", run_date(),
                    "yuan_a_month"
                )),
                ("is_able_by_labour", evidence_term(
                    "'civil_affairs.members'", published_key("relative_key"), "'is_registered_able'", "'true'", run_date()
                )),
                ("is_able_by_skill", evidence_term(
                    "'agriculture.monitored_members'", published_key("relative_key"), "'is_registered_able'", "'true'", run_date()
                )),
                ("is_able", evidence_term(
                    "register", published_key("relative_key"), "'age_years'", "age_years", run_date(), "year", "start"
                )),
                ("is_able", parameter_term("r10_able_from_age", "from_age", "year", "compared_with")),
                ("is_able", evidence_term(
                    "register", published_key("relative_key"), "'age_years'", "age_years", run_date(), "year", "start"
                )),
                ("is_able", parameter_term("r10_able_to_age", "to_age", "year", "compared_with")),
            ]),
            "relative_key, relative_name_key",
        ) }} as terms
    from supporters
    where is_on_payroll or is_able or is_unknown
    group by person_id
),

final as (
    select
        'R10' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        judged.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when judged.supporters > 0 then 'yellow' end as level,
        residence.household_id,
        judged.person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        cast(judged.supporters as varchar) || ' 名配偶、父母或子女可能具备履行义务能力：'
        || concat_ws(
            '，',
            case when judged.on_payroll > 0 then cast(judged.on_payroll as varchar) || ' 人在财政供养名册中' end,
            case when judged.able > 0 then cast(judged.able as varchar) || ' 人处于劳动年龄且登记为有劳动能力' end
        ) as reason_zh,
        'Of spouse, parents and children ' || cast(judged.supporters as varchar) || ' may be able to support: '
        || concat_ws(
            ', ',
            case when judged.on_payroll > 0 then cast(judged.on_payroll as varchar) || ' on the public payroll' end,
            case when judged.able > 0 then cast(judged.able as varchar) || ' of working age and registered as able to work' end
        ) as reason_en,
        {{ evidence_json(["judged.terms"]) }} as evidence,
        '亲属是否实际履行义务、有无重病或其他负担，尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        judged.supporters > 0 as is_judged
    from judged
    left join residence on judged.person_id = residence.person_id
)

select * from final
