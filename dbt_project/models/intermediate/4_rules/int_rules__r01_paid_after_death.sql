-- One row per dead person with payments for months after death, or still a member of an active household (R01).
with months_after_death as (
    select * from {{ ref("int_rules__months_after_death") }}
),

deaths as (
    select * from {{ ref("int_people__deaths") }}
),

members as (
    select * from {{ ref("int_people__members") }} where is_household_active
),

numbers as (
    select {{ parameter("r01_member_after_death_days") }} as member_days
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

own_payments as (
    select
        person_id,
        sum(paid_cny) as paid_cny,
        count(distinct month_on) as months,
        min(month_on) as first_month_on,
        max(month_on) as last_month_on,
        {{ begun_terms(flattened_terms("terms", "month_on, programme")) }} as terms
    from months_after_death
    where unit = 'person'
    group by person_id
    having sum(paid_cny) > 0
),

household_payments as (
    select
        person_id,
        sum(paid_cny) as paid_cny,
        {{ begun_terms(flattened_terms("terms", "beneficiary_id, month_on")) }} as terms
    from months_after_death
    where unit = 'household'
    group by person_id
    having sum(paid_cny) > 0
),

memberships as (
    select
        members.person_id,
        {{ evidence_terms(
            evidence_term(
                "'civil_affairs.members'", published_key("household_keys.household_key"), "'is_member_of_active_household'",
                "'true'", run_date()
            ),
            "household_keys.household_key"
        ) }} as terms
    from members
    inner join deaths
        on members.person_id = deaths.person_id
        and (members.name_key = deaths.name_key or members.name_key is null or deaths.name_key is null)
    inner join household_keys on members.household_id = household_keys.household_id
    cross join numbers
    where {{ run_date() }} > {{ add_days("deaths.died_on", "numbers.member_days") }}
    group by members.person_id
),

subjects as (
    select person_id from own_payments
    union
    select person_id from household_payments
    union
    select person_id from memberships
),

final as (
    select
        'R01' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        subjects.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        'red' as level,
        residence.household_id,
        subjects.person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        cast(own_payments.paid_cny as decimal(20, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        concat_ws(
            '；',
            case when own_payments.person_id is not null
                then {{ yuan("own_payments.paid_cny") }} || ' 元：' || cast(own_payments.months as varchar)
                    || ' 个月（' || {{ month_span("own_payments.first_month_on", "own_payments.last_month_on", " 至 ") }}
                    || '）的待遇所属月份晚于登记的死亡月份'
            end,
            case when household_payments.person_id is not null
                then {{ yuan("household_payments.paid_cny") }} || ' 元：全部成员均有死亡登记的家庭在其后月份仍有低保金发放记录'
            end,
            case when memberships.person_id is not null
                then cast({{ days_between("deaths.died_on", run_date()) }} as varchar)
                    || ' 天：死亡登记后本人仍列在在保家庭成员中'
            end,
            '登记死亡日期 ' || cast(deaths.died_on as varchar)
        ) as reason_zh,
        concat_ws(
            '; ',
            case when own_payments.person_id is not null
                then {{ yuan("own_payments.paid_cny") }} || ' yuan for ' || cast(own_payments.months as varchar)
                    || ' month(s) after the month of death ('
                    || {{ month_span("own_payments.first_month_on", "own_payments.last_month_on", " to ") }} || ')'
            end,
            case when household_payments.person_id is not null
                then {{ yuan("household_payments.paid_cny") }}
                    || ' yuan of dibao for later months to a family all of whose members are registered as dead'
            end,
            case when memberships.person_id is not null
                then cast({{ days_between("deaths.died_on", run_date()) }} as varchar)
                    || ' days after death still a member of an active household'
            end,
            'registered date of death ' || cast(deaths.died_on as varchar)
        ) as reason_en,
        {{ evidence_json([
            evidence_list([("true", evidence_term(
                "'civil_affairs.cremations'", published_key("keys.person_key"), "'died_on'", "deaths.died_on", run_date(), "date"
            ))]),
            "own_payments.terms",
            evidence_list([("own_payments.person_id is not null", rule_term(
                "R01", "amount_cny", "own_payments.paid_cny", run_date(), "yuan", "result"
            ))]),
            "household_payments.terms",
            evidence_list([("household_payments.person_id is not null", rule_term(
                "R01", "paid_to_family_cny", "household_payments.paid_cny", run_date(), "yuan", "result"
            ))]),
            evidence_list([
                ("memberships.person_id is not null", evidence_term(
                    "'civil_affairs.cremations'", published_key("keys.person_key"), "'days_since_death'",
                    days_between("deaths.died_on", run_date()), run_date(), "day", "start"
                )),
                ("memberships.person_id is not null", parameter_term(
                    "r01_member_after_death_days", "numbers.member_days", "day", "compared_with"
                )),
            ]),
            "memberships.terms",
        ]) }} as evidence,
        '家属是否已申报、死亡登记与发放信息哪一方有误，尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        true as is_judged
    from subjects
    inner join deaths on subjects.person_id = deaths.person_id
    inner join keys on subjects.person_id = keys.person_id
    cross join numbers
    left join own_payments on subjects.person_id = own_payments.person_id
    left join household_payments on subjects.person_id = household_payments.person_id
    left join memberships on subjects.person_id = memberships.person_id
    left join residence on subjects.person_id = residence.person_id
)

select * from final
