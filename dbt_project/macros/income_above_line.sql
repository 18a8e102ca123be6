{#
    The statement of a rule about families whose recomputed income reaches the line of their category (R02, R04): one row per
    household above its line, or of which this is not known.

    categories      whose households are judged, as a list
    has_payroll     whether a member must be on the public payroll, or nobody may be
    leave_multiple  parameter: what came in by a line leaves below so many times of it
    yellow_multiple parameter: dibao is yellow from so many times of the line on; none: no such level

    Without a valid check income is a lower bound: at or above a line it fires, below it nothing is known. Review lane: wages
    and deaths count where number and name agree, or one name is missing.
#}
{% macro income_above_line(rule_id, categories, has_payroll, leave_multiple, yellow_multiple=none) -%}
with households as (
    select * from {{ ref("int_people__households") }}
    where is_active
        and not is_in_grace
        and unit = 'whole'
        and category in ('{{ categories | join("', '") }}')
),

income as (
    select * from {{ ref("int_measures__household_income") }}
    where members_on_payroll_name_agreed {{ ">" if has_payroll else "=" }} 0
),

checks as (
    select * from {{ ref("int_measures__economic_checks") }} where recency = 1
),

members as {{ read_anew() }} (
    select * from {{ ref("int_people__members") }} where is_household_active and is_alive_name_agreed
),

{% if has_payroll -%}
payroll as (
    select * from {{ ref("int_people__payroll") }} where is_on_payroll
),

{% endif -%}

farm_incomes as (
    select * from {{ ref("stg_agriculture__farm_incomes") }}
    where known_until_on is null and year = year({{ run_date() }}) - 1
),

keys as {{ read_anew() }} (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

previous_findings as (
    select * from {{ ref("int_rules__previous_findings") }} where rule_id = '{{ rule_id }}'
),

numbers as (
    select
        {{ leave_multiple }} as leave_multiple,
        {{ yellow_multiple or "cast(null as decimal(14, 4))" }} as yellow_multiple
    from {{ parameters_of_day([leave_multiple, yellow_multiple] | select | list) }}
        as parameters_of_day
),

-- Yearly household sums, never rounded per head.
lines as (
    select
        households.household_id,
        household_keys.household_key,
        households.category,
        households.county_code,
        households.township_code,
        households.area_code,
        income.check_no,
        income.checked_on,
        income.is_lower_bound,
        income.members_name_agreed as members,
        income.members_on_payroll_name_agreed as members_on_payroll,
        income.observed_wage_name_agreed_year_cny as observed_wage_year_cny,
        income.observed_property_name_agreed_year_cny as observed_property_year_cny,
        income.observed_business_name_agreed_year_cny as observed_business_year_cny,
        income.recomputed_name_agreed_year_cny as recomputed_year_cny,
        income.standard_cny,
        income.standard_version,
        income.marginal_multiple,
        income.line_cny,
        cast(income.line_cny * income.members_name_agreed * 12 as decimal(18, 4)) as line_year_cny,
        case
            when households.category = 'dibao'
                then cast(
                    cast(income.line_cny * income.members_name_agreed * 12 as decimal(18, 4)) * numbers.yellow_multiple
                    as decimal(20, 8)
                )
        end as yellow_line_year_cny,
        numbers.yellow_multiple,
        numbers.leave_multiple,
        previous_findings.subject is not null as was_open,
        coalesce(previous_findings.level = 'orange', false) as was_orange
    from households
    cross join numbers
    inner join income on households.household_id = income.household_id
    inner join household_keys on households.household_id = household_keys.household_id
    left join previous_findings on {{ published_key("household_keys.household_key") }} = previous_findings.subject
),

compared as (
    select
        *,
        coalesce(members > 0 and line_year_cny > 0, false) and recomputed_year_cny is not null as is_comparable,
        recomputed_year_cny >= line_year_cny as is_at_line,
        was_orange and recomputed_year_cny >= line_year_cny * leave_multiple as is_still_at_line,
        coalesce(recomputed_year_cny >= yellow_line_year_cny, false) as is_at_yellow_line,
        was_open and coalesce(recomputed_year_cny >= yellow_line_year_cny * leave_multiple, false) as is_still_at_yellow_line
    from lines
),

-- A lower bound below the line by which an orange alert is open does not tell that the income fell below it.
levelled as (
    select
        *,
        case
            when not is_comparable then null
            when is_at_line or is_still_at_line then 'orange'
            when is_lower_bound and was_orange then null
            when is_at_yellow_line or is_still_at_yellow_line then 'yellow'
        end as level,
        case
            when is_at_line then line_year_cny
            when is_still_at_line then line_year_cny * leave_multiple
            when is_at_yellow_line then yellow_line_year_cny
            when is_still_at_yellow_line then yellow_line_year_cny * leave_multiple
        end as held_against_year_cny
    from compared
),

found as (
    select * from levelled
    where level is not null or is_lower_bound or not is_comparable
),

{% if has_payroll -%}
wage_terms as (
    select
        found.household_id,
        {{ evidence_terms(
            evidence_term(
                "'finance.payroll'", published_key("keys.person_key"), "'monthly_wage_cny'", "payroll.monthly_wage_cny",
                run_date(), "yuan_a_month", "plus"
            ),
            "keys.person_key"
        ) }} as terms,
        {{ evidence_terms(
            evidence_term(
                "'finance.payroll'", published_key("keys.person_key"), "'monthly_wage_cny'", "payroll.monthly_wage_cny",
                run_date(), "yuan_a_month"
            ),
            "keys.person_key"
        ) }} as facts
    from found
    inner join members on found.household_id = members.household_id
    inner join payroll
        on members.person_id = payroll.person_id
        and coalesce(members.name_key = payroll.name_key, true)
    inner join keys on payroll.person_id = keys.person_id
    where found.level is not null
    group by found.household_id
),

{% endif -%}
farm_terms as (
    select
        found.household_id,
        farm_incomes.kind = '3' as is_business,
        {{ evidence_terms(
            evidence_term(
                "'agriculture.farm_incomes'", "farm_incomes.record_no", "'farm_income_cny'", "farm_incomes.amount_cny",
                "cast(farm_incomes.year as varchar) || '-12-31'", "yuan_a_year", "plus"
            ),
            "farm_incomes.record_no"
        ) }} as terms
    from found
    inner join members on found.household_id = members.household_id
    inner join keys on members.person_id = keys.person_id
    inner join farm_incomes on keys.person_key = farm_incomes.person_key
    where found.level is not null
    group by found.household_id, farm_incomes.kind = '3'
),

-- Which of declared and observed is the larger, block by block, as it was recomputed.
blocks as (
    select
        found.*,
        checks.wage_income_cny,
        checks.property_income_cny,
        checks.business_income_cny,
        checks.transfer_income_cny,
        coalesce(found.observed_wage_year_cny > checks.wage_income_cny, found.observed_wage_year_cny is not null)
            as is_wage_observed,
        coalesce(found.observed_property_year_cny > checks.property_income_cny, found.observed_property_year_cny is not null)
            as is_property_observed,
        coalesce(found.observed_business_year_cny > checks.business_income_cny, found.observed_business_year_cny is not null)
            as is_business_observed
    from found
    left join checks on found.household_id = checks.household_id and found.check_no = checks.check_no
),

final as (
    select
        '{{ rule_id }}' as rule_id,
        'household' as unit,
        blocks.household_id as subject_household_id,
        cast(null as integer) as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        blocks.level,
        blocks.household_id,
        cast(null as integer) as person_id,
        blocks.county_code,
        blocks.township_code,
        blocks.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        {{ ratio("blocks.recomputed_year_cny", "blocks.standard_cny * blocks.members * 12") }} as ratio_to_standard,
        {{ yuan(share_of("blocks.recomputed_year_cny", "12 * blocks.members")) }}
        || ' 元：按核对和各部门登记重新计算的人均月收入，当地'
        || case blocks.category when 'marginal' then '低保边缘线 ' else '低保标准 ' end || {{ yuan("blocks.line_cny") }} || ' 元'
        || case
            when blocks.is_at_line then '，已达到这条线'
            when blocks.is_still_at_line then '，此前达到这条线，尚未明显回落'
            when blocks.is_at_yellow_line
                then '，接近这条线（已达 ' || {{ yuan(share_of("blocks.yellow_line_year_cny", "12 * blocks.members")) }} || ' 元）'
            else '，此前接近这条线，尚未明显回落'
        end
        {% if has_payroll -%}
        || '；' || cast(blocks.members_on_payroll as varchar) || ' 名家庭成员有财政供养工资记录'
        {% endif -%}
        as reason_zh,
        {{ yuan(share_of("blocks.recomputed_year_cny", "12 * blocks.members")) }}
        || ' yuan recomputed income per head and month, '
        || case blocks.category when 'marginal' then 'marginal line ' else 'dibao standard ' end || {{ yuan("blocks.line_cny") }}
        || case
            when blocks.is_at_line then ', which it reaches'
            when blocks.is_still_at_line then ', which it reached and has not clearly left'
            when blocks.is_at_yellow_line
                then ', near it (from ' || {{ yuan(share_of("blocks.yellow_line_year_cny", "12 * blocks.members")) }} || ')'
            else ', to which it was near and which it has not clearly left'
        end
        {% if has_payroll -%}
        || '; ' || cast(blocks.members_on_payroll as varchar) || ' member(s) on the public payroll'
        {% endif -%}
        as reason_en,
        case when blocks.level is not null then {{ evidence_json([
            evidence_list([
                ("true", evidence_term(
                    "'policy.assistance_standards'", "blocks.standard_version", "'standard_cny'", "blocks.standard_cny", run_date(),
                    "yuan_a_month", "start"
                )),
                ("blocks.category = 'marginal'", parameter_term("marginal_line_multiple", "blocks.marginal_multiple", "ratio", "times")),
                ("true", evidence_term(
                    "'civil_affairs.members'", published_key("blocks.household_key"), "'living_members'", "blocks.members",
                    run_date(), "person", "times"
                )),
                ("true", rule_term(rule_id, "months_of_a_year", "12", run_date(), "month", "times")),
                ("true", rule_term(rule_id, "line_year_cny", "blocks.line_year_cny", run_date(), "yuan_a_year", "result")),
                ("blocks.level = 'yellow'", parameter_term(yellow_multiple, "blocks.yellow_multiple", "ratio", "times")),
                ("not blocks.is_at_line and (blocks.is_still_at_line or not blocks.is_at_yellow_line)", parameter_term(
                    leave_multiple, "blocks.leave_multiple", "ratio", "times"
                )),
                ("not blocks.is_at_line", rule_term(
                    rule_id, "held_against_year_cny", "cast(blocks.held_against_year_cny as decimal(20, 4))", run_date(),
                    "yuan_a_year", "result"
                )),
            ]),
            begun_terms(joined_terms([
                "case when blocks.is_wage_observed then wage_terms.terms end" if has_payroll else "null",
                evidence_list([
                    ("blocks.is_wage_observed", rule_term(rule_id, "months_of_a_year", "12", run_date(), "month", "times")),
                    ("blocks.check_no is not null and not blocks.is_wage_observed", evidence_term(
                        "'civil_affairs.economic_checks'", "blocks.check_no", "'wage_income_cny'", "blocks.wage_income_cny",
                        "blocks.checked_on", "yuan_a_year", "plus"
                    )),
                ]),
                "case when blocks.is_property_observed then property_terms.terms end",
                evidence_list([
                    ("blocks.check_no is not null and not blocks.is_property_observed", evidence_term(
                        "'civil_affairs.economic_checks'", "blocks.check_no", "'property_income_cny'", "blocks.property_income_cny",
                        "blocks.checked_on", "yuan_a_year", "plus"
                    )),
                ]),
                "case when blocks.is_business_observed then business_terms.terms end",
                evidence_list([
                    ("blocks.check_no is not null and not blocks.is_business_observed", evidence_term(
                        "'civil_affairs.economic_checks'", "blocks.check_no", "'business_income_cny'", "blocks.business_income_cny",
                        "blocks.checked_on", "yuan_a_year", "plus"
                    )),
                    ("blocks.check_no is not null", evidence_term(
                        "'civil_affairs.economic_checks'", "blocks.check_no", "'transfer_income_cny'", "blocks.transfer_income_cny",
                        "blocks.checked_on", "yuan_a_year", "plus"
                    )),
                ]),
            ])),
            evidence_list([
                ("true", rule_term(rule_id, "recomputed_year_cny", "blocks.recomputed_year_cny", run_date(), "yuan_a_year", "result")),
                ("true", rule_term(
                    rule_id, "held_against_year_cny", "cast(blocks.held_against_year_cny as decimal(20, 4))", run_date(),
                    "yuan_a_year", "compared_with"
                )),
                ("true", rule_term(rule_id, "recomputed_year_cny", "blocks.recomputed_year_cny", run_date(), "yuan_a_year", "start")),
                ("true", evidence_term(
                    "'civil_affairs.members'", published_key("blocks.household_key"), "'living_members'", "blocks.members",
                    run_date(), "person", "divided_by"
                )),
                ("true", rule_term(rule_id, "months_of_a_year", "12", run_date(), "month", "divided_by")),
                ("true", rule_term(
                    rule_id, "recomputed_per_capita_cny", share_of("blocks.recomputed_year_cny", "12 * blocks.members"), run_date(),
                    "yuan_a_month", "result"
                )),
                ("true", evidence_term(
                    "'policy.assistance_standards'", "blocks.standard_version", "'standard_cny'", "blocks.standard_cny", run_date(),
                    "yuan_a_month", "divided_by"
                )),
                ("true", rule_term(
                    rule_id, "ratio_to_standard",
                    ratio("blocks.recomputed_year_cny", "blocks.standard_cny * blocks.members * 12"), run_date(), "ratio", "result"
                )),
            ]),
            "case when not blocks.is_wage_observed then wage_terms.facts end" if has_payroll else "null",
        ]) }} end as evidence,
        case
            when blocks.is_lower_bound then '没有有效期内的经济状况核对，只计算了各部门登记的收入；其他收入和必要就业成本尚不清楚'
            else '核对日期 ' || cast(blocks.checked_on as varchar) || ' 之后的收入变化和必要就业成本尚不清楚'
        end as unknown_zh,
        cast(null as varchar) as inhibited_by,
        blocks.level is not null as is_judged
    from blocks
    {% if has_payroll -%}
    left join wage_terms on blocks.household_id = wage_terms.household_id
    {% endif -%}
    left join farm_terms as property_terms
        on blocks.household_id = property_terms.household_id and not property_terms.is_business
    left join farm_terms as business_terms
        on blocks.household_id = business_terms.household_id and business_terms.is_business
)

select * from final
{%- endmacro %}
