-- One row per active dibao or marginal household with machinery, a vehicle, a second home, a business or savings on record (R05).
-- One ground is enough; where none holds and one of the last check is not known, the household is not judged.
with households as (
    select * from {{ ref("int_people__households") }}
    where is_active and category in ('dibao', 'marginal')
),

members as (
    select * from {{ ref("int_people__members") }} where is_household_active and is_alive_name_agreed
),

income as (
    select * from {{ ref("int_measures__household_income") }}
),

last_checks as (
    select * from {{ ref("int_measures__economic_checks") }} where recency = 1
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

numbers as (
    select
        {{ add_months(run_date(), "-r05_machinery_months") }} as machinery_from_on,
        r05_machinery_months as machinery_months,
        r05_machinery_cny as machinery_cny,
        r05_machinery_records as machinery_records,
        r05_vehicles as vehicles,
        r05_homes as homes,
        r05_savings_standards as savings_standards
    from {{ parameters_of_day(["r05_machinery_months", "r05_machinery_cny", "r05_machinery_records", "r05_vehicles", "r05_homes", "r05_savings_standards"]) }}
        as parameters_of_day
),

recent_machinery as (
    select
        keys.person_id,
        machinery.record_no,
        machinery.price_cny,
        machinery.purchased_on
    from {{ ref("stg_agriculture__machinery") }} as machinery
    cross join numbers
    inner join keys on machinery.person_key = keys.person_key
    where machinery.known_until_on is null
        and machinery.purchased_on >= numbers.machinery_from_on
        and machinery.purchased_on <= {{ run_date() }}
),

bought as (
    select
        members.household_id,
        sum(recent_machinery.price_cny) as price_cny,
        count(*) as records,
        {{ begun_terms(evidence_terms(
            evidence_term(
                "'agriculture.machinery'", "recent_machinery.record_no", "'price_cny'", "recent_machinery.price_cny",
                "recent_machinery.purchased_on", "yuan", "plus"
            ),
            "recent_machinery.purchased_on, recent_machinery.record_no"
        )) }} as terms
    from recent_machinery
    inner join members on recent_machinery.person_id = members.person_id
    group by members.household_id
),

known as (
    select
        households.household_id,
        households.county_code,
        households.township_code,
        households.area_code,
        income.members_name_agreed as members,
        income.standard_cny,
        income.standard_version,
        last_checks.check_no,
        last_checks.checked_on,
        last_checks.financial_assets_cny,
        last_checks.vehicles,
        last_checks.homes,
        cast(bought.price_cny as decimal(20, 2)) as machinery_price_cny,
        bought.records as machinery_records,
        bought.terms as machinery_terms,
        numbers.machinery_months as within_months,
        numbers.machinery_cny as machinery_line_cny,
        numbers.machinery_records as machinery_line_records,
        numbers.vehicles as vehicles_line,
        numbers.homes as homes_line,
        numbers.savings_standards,
        cast(income.standard_cny * income.members_name_agreed as decimal(18, 4)) * numbers.savings_standards as savings_line_cny,
        coalesce(bought.price_cny >= numbers.machinery_cny, false) as has_costly_machinery,
        coalesce(bought.records >= numbers.machinery_records, false) as has_several_machines,
        last_checks.vehicles >= numbers.vehicles as has_vehicles,
        last_checks.homes >= numbers.homes as has_homes,
        last_checks.is_business_registered as has_business,
        case
            when income.members_name_agreed > 0
                then last_checks.financial_assets_cny
                    > cast(income.standard_cny * income.members_name_agreed as decimal(18, 4)) * numbers.savings_standards
        end as has_savings
    from households
    cross join numbers
    left join income on households.household_id = income.household_id
    left join last_checks on households.household_id = last_checks.household_id
    left join bought on households.household_id = bought.household_id
),

judged as (
    select
        *,
        has_costly_machinery
        or has_several_machines
        or coalesce(has_vehicles, false)
        or coalesce(has_homes, false)
        or coalesce(has_business, false)
        or coalesce(has_savings, false) as is_found
    from known
),

found as (
    select judged.*, household_keys.household_key
    from judged
    inner join household_keys on judged.household_id = household_keys.household_id
    where judged.is_found
        or judged.has_vehicles is null
        or judged.has_homes is null
        or judged.has_business is null
        or judged.has_savings is null
),

final as (
    select
        'R05' as rule_id,
        'household' as unit,
        household_id as subject_household_id,
        cast(null as integer) as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when is_found then 'yellow' end as level,
        household_id,
        cast(null as integer) as person_id,
        county_code,
        township_code,
        area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        concat_ws(
            '；',
            case when has_costly_machinery or has_several_machines
                then {{ yuan("machinery_price_cny") }} || ' 元：家庭成员近 ' || cast(cast(within_months as integer) as varchar) || ' 个月购置农机 '
                    || cast(machinery_records as varchar) || ' 台（件）的价格合计'
            end,
            case when has_vehicles then cast(vehicles as varchar) || ' 辆：核对登记的车辆' end,
            case when has_homes then cast(homes as varchar) || ' 套：核对登记的住房' end,
            case when has_savings
                then {{ yuan("financial_assets_cny") }} || ' 元：核对登记的金融资产，高于 ' || {{ yuan("savings_line_cny") }} || ' 元（按人口和低保标准计算）'
            end,
            case when has_business then '1 项：核对登记有经营主体' end
        ) as reason_zh,
        concat_ws(
            '; ',
            case when has_costly_machinery or has_several_machines
                then {{ yuan("machinery_price_cny") }} || ' yuan for ' || cast(machinery_records as varchar)
                    || ' machine(s) that members bought within ' || cast(cast(within_months as integer) as varchar) || ' months'
            end,
            case when has_vehicles then cast(vehicles as varchar) || ' vehicle(s) in the last check' end,
            case when has_homes then cast(homes as varchar) || ' homes in the last check' end,
            case when has_savings
                then {{ yuan("financial_assets_cny") }} || ' yuan of savings in the last check, above ' || {{ yuan("savings_line_cny") }} || ' (by members and standard)'
            end,
            case when has_business then '1 registered business in the last check' end
        ) as reason_en,
        case when is_found then {{ evidence_json([
            "case when has_costly_machinery or has_several_machines then machinery_terms end",
            evidence_list([
                ("has_costly_machinery or has_several_machines", rule_term(
                    "R05", "machinery_price_cny", "machinery_price_cny", run_date(), "yuan", "result"
                )),
                ("has_costly_machinery", parameter_term("r05_machinery_cny", "machinery_line_cny", "yuan", "compared_with")),
                ("has_several_machines", rule_term("R05", "machinery_records", "machinery_records", run_date(), "count", "start")),
                ("has_several_machines", parameter_term(
                    "r05_machinery_records", "machinery_line_records", "count", "compared_with"
                )),
                ("has_costly_machinery or has_several_machines", parameter_term("r05_machinery_months", "within_months", "month")),
                ("has_vehicles", evidence_term(
                    "'civil_affairs.economic_checks'", "check_no", "'vehicles'", "vehicles", "checked_on", "count", "start"
                )),
                ("has_vehicles", parameter_term("r05_vehicles", "vehicles_line", "count", "compared_with")),
                ("has_homes", evidence_term(
                    "'civil_affairs.economic_checks'", "check_no", "'homes'", "homes", "checked_on", "count", "start"
                )),
                ("has_homes", parameter_term("r05_homes", "homes_line", "count", "compared_with")),
                ("has_savings", evidence_term(
                    "'policy.assistance_standards'", "standard_version", "'standard_cny'", "standard_cny", run_date(),
                    "yuan_a_month", "start"
                )),
                ("has_savings", evidence_term(
                    "'civil_affairs.members'", published_key("household_key"), "'living_members'", "members", run_date(), "person",
                    "times"
                )),
                ("has_savings", parameter_term("r05_savings_standards", "savings_standards", "month", "times")),
                ("has_savings", rule_term("R05", "savings_line_cny", "savings_line_cny", run_date(), "yuan", "result")),
                ("has_savings", evidence_term(
                    "'civil_affairs.economic_checks'", "check_no", "'financial_assets_cny'", "financial_assets_cny", "checked_on",
                    "yuan", "start"
                )),
                ("has_savings", rule_term("R05", "savings_line_cny", "savings_line_cny", run_date(), "yuan", "compared_with")),
                ("has_business", evidence_term(
                    "'civil_affairs.economic_checks'", "check_no", "'business_registered'", "'true'", "checked_on"
                )),
            ]),
        ]) }} end as evidence,
        case
            when check_no is null then '没有经济状况核对记录，车辆、住房、经营主体和金融资产尚不清楚'
            when has_vehicles is null or has_homes is null or has_business is null or has_savings is null
                then '核对记录中有未登记的项目；用途、权属和是否属于生产生活必需尚不清楚'
            else '用途、权属和是否属于生产生活必需尚不清楚'
        end as unknown_zh,
        cast(null as varchar) as inhibited_by,
        is_found as is_judged
    from found
)

select * from final
