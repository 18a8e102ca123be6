-- One row per person or household whose recognition or grace ends soon, or has ended and still stands (R09).
with numbers as (
    select
        r09_days_ahead as days_ahead,
        r09_age as age,
        r09_rigid_months as rigid_months,
        {{ add_days(run_date(), "r09_days_ahead") }} as until_on
    from {{ parameters_of_day(["r09_days_ahead", "r09_age", "r09_rigid_months"]) }} as parameters_of_day
),

persons as {{ read_anew() }} (
    select * from {{ ref("int_people__persons") }}
),

members as {{ read_anew() }} (
    select * from {{ ref("int_people__members") }}
),

households as {{ read_anew() }} (
    select * from {{ ref("int_people__households") }} where is_active
),

children as (
    select * from {{ ref("int_people__children") }} where is_in_roll and kind in ('1', '2', '3', '4')
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

-- In upper secondary or higher education the age ends nothing yet.
students as (
    select distinct person_id from members where student in ('2', '3')
),

recognised as (
    select members.person_id, households.approved_on, 'tekun' as recognised_as
    from members
    inner join households on members.household_id = households.household_id
    where members.is_covered and households.category = 'tekun'
    union all
    select person_id, approved_on, 'child' as recognised_as
    from children
),

coming_of_age as (
    select
        recognised.person_id,
        min(recognised.approved_on) as approved_on,
        max(case when recognised.recognised_as = 'tekun' then 1 else 0 end) = 1 as is_tekun,
        max(case when recognised.recognised_as = 'child' then 1 else 0 end) = 1 as is_child
    from recognised
    cross join numbers
    inner join persons on recognised.person_id = persons.person_id
    left join students on recognised.person_id = students.person_id
    where persons.is_alive
        and students.person_id is null
        and {{ age_on("persons.birth_on", "recognised.approved_on") }} < numbers.age
        and {{ age_on("persons.birth_on", "numbers.until_on") }} >= numbers.age
    group by recognised.person_id
),

ending as (
    select
        households.household_id,
        case
            when households.category = 'rigid' then {{ add_months("households.approved_on", "numbers.rigid_months") }}
        end as recognition_ends_on,
        households.grace_until_on,
        numbers.until_on
    from households
    cross join numbers
),

ended as (
    select
        household_id,
        case when recognition_ends_on <= until_on then recognition_ends_on end as recognition_ends_on,
        case when grace_until_on <= until_on then grace_until_on end as grace_until_on
    from ending
    where recognition_ends_on <= until_on or grace_until_on <= until_on
),

final as (
    select
        'R09' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        coming_of_age.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        'yellow' as level,
        residence.household_id,
        coming_of_age.person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        cast(cast(numbers.age as integer) as varchar) || ' 周岁：'
        || case when persons.age_years >= numbers.age then '已满' else cast(cast(numbers.days_ahead as integer) as varchar) || ' 天内将满' end
        || '，目前仍为' || concat_ws('、', case when coming_of_age.is_tekun then '特困供养对象' end, case when coming_of_age.is_child then '在册儿童' end)
            as reason_zh,
        cast(cast(numbers.age as integer) as varchar) || ' years: '
        || case when persons.age_years >= numbers.age then 'reached' else 'reached within ' || cast(cast(numbers.days_ahead as integer) as varchar) || ' days' end
        || ', still ' || concat_ws(' and ', case when coming_of_age.is_tekun then 'covered as tekun' end, case when coming_of_age.is_child then 'on the children roll' end)
            as reason_en,
        {{ evidence_json([evidence_list([
            ("coming_of_age.is_tekun", evidence_term(
                "'civil_affairs.members'", published_key("keys.person_key"), "'age_years'", "persons.age_years", run_date(), "year"
            )),
            ("coming_of_age.is_child", evidence_term(
                "'civil_affairs.children'", published_key("keys.person_key"), "'age_years'", "persons.age_years", run_date(), "year"
            )),
            ("true", parameter_term("r09_age", "numbers.age", "year")),
            ("true", parameter_term("r09_days_ahead", "numbers.days_ahead", "day")),
        ])]) }} as evidence,
        '是否仍在校就读、今后的生活安排，尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        true as is_judged
    from coming_of_age
    cross join numbers
    inner join persons on coming_of_age.person_id = persons.person_id
    inner join keys on coming_of_age.person_id = keys.person_id
    left join residence on coming_of_age.person_id = residence.person_id
    union all
    select
        'R09' as rule_id,
        'household' as unit,
        ended.household_id as subject_household_id,
        cast(null as integer) as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        'yellow' as level,
        ended.household_id,
        cast(null as integer) as person_id,
        households.county_code,
        households.township_code,
        households.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        concat_ws(
            '；',
            case when ended.recognition_ends_on is not null then cast(ended.recognition_ends_on as varchar)
                || '：刚性支出困难家庭认定' || case when ended.recognition_ends_on < {{ run_date() }} then '已到期' else '到期' end end,
            case when ended.grace_until_on is not null then cast(ended.grace_until_on as varchar)
                || '：渐退期' || case when ended.grace_until_on < {{ run_date() }} then '已截止' else '截止' end end
        ) as reason_zh,
        concat_ws(
            '; ',
            case when ended.recognition_ends_on is not null then cast(ended.recognition_ends_on as varchar)
                || ': the recognition for rigid expenditure ' || case when ended.recognition_ends_on < {{ run_date() }} then 'ended' else 'ends' end end,
            case when ended.grace_until_on is not null then cast(ended.grace_until_on as varchar)
                || ': the grace period ' || case when ended.grace_until_on < {{ run_date() }} then 'ended' else 'ends' end end
        ) as reason_en,
        {{ evidence_json([evidence_list([
            ("ended.recognition_ends_on is not null", evidence_term(
                "'civil_affairs.households'", published_key("household_keys.household_key"), "'approved_on'", "households.approved_on",
                run_date(), "date"
            )),
            ("ended.recognition_ends_on is not null", parameter_term("r09_rigid_months", "numbers.rigid_months", "month")),
            ("ended.grace_until_on is not null", evidence_term(
                "'civil_affairs.households'", published_key("household_keys.household_key"), "'grace_until'", "ended.grace_until_on",
                run_date(), "date"
            )),
            ("true", parameter_term("r09_days_ahead", "numbers.days_ahead", "day")),
        ])]) }} as evidence,
        '家庭近期收入和支出变化尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        true as is_judged
    from ended
    cross join numbers
    inner join households on ended.household_id = households.household_id
    inner join household_keys on ended.household_id = household_keys.household_id
)

select * from final
