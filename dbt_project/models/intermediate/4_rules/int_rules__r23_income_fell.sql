-- One row per civil-affairs household whose wage or farm income fell and that is now below the line, or of which it cannot be
-- told (R23). Rows that are judged and have no level hold the ground alone: somebody is helped, and R24 asks for the ground
-- without that test.
with members as {{ read_anew() }} (
    select * from {{ ref("int_people__members") }} where is_alive
),

households as (
    select * from {{ ref("int_people__households") }}
),

payroll as (
    select * from {{ ref("stg_finance__payroll") }} where is_latest
),

deliveries as (
    select * from {{ ref("stg_control__deliveries") }}
    where department = 'finance' and table_name = 'payroll' and verdict = 'accepted' and received_on <= {{ run_date() }}
),

farm_incomes as (
    select * from {{ ref("stg_agriculture__farm_incomes") }}
    where known_until_on is null and kind in ('1', '2') and year between year({{ run_date() }}) - 2 and year({{ run_date() }}) - 1
),

income as (
    select * from {{ ref("int_measures__household_income") }}
),

checks as (
    select * from {{ ref("int_measures__economic_checks") }} where recency = 1
),

assistance as (
    select * from {{ ref("int_people__assistance") }}
),

keys as {{ read_anew() }} (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

numbers as (
    select
        policy.r23_payroll_days as payroll_days,
        {{ add_days(run_date(), "-policy.r23_payroll_days") }} as from_on,
        policy.r23_farm_share as farm_share,
        policy.r23_farm_from_cny as farm_from_cny,
        policy.r23_income_multiple as income_multiple
    from {{ parameters_of_day(["r23_payroll_days", "r23_farm_share", "r23_farm_from_cny", "r23_income_multiple"]) }} as policy
),

-- Off the payroll by its own date, or missing from the latest payroll and in one received not long ago.
last_held as (
    select
        payroll.person_key,
        payroll.until_on,
        max(deliveries.received_on) as last_held_on
    from payroll
    left join deliveries
        on deliveries.received_on >= payroll.known_from_on
        and deliveries.received_on < payroll.known_until_on
    where payroll.until_on is not null or payroll.known_until_on is not null
    group by payroll.person_key, payroll.until_on
),

leavers as (
    select
        keys.person_id,
        keys.person_key,
        case when last_held.until_on between numbers.from_on and {{ run_date() }} then last_held.until_on end as until_on,
        last_held.last_held_on
    from last_held
    cross join numbers
    inner join keys on last_held.person_key = keys.person_key
    where last_held.until_on between numbers.from_on and {{ run_date() }}
        or last_held.last_held_on >= numbers.from_on
),

leaver_households as (
    select
        members.household_id,
        count(distinct leavers.person_id) as leavers,
        {{ evidence_terms(
            evidence_term(
                "'finance.payroll'", published_key("leavers.person_key"),
                "case when leavers.until_on is not null then 'until' else 'last_held_on' end",
                "coalesce(leavers.until_on, leavers.last_held_on)", run_date(), "date"
            ),
            "leavers.person_key"
        ) }} as terms
    from members
    inner join leavers on members.person_id = leavers.person_id
    group by members.household_id
),

farm_by_person as (
    select
        keys.person_id,
        sum(case when farm_incomes.year = year({{ run_date() }}) - 1 then farm_incomes.amount_cny end) as last_year_cny,
        sum(case when farm_incomes.year = year({{ run_date() }}) - 2 then farm_incomes.amount_cny end) as year_before_cny
    from farm_incomes
    inner join keys on farm_incomes.person_key = keys.person_key
    group by keys.person_id
),

farm_households as (
    select
        members.household_id,
        sum(farm_by_person.last_year_cny) as last_year_cny,
        sum(farm_by_person.year_before_cny) as year_before_cny
    from members
    inner join farm_by_person on members.person_id = farm_by_person.person_id
    group by members.household_id
),

falls as (
    select
        households.household_id,
        households.county_code,
        households.township_code,
        households.area_code,
        households.living_members,
        leaver_households.leavers,
        leaver_households.terms as leaver_terms,
        farm_households.last_year_cny,
        farm_households.year_before_cny,
        numbers.payroll_days,
        numbers.farm_share,
        numbers.farm_from_cny,
        numbers.income_multiple,
        leaver_households.household_id is not null as has_left_payroll,
        coalesce(
            farm_households.year_before_cny >= numbers.farm_from_cny
            and farm_households.last_year_cny < farm_households.year_before_cny * numbers.farm_share,
            false
        ) as has_farm_fallen
    from households
    cross join numbers
    left join leaver_households on households.household_id = leaver_households.household_id
    left join farm_households on households.household_id = farm_households.household_id
    where leaver_households.household_id is not null
        or farm_households.year_before_cny >= numbers.farm_from_cny
        and coalesce(farm_households.last_year_cny < farm_households.year_before_cny * numbers.farm_share, true)
),

-- Yearly household sums, never rounded per head. Without a valid check income is a lower bound.
compared as (
    select
        falls.*,
        household_keys.household_key,
        income.check_no,
        income.checked_on,
        income.observed_wage_year_cny,
        income.observed_property_year_cny,
        income.observed_business_year_cny,
        income.recomputed_year_cny,
        income.standard_cny,
        income.standard_version,
        cast(income.standard_cny * falls.living_members * 12 as decimal(18, 4)) as standard_year_cny,
        cast(income.standard_cny * falls.living_members * 12 * falls.income_multiple as decimal(18, 4)) as line_year_cny,
        case
            when falls.living_members = 0 then false
            when income.recomputed_year_cny >= income.standard_cny * falls.living_members * 12 * falls.income_multiple then false
            when income.is_lower_bound then null
            else income.recomputed_year_cny < income.standard_cny * falls.living_members * 12 * falls.income_multiple
        end as is_below_line,
        falls.has_left_payroll or falls.has_farm_fallen as has_fallen
    from falls
    inner join household_keys on falls.household_id = household_keys.household_id
    left join income on falls.household_id = income.household_id
),

families as (
    select
        members.household_id,
        max(case when assistance.is_helped then 1 else 0 end) = 1 as is_anybody_helped,
        min(case when assistance.is_helped then 1 else 0 end) = 1 as is_everybody_helped
    from members
    inner join assistance on members.person_id = assistance.person_id
    group by members.household_id
),

-- What is known not to be below the line is left out; the ground is unknown where the line, or the fall, is.
tested as (
    select
        compared.*,
        case when compared.has_fallen and compared.is_below_line then true end as is_ground,
        not families.is_anybody_helped or families.is_everybody_helped as is_asked,
        families.is_everybody_helped,
        checks.wage_income_cny,
        checks.property_income_cny,
        checks.business_income_cny,
        checks.transfer_income_cny,
        coalesce(compared.observed_wage_year_cny > checks.wage_income_cny, false) as is_wage_observed,
        coalesce(compared.observed_property_year_cny > checks.property_income_cny, false) as is_property_observed,
        coalesce(compared.observed_business_year_cny > checks.business_income_cny, false) as is_business_observed
    from compared
    inner join families on compared.household_id = families.household_id
    left join checks on compared.household_id = checks.household_id and compared.check_no = checks.check_no
    where coalesce(compared.is_below_line, true)
),

final as (
    select
        'R23' as rule_id,
        'household' as unit,
        tested.household_id as subject_household_id,
        cast(null as integer) as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when tested.is_ground and tested.is_asked then 'yellow' end as level,
        tested.household_id,
        cast(null as integer) as person_id,
        tested.county_code,
        tested.township_code,
        tested.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        case when tested.is_ground then {{ ratio("tested.recomputed_year_cny", "tested.standard_year_cny") }} end as ratio_to_standard,
        {{ yuan(share_of("tested.recomputed_year_cny", "12 * tested.living_members")) }}
        || ' 元：重新计算的家庭人均月收入，当地低保标准 ' || {{ yuan("tested.standard_cny") }} || ' 元；'
        || concat_ws(
            '；',
            case when tested.has_left_payroll
                then cast(tested.leavers as varchar) || ' 人近 ' || cast(cast(tested.payroll_days as integer) as varchar)
                    || ' 天内离开财政供养名册'
            end,
            case when tested.has_farm_fallen
                then '上年土地流转和分红收入 ' || {{ yuan("tested.last_year_cny") }} || ' 元，前一年 '
                    || {{ yuan("tested.year_before_cny") }} || ' 元'
            end
        ) as reason_zh,
        {{ yuan(share_of("tested.recomputed_year_cny", "12 * tested.living_members")) }}
        || ' yuan recomputed per head and month, dibao standard ' || {{ yuan("tested.standard_cny") }} || '; '
        || concat_ws(
            '; ',
            case when tested.has_left_payroll
                then cast(tested.leavers as varchar) || ' left the public payroll within '
                    || cast(cast(tested.payroll_days as integer) as varchar) || ' days'
            end,
            case when tested.has_farm_fallen
                then 'land and dividend income ' || {{ yuan("tested.last_year_cny") }} || ' last year, '
                    || {{ yuan("tested.year_before_cny") }} || ' the year before'
            end
        ) as reason_en,
        case when tested.is_ground then {{ evidence_json([
            "tested.leaver_terms",
            evidence_list([
                ("tested.has_left_payroll", parameter_term("r23_payroll_days", "tested.payroll_days", "day")),
                ("tested.has_farm_fallen", evidence_term(
                    "'agriculture.farm_incomes'", published_key("tested.household_key"), "'land_income_year_before_cny'",
                    "tested.year_before_cny", "cast(year(" ~ run_date() ~ ") - 2 as varchar) || '-12-31'", "yuan_a_year", "start"
                )),
                ("tested.has_farm_fallen", parameter_term("r23_farm_from_cny", "tested.farm_from_cny", "yuan_a_year", "compared_with")),
                ("tested.has_farm_fallen", parameter_term("r23_farm_share", "tested.farm_share", "ratio", "times")),
                ("tested.has_farm_fallen", rule_term(
                    "R23", "farm_line_cny", "cast(tested.year_before_cny * tested.farm_share as decimal(20, 4))", run_date(), "yuan_a_year", "result"
                )),
                ("tested.has_farm_fallen", evidence_term(
                    "'agriculture.farm_incomes'", published_key("tested.household_key"), "'land_income_last_year_cny'",
                    "tested.last_year_cny", "cast(year(" ~ run_date() ~ ") - 1 as varchar) || '-12-31'", "yuan_a_year", "start"
                )),
                ("tested.has_farm_fallen", rule_term(
                    "R23", "farm_line_cny", "cast(tested.year_before_cny * tested.farm_share as decimal(20, 4))", run_date(), "yuan_a_year", "compared_with"
                )),
                ("true", evidence_term(
                    "'policy.assistance_standards'", "tested.standard_version", "'standard_cny'", "tested.standard_cny", run_date(),
                    "yuan_a_month", "start"
                )),
                ("true", evidence_term(
                    "'civil_affairs.members'", published_key("tested.household_key"), "'living_members'", "tested.living_members",
                    run_date(), "person", "times"
                )),
                ("true", rule_term("R23", "months_of_a_year", "12", run_date(), "month", "times")),
                ("true", parameter_term("r23_income_multiple", "tested.income_multiple", "ratio", "times")),
                ("true", rule_term("R23", "line_year_cny", "tested.line_year_cny", run_date(), "yuan_a_year", "result")),
                ("not tested.is_wage_observed", evidence_term(
                    "'civil_affairs.economic_checks'", "tested.check_no", "'wage_income_cny'", "tested.wage_income_cny",
                    "tested.checked_on", "yuan_a_year", "start"
                )),
                ("tested.is_wage_observed", evidence_term(
                    "'finance.payroll'", published_key("tested.household_key"), "'observed_wage_year_cny'",
                    "tested.observed_wage_year_cny", run_date(), "yuan_a_year", "start"
                )),
                ("not tested.is_property_observed", evidence_term(
                    "'civil_affairs.economic_checks'", "tested.check_no", "'property_income_cny'", "tested.property_income_cny",
                    "tested.checked_on", "yuan_a_year", "plus"
                )),
                ("tested.is_property_observed", evidence_term(
                    "'agriculture.farm_incomes'", published_key("tested.household_key"), "'observed_property_year_cny'",
                    "tested.observed_property_year_cny", run_date(), "yuan_a_year", "plus"
                )),
                ("not tested.is_business_observed", evidence_term(
                    "'civil_affairs.economic_checks'", "tested.check_no", "'business_income_cny'", "tested.business_income_cny",
                    "tested.checked_on", "yuan_a_year", "plus"
                )),
                ("tested.is_business_observed", evidence_term(
                    "'agriculture.farm_incomes'", published_key("tested.household_key"), "'observed_business_year_cny'",
                    "tested.observed_business_year_cny", run_date(), "yuan_a_year", "plus"
                )),
                ("true", evidence_term(
                    "'civil_affairs.economic_checks'", "tested.check_no", "'transfer_income_cny'", "tested.transfer_income_cny",
                    "tested.checked_on", "yuan_a_year", "plus"
                )),
                ("true", rule_term(
                    "R23", "recomputed_year_cny", "tested.recomputed_year_cny", run_date(), "yuan_a_year", "result"
                )),
                ("true", rule_term("R23", "line_year_cny", "tested.line_year_cny", run_date(), "yuan_a_year", "compared_with")),
                ("true", evidence_term(
                    "'civil_affairs.members'", published_key("tested.household_key"), "'living_members'", "tested.living_members",
                    run_date(), "person", "divided_by"
                )),
                ("true", rule_term("R23", "months_of_a_year", "12", run_date(), "month", "divided_by")),
                ("true", rule_term(
                    "R23", "recomputed_per_capita_cny", share_of("tested.recomputed_year_cny", "12 * tested.living_members"), run_date(), "yuan_a_month", "result"
                )),
                ("true", evidence_term(
                    "'policy.assistance_standards'", "tested.standard_version", "'standard_cny'", "tested.standard_cny", run_date(),
                    "yuan_a_month", "divided_by"
                )),
                ("true", rule_term(
                    "R23", "ratio_to_standard", ratio("tested.recomputed_year_cny", "tested.standard_year_cny"), run_date(), "ratio", "result"
                )),
            ]),
        ]) }} end as evidence,
        case
            when tested.is_ground then '核对之后的收入变化、离开名册的原因尚不清楚'
            when not tested.has_fallen then '上年土地流转和分红收入未登记'
            else '家庭当前收入或适用标准尚不清楚'
        end as unknown_zh,
        case when tested.is_everybody_helped then 'helped' end as inhibited_by,
        tested.is_ground is not null or not tested.is_asked as is_judged,
        tested.is_ground
    from tested
)

select * from final
