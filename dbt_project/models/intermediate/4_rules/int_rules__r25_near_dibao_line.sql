-- One row per active marginal household whose declared income is near the dibao line, below it, or falling towards it (R25).
with households as (
    select * from {{ ref("int_people__households") }}
    where is_active and category = 'marginal' and unit = 'whole'
),

members as (
    select * from {{ ref("int_people__members") }} where is_household_active and is_alive and category = 'marginal'
),

assistance as (
    select * from {{ ref("int_people__assistance") }}
),

income as (
    select * from {{ ref("int_measures__household_income") }}
),

checks as (
    select * from {{ ref("int_measures__economic_checks") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

previous_findings as (
    select * from {{ ref("int_rules__previous_findings") }} where rule_id = 'R25'
),

numbers as (
    select
        {{ parameter("r25_orange_multiple") }} as orange_multiple,
        {{ parameter("r25_orange_leave_multiple") }} as orange_leave_multiple,
        {{ parameter("r25_red_leave_multiple") }} as red_leave_multiple,
        {{ parameter("r25_checks_apart_days") }} as checks_apart_days,
        {{ parameter("r25_outlook_months") }} as outlook_months,
        {{ add_months(run_date(), parameter("r25_outlook_months")) }} as outlook_on
),

families as (
    select
        members.household_id,
        min(assistance.is_helped) as is_everybody_helped
    from members
    inner join assistance on members.person_id = assistance.person_id
    group by members.household_id
),

dead as (
    select distinct household_id
    from {{ ref("int_people__members") }}
    where is_household_active and not is_alive and category = 'marginal'
),

-- Yearly household sums, never rounded per head.
known as (
    select
        households.household_id,
        household_keys.household_key,
        households.county_code,
        households.township_code,
        households.area_code,
        households.living_members,
        income.check_no,
        income.checked_on,
        income.declared_year_cny,
        income.standard_cny,
        income.standard_version,
        cast(income.standard_cny * households.living_members * 12 as decimal(16, 2)) as line_cny,
        earlier.check_no as earlier_check_no,
        earlier.checked_on as earlier_checked_on,
        earlier.income_year_cny as earlier_declared_year_cny,
        cast({{ days_between("earlier.checked_on", "income.checked_on") }} as integer) as days_apart,
        cast({{ days_between("income.checked_on", "numbers.outlook_on") }} as integer) as days_ahead,
        numbers.orange_multiple,
        numbers.orange_leave_multiple,
        numbers.red_leave_multiple,
        numbers.checks_apart_days,
        numbers.outlook_months,
        numbers.outlook_on,
        coalesce(families.is_everybody_helped, false) as is_everybody_helped,
        households.living_members = 0 and dead.household_id is not null as is_everybody_dead,
        coalesce(previous_findings.level = 'red', false) as was_red,
        previous_findings.subject is not null as was_open
    from households
    inner join household_keys on households.household_id = household_keys.household_id
    cross join numbers
    left join income on households.household_id = income.household_id
    left join checks as earlier on households.household_id = earlier.household_id and earlier.recency = 2
    left join families on households.household_id = families.household_id
    left join dead on households.household_id = dead.household_id
    left join previous_findings on {{ published_key("household_keys.household_key") }} = previous_findings.subject
),

compared as (
    select
        *,
        declared_year_cny is not null and coalesce(line_cny > 0, false) as is_judged,
        declared_year_cny < line_cny as is_below_line,
        declared_year_cny <= line_cny * orange_multiple as is_near_line,
        -- earlier + (last - earlier) / days_apart * (outlook - earlier), multiplied by days_apart
        coalesce(
            days_apart >= checks_apart_days
            and declared_year_cny < earlier_declared_year_cny
            and cast(declared_year_cny * days_apart + (declared_year_cny - earlier_declared_year_cny) * days_ahead as decimal(28, 2))
            <= cast(line_cny * days_apart as decimal(28, 2)),
            false
        ) as is_falling_to_line
    from known
),

levelled as (
    select
        *,
        case
            when not is_judged then null
            when is_below_line or was_red and declared_year_cny < line_cny * red_leave_multiple then 'red'
            when is_near_line or is_falling_to_line then 'orange'
            when was_open and declared_year_cny <= line_cny * orange_leave_multiple then 'orange'
        end as level
    from compared
),

-- By what it is in, and the line it is held against.
grounded as (
    select
        *,
        case
            when level = 'red' and is_below_line then 'below'
            when level = 'red' then 'still_red'
            when is_near_line then 'near'
            when is_falling_to_line then 'falling'
            else 'still_near'
        end as ground,
        cast(line_cny * case
            when level = 'red' and is_below_line then 1
            when level = 'red' then red_leave_multiple
            when is_near_line then orange_multiple
            when is_falling_to_line then 1
            else orange_leave_multiple
        end as decimal(20, 4)) as held_against_year_cny
    from levelled
),

final as (
    select
        'R25' as rule_id,
        'household' as unit,
        household_id as subject_household_id,
        cast(null as integer) as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        level,
        household_id,
        cast(null as integer) as person_id,
        county_code,
        township_code,
        area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        {{ ratio("declared_year_cny", "line_cny") }} as ratio_to_standard,
        {{ yuan(share_of("declared_year_cny", "12 * living_members")) }} || ' 元：申报人均月收入，当地低保标准 '
        || {{ yuan("standard_cny") }} || ' 元'
        || case
            when is_below_line
                then '，低于标准（家庭年申报收入比标准线少 ' || {{ yuan("line_cny - declared_year_cny") }} || ' 元）'
            when is_near_line then '，接近标准'
            when is_falling_to_line
                then '；与 ' || cast(earlier_checked_on as varchar) || ' 核对相比下降，按此趋势 '
                    || cast(outlook_on as varchar) || ' 前可能降至标准以下'
            else '，此前接近标准，尚未明显回升'
        end as reason_zh,
        {{ yuan(share_of("declared_year_cny", "12 * living_members")) }} || ' yuan declared per head and month, dibao standard '
        || {{ yuan("standard_cny") }}
        || case
            when is_below_line
                then ', below the standard (the household by ' || {{ yuan("line_cny - declared_year_cny") }} || ' yuan a year)'
            when is_near_line then ', near the standard'
            when is_falling_to_line
                then '; fell since the check of ' || cast(earlier_checked_on as varchar) || ' and may reach the standard by '
                    || cast(outlook_on as varchar)
            else ', was near the standard and has not clearly risen'
        end as reason_en,
        {{ evidence_json([evidence_list([
            ("true", evidence_term(
                "'policy.assistance_standards'", "standard_version", "'standard_cny'", "standard_cny", run_date(),
                "yuan_a_month", "start"
            )),
            ("true", evidence_term(
                "'civil_affairs.members'", published_key("household_key"), "'living_members'", "living_members", run_date(),
                "person", "times"
            )),
            ("true", rule_term("R25", "months_of_a_year", "12", run_date(), "month", "times")),
            ("true", rule_term("R25", "line_year_cny", "line_cny", run_date(), "yuan_a_year", "result")),
            ("ground = 'near'", parameter_term("r25_orange_multiple", "orange_multiple", "ratio", "times")),
            ("ground = 'still_near'", parameter_term("r25_orange_leave_multiple", "orange_leave_multiple", "ratio", "times")),
            ("ground = 'still_red'", parameter_term("r25_red_leave_multiple", "red_leave_multiple", "ratio", "times", "red_leave_multiple")),
            ("ground in ('near', 'still_near', 'still_red')", rule_term("R25", "held_against_year_cny", "held_against_year_cny", run_date(), "yuan_a_year", "result")),
            ("true", evidence_term(
                "'civil_affairs.economic_checks'", "check_no", "'income_year_cny'", "declared_year_cny", "checked_on",
                "yuan_a_year", "start"
            )),
            ("ground <> 'falling'", rule_term("R25", "held_against_year_cny", "held_against_year_cny", run_date(), "yuan_a_year", "compared_with")),
            ("ground = 'falling'", evidence_term(
                "'civil_affairs.economic_checks'", "earlier_check_no", "'income_year_cny'", "earlier_declared_year_cny",
                "earlier_checked_on", "yuan_a_year", "minus"
            )),
            ("ground = 'falling'", rule_term("R25", "days_ahead", "days_ahead", run_date(), "day", "times")),
            ("ground = 'falling'", rule_term("R25", "days_apart", "days_apart", run_date(), "day", "divided_by")),
            ("ground = 'falling'", evidence_term(
                "'civil_affairs.economic_checks'", "check_no", "'income_year_cny'", "declared_year_cny", "checked_on",
                "yuan_a_year", "plus"
            )),
            ("ground = 'falling'", rule_term(
                "R25", "outlook_year_cny",
                share_of("declared_year_cny * days_apart + (declared_year_cny - earlier_declared_year_cny) * days_ahead", "days_apart"),
                "outlook_on", "yuan_a_year", "result"
            )),
            ("ground = 'falling'", rule_term("R25", "line_year_cny", "line_cny", run_date(), "yuan_a_year", "compared_with")),
            ("true", evidence_term(
                "'civil_affairs.economic_checks'", "check_no", "'income_year_cny'", "declared_year_cny", "checked_on",
                "yuan_a_year", "start"
            )),
            ("true", evidence_term(
                "'civil_affairs.members'", published_key("household_key"), "'living_members'", "living_members", run_date(),
                "person", "divided_by"
            )),
            ("true", rule_term("R25", "months_of_a_year", "12", run_date(), "month", "divided_by")),
            ("true", rule_term(
                "R25", "declared_per_capita_cny", share_of("declared_year_cny", "12 * living_members"), run_date(), "yuan_a_month",
                "result"
            )),
            ("true", evidence_term(
                "'policy.assistance_standards'", "standard_version", "'standard_cny'", "standard_cny", run_date(),
                "yuan_a_month", "divided_by"
            )),
            ("true", rule_term("R25", "ratio_to_standard", ratio("declared_year_cny", "line_cny"), run_date(), "ratio", "result")),
            ("ground = 'below'", parameter_term("r25_red_leave_multiple", "red_leave_multiple", "ratio", none, "red_leave_multiple")),
            ("ground = 'falling'", parameter_term("r25_outlook_months", "outlook_months", "month")),
            ("ground = 'falling'", parameter_term("r25_checks_apart_days", "checks_apart_days", "day")),
        ])]) }} as evidence,
        '核对日期 ' || cast(checked_on as varchar) || ' 之后的收入和支出变化尚不清楚' as unknown_zh,
        case when is_everybody_dead then 'death' when is_everybody_helped then 'helped' end as inhibited_by,
        is_judged
    from grounded
    where level is not null or not is_judged
)

select * from final
