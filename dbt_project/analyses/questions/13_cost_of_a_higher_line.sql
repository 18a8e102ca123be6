-- 问题: 低保标准每人每月提高 50 元，大约要多花多少钱？
-- Question: If the dibao standard rose by 50 yuan a head and month, roughly what would it cost?
-- 读法: on_the_roll：在保对象每人多发 50 元；newly_below：收入进入新线以下的家庭按补差。单位元/月。
-- How to read: on_the_roll: everybody covered gets 50 yuan more; newly_below: families whose income comes below the new line, paid the difference. Yuan a month.
-- 注意: 粗算：不看财产、单人保、其他补贴的连动；收入不明的家庭不计；边缘和监测家庭不一定申请。
-- Caveats: Rough: property, one-person dibao and other allowances tied to the line are not looked at; unknown incomes are not counted; not everybody applies.
-- 公开: 6 以下的格子不得公开，也不得能由合计推算出来。
-- Publishing: Cells under six are not for publication, nor may a sum beside them give them away.
with numbers as (
    select 50 as raise_cny
),

day as (
    select max(on_date) as on_date from rpt_alert_balance
),

watched_by_themselves as (
    select distinct people.household_key
    from dim_people as people
    inner join dim_households as households on people.household_key = households.household_key
    where households.concept = 'relapse_watch'
),

families as (
    select
        households.county_code,
        coalesce(households.category_registered = 'dibao', false)
            and (households.ended_on is null or households.ended_on > day.on_date) as is_on_roll,
        households.covered_persons,
        households.members,
        indicators.gap_to_standard_cny + numbers.raise_cny as gap_to_new_line_cny,
        indicators.gap_to_standard_cny,
        numbers.raise_cny
    from dim_households as households
    inner join fct_household_indicators as indicators on households.household_key = indicators.household_key
    cross join numbers
    cross join day
    where households.members > 0
        and (households.concept <> 'relapse_watch' or households.household_key in (select household_key from watched_by_themselves))
        and (coalesce(households.category_registered, '') <> 'tekun' or households.ended_on <= day.on_date)
),

final as (
    select
        coalesce(counties.name, families.county_code) as county,
        count(*) filter (families.is_on_roll) as on_the_roll_families,
        coalesce(sum(families.covered_persons * families.raise_cny) filter (families.is_on_roll), 0) as on_the_roll_cny,
        count(*) filter (not families.is_on_roll and families.gap_to_standard_cny <= 0 and families.gap_to_new_line_cny > 0)
            as newly_below_families,
        coalesce(
            sum(families.members * families.gap_to_new_line_cny)
                filter (not families.is_on_roll and families.gap_to_standard_cny <= 0 and families.gap_to_new_line_cny > 0),
            0
        ) as newly_below_cny
    from families
    left join dim_areas as counties on families.county_code = counties.area_code
    group by all
)

select * from final
order by county
