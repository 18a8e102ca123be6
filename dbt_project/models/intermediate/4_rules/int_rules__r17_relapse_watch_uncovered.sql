-- One row per watched household with its risk open, none of whose members is assisted, and a ground to look at it (R17).
-- Who was found by what the register no longer tells is not judged where no other ground holds: that ends nothing.
with households as (
    select * from {{ ref("int_people__watched_households") }} where not is_risk_removed
),

members as (
    select * from {{ ref("int_people__watched_members") }} where is_alive
),

assistance as (
    select * from {{ ref("int_people__assistance") }}
),

income as (
    select * from {{ ref("int_measures__watch_income") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

previous_findings as (
    select * from {{ ref("int_rules__previous_findings") }} where rule_id = 'R17'
),

numbers as (
    select
        {{ parameter("r17_orange_multiple") }} as orange_multiple,
        {{ parameter("r17_leave_multiple") }} as leave_multiple
),

families as (
    select
        members.household_id,
        max(assistance.is_assisted) as is_anybody_assisted,
        min(assistance.is_helped) as is_everybody_helped
    from members
    inner join assistance on members.person_id = assistance.person_id
    group by members.household_id
),

dead as (
    select distinct household_id
    from {{ ref("int_people__watched_members") }}
    where not is_alive
),

-- Yearly household sums, never rounded per head. An alert that came in by a line leaves a little above it.
lines as (
    select
        households.*,
        household_keys.household_key,
        income.members,
        income.assistance_12_months_cny,
        income.comparable_year_cny,
        income.standard_cny,
        income.standard_version,
        coalesce(families.is_everybody_helped, false) as is_everybody_helped,
        households.living_members = 0 and dead.household_id is not null as is_everybody_dead,
        numbers.orange_multiple,
        numbers.leave_multiple,
        cast(income.standard_cny * income.members * 12 as decimal(18, 4)) as red_line_cny,
        cast(income.standard_cny * income.members * 12 * numbers.orange_multiple as decimal(18, 4)) as orange_line_cny,
        cast(income.standard_cny * income.members * 12 * numbers.leave_multiple as decimal(18, 4)) as red_leave_line_cny,
        cast(income.standard_cny * income.members * 12 * numbers.orange_multiple * numbers.leave_multiple as decimal(18, 4))
            as orange_leave_line_cny,
        coalesce(previous_findings.entered_by in ('red_line', 'both_lines'), false) as was_below_red_line,
        coalesce(previous_findings.entered_by in ('orange_line', 'both_lines'), false) as was_below_orange_line,
        coalesce(
            households.risks like '%因病%' or households.risks like '%因残%' or households.risks like '%因意外事故%', false
        ) as has_listed_risk,
        coalesce(
            households.is_no_labour is null and previous_findings.evidence like '%"field":"no_labour"%'
            or households.risks is null and previous_findings.evidence like '%"field":"has_listed_risk"%',
            false
        ) as is_former_ground_unknown
    from households
    left join families on households.household_id = families.household_id
    left join dead on households.household_id = dead.household_id
    inner join household_keys on households.household_id = household_keys.household_id
    cross join numbers
    left join income on households.household_id = income.household_id
    left join previous_findings on {{ published_key("household_keys.household_key") }} = previous_findings.subject
    where not coalesce(families.is_anybody_assisted, false) or families.is_everybody_helped
),

grounds as (
    select
        *,
        coalesce(is_no_labour, false) as is_without_labour,
        coalesce(comparable_year_cny < red_line_cny, false)
        or was_below_red_line and coalesce(comparable_year_cny < red_leave_line_cny, false) as is_below_red_line,
        coalesce(comparable_year_cny < orange_line_cny, false)
        or was_below_orange_line and coalesce(comparable_year_cny < orange_leave_line_cny, false) as is_below_orange_line
    from lines
),

-- An alert is held against the line by which it is in: to come in, or the leave line a little above it.
levelled as (
    select
        *,
        case
            when is_below_red_line and comparable_year_cny >= red_line_cny then red_leave_line_cny
            when is_below_red_line then red_line_cny
            when is_below_orange_line and comparable_year_cny >= orange_line_cny then orange_leave_line_cny
            when is_below_orange_line then orange_line_cny
        end as held_against_year_cny,
        is_below_orange_line and not is_below_red_line as is_between_lines,
        comparable_year_cny >= case when is_below_red_line then red_line_cny when is_below_orange_line then orange_line_cny end
            as is_in_by_leave_line,
        case
            when living_members = 0 then null
            when is_without_labour or is_below_red_line then 'red'
            when is_below_orange_line or has_listed_risk then 'orange'
        end as level
    from grounds
),

-- By which lines it came in and is in still: a family that came in by the higher line and grew poorer leaves above that one.
remembered as (
    select
        *,
        is_below_red_line or comparable_year_cny is null and was_below_red_line as is_in_by_red_line,
        is_between_lines
        or was_below_orange_line and (comparable_year_cny is null or is_below_orange_line) as is_in_by_orange_line
    from levelled
),

final as (
    select
        'R17' as rule_id,
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
        {{ ratio("comparable_year_cny", "red_line_cny") }} as ratio_to_standard,
        concat_ws(
            '；',
            case when is_below_red_line or is_below_orange_line
                then {{ yuan(share_of("comparable_year_cny", "12 * members")) }} || ' 元：扣除已领救助后的人均月纯收入，当地农村低保标准 '
                    || {{ yuan("standard_cny") }} || ' 元'
                    || case
                        when comparable_year_cny < red_line_cny
                            then '（全家全年比标准线少 ' || {{ yuan("red_line_cny - comparable_year_cny") }} || ' 元）'
                        when comparable_year_cny < orange_line_cny
                            then '（全家全年比监测线少 ' || {{ yuan("orange_line_cny - comparable_year_cny") }} || ' 元）'
                        else '（此前低于标准线，尚未明显回升）'
                    end
            end,
            case when is_without_labour then cast(members as varchar) || ' 人：监测信息为整户无劳动能力' end,
            case when has_listed_risk then '1 项以上需关注的返贫致贫风险尚未消除' end,
            '家庭成员均未纳入社会救助'
        ) as reason_zh,
        concat_ws(
            '; ',
            case when is_below_red_line or is_below_orange_line
                then {{ yuan(share_of("comparable_year_cny", "12 * members")) }}
                    || ' yuan net income per head and month without assistance, rural dibao standard '
                    || {{ yuan("standard_cny") }}
                    || case
                        when comparable_year_cny < red_line_cny
                            then ' (the family is ' || {{ yuan("red_line_cny - comparable_year_cny") }} || ' a year below its line)'
                        when comparable_year_cny < orange_line_cny
                            then ' (the family is ' || {{ yuan("orange_line_cny - comparable_year_cny") }} || ' a year below the watch line)'
                        else ' (below the line before, and not clearly above it)'
                    end
            end,
            case when is_without_labour then cast(members as varchar) || ' members, none able to work by the watch register' end,
            case when has_listed_risk then 'a listed risk is still open' end,
            'no member is assisted'
        ) as reason_en,
        {{ evidence_json([evidence_list([
            ("true", evidence_term(
                "'agriculture.monitored_households'", published_key("household_key"), "'risk_removed'", "'false'", run_date()
            )),
            ("is_without_labour", evidence_term(
                "'agriculture.monitored_households'", published_key("household_key"), "'no_labour'", "'true'", run_date()
            )),
            ("has_listed_risk", evidence_term(
                "'agriculture.monitored_households'", published_key("household_key"), "'has_listed_risk'", "'true'", run_date()
            )),
            ("comparable_year_cny is null", evidence_term(
                "'agriculture.monitored_members'", published_key("household_key"), "'living_members'", "members", run_date(),
                "person"
            )),
            ("held_against_year_cny is not null", evidence_term(
                "'policy.assistance_standards'", "standard_version", "'standard_cny'", "standard_cny", run_date(),
                "yuan_a_month", "start"
            )),
            ("held_against_year_cny is not null", evidence_term(
                "'agriculture.monitored_members'", published_key("household_key"), "'living_members'", "members", run_date(),
                "person", "times"
            )),
            ("held_against_year_cny is not null", rule_term("R17", "months_of_a_year", "12", run_date(), "month", "times")),
            ("is_between_lines", parameter_term("r17_orange_multiple", "orange_multiple", "ratio", "times")),
            ("is_in_by_leave_line", parameter_term("r17_leave_multiple", "leave_multiple", "ratio", "times")),
            ("held_against_year_cny is not null", rule_term("R17", "line_year_cny", "held_against_year_cny", run_date(), "yuan_a_year", "result")),
            ("comparable_year_cny is not null", evidence_term(
                "'agriculture.monitored_households'", published_key("household_key"), "'net_income_per_capita_cny'",
                "net_income_per_capita_cny", run_date(), "yuan_a_year", "start"
            )),
            ("comparable_year_cny is not null", evidence_term(
                "'agriculture.monitored_members'", published_key("household_key"), "'living_members'", "members", run_date(),
                "person", "times"
            )),
            ("comparable_year_cny is not null", evidence_term(
                "'finance.payments'", published_key("household_key"), "'assistance_12_months_cny'", "assistance_12_months_cny",
                run_date(), "yuan_a_year", "minus"
            )),
            ("comparable_year_cny is not null", rule_term("R17", "comparable_year_cny", "comparable_year_cny", run_date(), "yuan_a_year", "result")),
            ("is_below_red_line", evidence_term(
                "'policy.assistance_standards'", "standard_version", "'red_line_cny'", "held_against_year_cny",
                run_date(), "yuan_a_year", "compared_with"
            )),
            ("is_between_lines", evidence_term(
                "'policy.parameters'", "'r17_orange_multiple'", "'orange_line_cny'", "held_against_year_cny",
                run_date(), "yuan_a_year", "compared_with"
            )),
            ("comparable_year_cny is not null", evidence_term(
                "'agriculture.monitored_members'", published_key("household_key"), "'living_members'", "members", run_date(),
                "person", "divided_by"
            )),
            ("comparable_year_cny is not null", rule_term("R17", "months_of_a_year", "12", run_date(), "month", "divided_by")),
            ("comparable_year_cny is not null", rule_term(
                "R17", "comparable_per_capita_cny", share_of("comparable_year_cny", "12 * members"), run_date(), "yuan_a_month",
                "result"
            )),
            ("comparable_year_cny is not null and red_line_cny > 0", evidence_term(
                "'policy.assistance_standards'", "standard_version", "'standard_cny'", "standard_cny", run_date(),
                "yuan_a_month", "divided_by"
            )),
            ("comparable_year_cny is not null and red_line_cny > 0", rule_term("R17", "ratio_to_standard", ratio("comparable_year_cny", "red_line_cny"), run_date(), "ratio", "result")),
        ])]) }} as evidence,
        case
            when net_income_per_capita_cny is null then '家庭人均纯收入未登记；近期支出和劳动能力变化尚不清楚'
            when level is null and is_former_ground_unknown then '返贫致贫风险或劳动能力情况未登记'
            else '近期支出、劳动能力和申请意愿尚不清楚'
        end as unknown_zh,
        case when is_everybody_dead then 'death' when is_everybody_helped then 'helped' end as inhibited_by,
        level is not null as is_judged,
        case
            when is_in_by_red_line and is_in_by_orange_line then 'both_lines'
            when is_in_by_red_line then 'red_line'
            when is_in_by_orange_line then 'orange_line'
        end as entered_by
    from remembered
    where level is not null or comparable_year_cny is null or red_line_cny is null or living_members = 0 or is_former_ground_unknown
)

select * from final
