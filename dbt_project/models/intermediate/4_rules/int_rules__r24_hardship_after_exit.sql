-- One row per household that left dibao or tekun of late and for which a ground of R20 to R23 or a new relapse watch holds, or
-- of which it cannot be told (R24). A household that left the roll is taken with the members it had last, each asked alone: that
-- they live together, and on what income, no register says any more, so that relief of two is not added up and R23 not asked.
with households as (
    select * from {{ ref("int_people__households") }} where category in ('dibao', 'tekun')
),

member_versions as (
    select * from {{ ref("int_people__member_versions") }} where state_until_on = cast('9999-12-31' as date)
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

assistance as (
    select * from {{ ref("int_people__assistance") }}
),

watched_members as (
    select * from {{ ref("int_people__watched_members") }}
),

watched_households as (
    select * from {{ ref("int_people__watched_households") }} where not is_risk_removed
),

household_keys as {{ read_anew() }} (
    select * from {{ ref("int_people__household_keys") }}
),

numbers as (
    select
        policy.r24_months as months,
        {{ add_months(run_date(), "-policy.r24_months") }} as from_on
    from {{ parameters_of_day(["r24_months"]) }} as policy
),

grounds as (
    {% for model in [
        "int_rules__r20_newly_disabled", "int_rules__r21_breadwinner_died", "int_rules__r22_hardship_accumulates",
        "int_rules__r23_income_fell",
    ] -%}
    select
        rule_id,
        subject_household_id as home_id,
        subject_person_id as person_id,
        coalesce(is_ground, false) as is_ground,
        evidence
    from {{ ref(model) }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

exits as (
    select
        households.household_id,
        households.county_code,
        households.township_code,
        households.area_code,
        households.category,
        households.ended_on,
        household_keys.household_key,
        numbers.months
    from households
    cross join numbers
    inner join household_keys on households.household_id = household_keys.household_id
    where households.ended_on between numbers.from_on and {{ run_date() }}
        and not coalesce(
            households.end_reason like '%死亡%' or households.end_reason like '%去世%' or households.end_reason like '%病故%', false
        )
),

exit_members as (
    select
        exits.household_id,
        exits.ended_on,
        persons.person_id,
        residence.household_id as home_id,
        coalesce(assistance.is_helped, false) as is_helped
    from exits
    inner join member_versions on exits.household_id = member_versions.household_id
    inner join persons on member_versions.person_id = persons.person_id
    left join residence on persons.person_id = residence.person_id
    left join assistance on persons.person_id = assistance.person_id
    where persons.is_alive
),

families as (
    select
        household_id,
        min(case when is_helped then 1 else 0 end) = 1 as is_everybody_helped
    from exit_members
    group by household_id
),

-- A ground of a household holds for who is counted in it, and for the family it was; each counts once.
met as (
    select
        exit_members.household_id,
        grounds.*
    from exit_members
    inner join grounds on exit_members.person_id = grounds.person_id
    union
    select
        exit_members.household_id,
        grounds.*
    from exit_members
    inner join grounds on exit_members.home_id = grounds.home_id
    union
    select
        families.household_id,
        grounds.*
    from families
    inner join grounds on families.household_id = grounds.home_id
),

watches as (
    select distinct
        exit_members.household_id,
        watched_households.household_id as watched_id,
        watched_households.identified_on
    from exit_members
    inner join watched_members on exit_members.person_id = watched_members.person_id
    inner join watched_households on watched_members.household_id = watched_households.household_id
    where watched_households.identified_on > exit_members.ended_on
),

watch_terms as (
    select
        watches.household_id,
        {{ evidence_terms(
            evidence_term(
                "'agriculture.monitored_households'", published_key("household_keys.household_key"), "'identified_on'",
                "watches.identified_on", run_date(), "date"
            ),
            "household_keys.household_key"
        ) }} as terms
    from watches
    inner join household_keys on watches.watched_id = household_keys.household_id
    group by watches.household_id
),

counted as (
    select
        household_id,
        max(case when is_ground and rule_id = 'R20' then 1 else 0 end) = 1 as is_newly_disabled,
        max(case when is_ground and rule_id = 'R21' then 1 else 0 end) = 1 as is_bereaved,
        max(case when is_ground and rule_id = 'R22' then 1 else 0 end) = 1 as is_hardship_growing,
        max(case when is_ground and rule_id = 'R23' then 1 else 0 end) = 1 as is_income_fallen,
        count(distinct case when is_ground then rule_id end) as grounds,
        {{ flattened_terms(
            "case when is_ground then " ~ stored_terms("evidence") ~ " end", "rule_id, home_id, person_id"
        ) }} as terms
    from met
    group by household_id
),

judged as (
    select
        exits.*,
        families.is_everybody_helped,
        coalesce(counted.is_newly_disabled, false) as is_newly_disabled,
        coalesce(counted.is_bereaved, false) as is_bereaved,
        coalesce(counted.is_hardship_growing, false) as is_hardship_growing,
        coalesce(counted.is_income_fallen, false) as is_income_fallen,
        watch_terms.household_id is not null as is_watched,
        counted.terms as ground_terms,
        watch_terms.terms as watch_terms,
        coalesce(counted.grounds > 0, false) or watch_terms.household_id is not null as is_judged,
        coalesce(counted.grounds, 0) + case when watch_terms.household_id is not null then 1 else 0 end as grounds
    from exits
    inner join families on exits.household_id = families.household_id
    left join counted on exits.household_id = counted.household_id
    left join watch_terms on exits.household_id = watch_terms.household_id
    where counted.household_id is not null or watch_terms.household_id is not null
),

final as (
    select
        'R24' as rule_id,
        'household' as unit,
        judged.household_id as subject_household_id,
        cast(null as integer) as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when judged.is_judged then 'orange' end as level,
        judged.household_id,
        cast(null as integer) as person_id,
        judged.county_code,
        judged.township_code,
        judged.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        cast(judged.grounds as varchar) || ' 项：' || cast(judged.ended_on as varchar) || ' 退出'
        || case judged.category when 'tekun' then '特困供养' else '低保' end || '后出现'
        || concat_ws(
            '、',
            case when judged.is_newly_disabled then '成员新增重度残疾' end,
            case when judged.is_bereaved then '有劳动收入的成员去世' end,
            case when judged.is_hardship_growing then '多次临时救助或较高照护费用' end,
            case when judged.is_income_fallen then '收入明显下降' end,
            case when judged.is_watched then '被识别为防止返贫监测对象' end
        ) as reason_zh,
        cast(judged.grounds as varchar) || ' ground(s) after leaving ' || judged.category || ' on ' || cast(judged.ended_on as varchar)
        || ': '
        || concat_ws(
            ', ',
            case when judged.is_newly_disabled then 'a member newly severely disabled' end,
            case when judged.is_bereaved then 'a member who worked died' end,
            case when judged.is_hardship_growing then 'repeated relief or care costs' end,
            case when judged.is_income_fallen then 'income fell' end,
            case when judged.is_watched then 'identified for the relapse watch' end
        ) as reason_en,
        {{ evidence_json([
            evidence_list([
                ("true", evidence_term(
                    "'civil_affairs.households'", published_key("judged.household_key"), "'ended_on'", "judged.ended_on", run_date(),
                    "date"
                )),
                ("true", parameter_term("r24_months", "judged.months", "month")),
            ]),
            "judged.ground_terms",
            "judged.watch_terms",
        ]) }} as evidence,
        case
            when judged.is_judged then '退出后家庭实际收支、是否愿意重新申请，尚不清楚'
            else '退出后的残疾、就业、收入登记不完整'
        end as unknown_zh,
        case when judged.is_everybody_helped then 'helped' end as inhibited_by,
        judged.is_judged
    from judged
)

select * from final
