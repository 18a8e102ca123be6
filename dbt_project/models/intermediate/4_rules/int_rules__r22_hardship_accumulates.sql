-- One row per household, or person alone, with relief cases or care costs that add up, or of which it cannot be told (R22).
-- Rows that are judged and have no level hold the ground alone: somebody is assisted, and R24 asks for the ground without that
-- test. A service without its cost leaves the sum a lower bound.
with relief as (
    select * from {{ ref("stg_civil_affairs__temporary_relief") }} where known_until_on is null and granted_at is not null
),

services as (
    select * from {{ ref("stg_disabled_federation__services") }} where known_until_on is null
),

keys as {{ read_anew() }} (
    select * from {{ ref("int_people__keys") }}
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

residence as {{ read_anew() }} (
    select * from {{ ref("int_people__residence") }}
),

members as (
    select * from {{ ref("int_people__members") }}
),

watched_members as (
    select * from {{ ref("int_people__watched_members") }}
),

assistance as {{ read_anew() }} (
    select * from {{ ref("int_people__assistance") }}
),

numbers as (
    select
        policy.r22_relief_cases as relief_cases,
        policy.r22_services_cny as services_cny,
        policy.r22_months as months,
        {{ add_months(run_date(), "-policy.r22_months") }} as from_on
    from {{ parameters_of_day(["r22_relief_cases", "r22_services_cny", "r22_months"]) }} as policy
),

cases as (
    select
        keys.person_id,
        relief.case_no,
        cast(relief.granted_at as date) as happened_on
    from relief
    cross join numbers
    inner join keys on relief.person_key = keys.person_key
    where cast(relief.granted_at as date) between numbers.from_on and {{ run_date() }}
),

care as (
    select
        keys.person_id,
        services.service_no,
        coalesce(services.delivered_on, services.applied_on) as happened_on,
        services.personal_cost_cny
    from services
    cross join numbers
    inner join keys on services.person_key = keys.person_key
    where coalesce(services.delivered_on, services.applied_on) between numbers.from_on and {{ run_date() }}
),

care_sums as (
    select
        person_id,
        sum(personal_cost_cny) as cost_cny,
        count(*) > count(personal_cost_cny) as is_lower_bound
    from care
    group by person_id
),

touched as (
    select person_id from cases
    union
    select care_sums.person_id
    from care_sums
    cross join numbers
    where care_sums.cost_cny >= numbers.services_cny or care_sums.is_lower_bound
),

homes as (
    select distinct
        residence.household_id,
        case when residence.household_id is null then residence.person_id end as person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code
    from touched
    inner join residence on touched.person_id = residence.person_id
),

-- Members are the living ones; a person alone stays the subject, so that a death answers the condition.
family_members as (
    select
        household_id,
        person_id
    from members
    where is_alive
    union
    select
        household_id,
        person_id
    from watched_members
    where is_alive
),

families as (
    select
        homes.household_id,
        homes.person_id as alone_id,
        family_members.person_id
    from homes
    inner join family_members on homes.household_id = family_members.household_id
    union all
    select
        household_id,
        person_id as alone_id,
        person_id
    from homes
    where household_id is null
),

-- Of the cost of one person the household is told where that person counts; R24 asks for the ground in every one.
residents as (
    select
        families.household_id,
        families.person_id,
        not assistance.is_assisted and (families.household_id is null or residence.person_id is not null) as is_asked
    from families
    left join residence
        on families.person_id = residence.person_id
        and families.household_id = residence.household_id
    inner join assistance on families.person_id = assistance.person_id
),

case_counts as (
    select
        person_id,
        count(*) as relief_cases
    from cases
    group by person_id
),

sums as (
    select
        families.household_id,
        families.alone_id,
        sum(coalesce(case_counts.relief_cases, 0)) as relief_cases,
        max(case when care_sums.cost_cny >= numbers.services_cny then 1 else 0 end) = 1 as is_care_ground,
        max(case when care_sums.cost_cny >= numbers.services_cny and residents.is_asked then 1 else 0 end) = 1 as is_care_asked,
        max(case
            when not coalesce(care_sums.cost_cny >= numbers.services_cny, false) and care_sums.is_lower_bound then 1 else 0
        end) = 1 as is_care_unknown,
        max(case
            when not coalesce(care_sums.cost_cny >= numbers.services_cny, false) and care_sums.is_lower_bound
                and residents.is_asked then 1 else 0
        end) = 1 as is_unknown_care_asked,
        max(case when care_sums.cost_cny >= numbers.services_cny then care_sums.cost_cny end) as care_cost_cny,
        max(case when care_sums.cost_cny >= numbers.services_cny and residents.is_asked then care_sums.cost_cny end)
            as asked_care_cost_cny,
        max(case when assistance.is_assisted then 1 else 0 end) = 1 as is_anybody_assisted,
        min(case when assistance.is_helped then 1 else 0 end) = 1 as is_everybody_helped,
        max(case when persons.is_alive then 1 else 0 end) = 1 as is_anybody_alive
    from families
    cross join numbers
    inner join persons on families.person_id = persons.person_id
    inner join assistance on families.person_id = assistance.person_id
    inner join residents
        on families.person_id = residents.person_id
        and families.household_id is not distinct from residents.household_id
    left join case_counts on families.person_id = case_counts.person_id
    left join care_sums on families.person_id = care_sums.person_id
    group by families.household_id, families.alone_id
),

grounds as (
    select
        sums.*,
        sums.relief_cases >= numbers.relief_cases as is_relief_ground,
        sums.relief_cases >= numbers.relief_cases and (not sums.is_anybody_assisted or sums.is_everybody_helped) as is_relief_found,
        sums.is_care_asked or sums.is_care_ground and sums.is_everybody_helped as is_care_found,
        sums.is_unknown_care_asked or sums.is_care_unknown and sums.is_everybody_helped as is_care_possible
    from sums
    cross join numbers
    where sums.relief_cases >= numbers.relief_cases or sums.is_care_ground or sums.is_care_unknown
),

case_terms as (
    select
        families.household_id,
        families.alone_id,
        {{ evidence_terms(
            evidence_term("'civil_affairs.temporary_relief'", "cases.case_no", "'granted_on'", "cases.happened_on", run_date(), "date"),
            "cases.happened_on, cases.case_no"
        ) }} as terms
    from families
    inner join cases on families.person_id = cases.person_id
    group by families.household_id, families.alone_id
),

priced as (
    select
        person_id,
        service_no,
        happened_on,
        personal_cost_cny,
        row_number() over (partition by person_id order by happened_on, service_no) as place,
        count(*) over (partition by person_id) as places
    from care
    where personal_cost_cny is not null
),

-- Only of whom the costs alone reach the limit: every cost, then what they come to.
care_terms as (
    select
        families.household_id,
        families.alone_id,
        {{ flattened_terms(
            evidence_list([
                ("priced.place = 1", evidence_term(
                    "'disabled_federation.services'", "priced.service_no", "'personal_cost_cny'", "priced.personal_cost_cny",
                    "priced.happened_on", "yuan", "start"
                )),
                ("priced.place > 1", evidence_term(
                    "'disabled_federation.services'", "priced.service_no", "'personal_cost_cny'", "priced.personal_cost_cny",
                    "priced.happened_on", "yuan", "plus"
                )),
                ("priced.place = priced.places", rule_term(
                    "R22", "care_cost_cny", "care_sums.cost_cny", run_date(), "yuan", "result"
                )),
                ("priced.place = priced.places", parameter_term("r22_services_cny", "numbers.services_cny", "yuan", "compared_with")),
            ]),
            "priced.person_id, priced.place",
        ) }} as terms
    from families
    cross join numbers
    inner join care_sums on families.person_id = care_sums.person_id and care_sums.cost_cny >= numbers.services_cny
    inner join priced on families.person_id = priced.person_id
    group by families.household_id, families.alone_id
),

final as (
    select
        'R22' as rule_id,
        case when grounds.household_id is null then 'person' else 'household' end as unit,
        grounds.household_id as subject_household_id,
        grounds.alone_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when grounds.is_relief_found or grounds.is_care_found then 'yellow' end as level,
        grounds.household_id,
        grounds.alone_id as person_id,
        homes.county_code,
        homes.township_code,
        homes.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        concat_ws(
            '；',
            case when grounds.is_relief_found
                then cast(grounds.relief_cases as varchar) || ' 次：近 ' || cast(cast(numbers.months as integer) as varchar) || ' 个月获得的临时救助'
            end,
            case when grounds.is_care_found
                then {{ yuan("coalesce(grounds.asked_care_cost_cny, grounds.care_cost_cny)") }} || ' 元：近 '
                    || cast(cast(numbers.months as integer) as varchar) || ' 个月个人负担的康复托养服务费用'
            end,
            case when grounds.is_relief_found then '家庭成员均未纳入社会救助' else '本人未纳入社会救助' end
        ) as reason_zh,
        concat_ws(
            '; ',
            case when grounds.is_relief_found
                then cast(grounds.relief_cases as varchar) || ' relief cases granted within '
                    || cast(cast(numbers.months as integer) as varchar) || ' months'
            end,
            case when grounds.is_care_found
                then {{ yuan("coalesce(grounds.asked_care_cost_cny, grounds.care_cost_cny)") }} || ' yuan of care paid by the person within '
                    || cast(cast(numbers.months as integer) as varchar) || ' months'
            end,
            case when grounds.is_relief_found then 'no member is assisted' else 'the person is not assisted' end
        ) as reason_en,
        {{ evidence_json([
            "case when grounds.is_relief_ground then case_terms.terms end",
            evidence_list([
                ("grounds.is_relief_ground", rule_term(
                    "R22", "relief_cases", "grounds.relief_cases", run_date(), "case", "start"
                )),
                ("grounds.is_relief_ground", parameter_term("r22_relief_cases", "numbers.relief_cases", "case", "compared_with")),
                ("true", parameter_term("r22_months", "numbers.months", "month")),
            ]),
            "care_terms.terms",
        ]) }} as evidence,
        case
            when grounds.is_relief_found or grounds.is_care_found then '救助之后的收支变化、家庭是否愿意申请低保，尚不清楚'
            else '部分服务的个人负担金额未登记'
        end as unknown_zh,
        case
            when not grounds.is_anybody_alive then 'death'
            when grounds.is_everybody_helped then 'helped'
        end as inhibited_by,
        grounds.is_relief_found or grounds.is_care_found or not grounds.is_care_possible as is_judged,
        case when grounds.is_relief_ground or grounds.is_care_ground then true end as is_ground
    from grounds
    cross join numbers
    inner join homes
        on coalesce(grounds.household_id, 0) = coalesce(homes.household_id, 0)
        and coalesce(grounds.alone_id, 0) = coalesce(homes.person_id, 0)
    left join case_terms
        on coalesce(grounds.household_id, 0) = coalesce(case_terms.household_id, 0)
        and coalesce(grounds.alone_id, 0) = coalesce(case_terms.alone_id, 0)
    left join care_terms
        on coalesce(grounds.household_id, 0) = coalesce(care_terms.household_id, 0)
        and coalesce(grounds.alone_id, 0) = coalesce(care_terms.alone_id, 0)
)

select * from final
