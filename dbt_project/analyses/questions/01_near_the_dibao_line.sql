-- 问题: 各乡镇有多少户人均收入在低保线上下 50 元以内、目前没有低保或特困？
-- Question: How many families of each township are within 50 yuan of the dibao line and receive neither dibao nor tekun now?
-- 读法: below 为线下户数，above 为线上户数；线下的家庭先走访。distance_cny 改为别的数可放宽或收窄。
-- How to read: below counts families under the line, above those over it; visit those below first. Change distance_cny to widen or narrow.
-- 注意: 收入来自核对或监测登记，可能已经过时；没有观察到收入的家庭不在其中。监测户的成员若都已列入民政家庭，不再重复计。这是线索，不是认定。
-- Caveats: Income comes from a check or the watch register and may be old; families whose income nobody observed are not here. A watched family all of whose members stand in a civil-affairs family is counted once. A clue.
-- 公开: 乡镇一级的小数目（6 以下）不得公开；公开前并到县区，仍小的隐去。
-- Publishing: Counts under six of a township are not for publication; add them up by county first and leave out what stays small.
with numbers as (
    select 50 as distance_cny
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

near as (
    select
        households.county_code,
        households.township_code,
        households.members,
        indicators.gap_to_standard_cny
    from fct_household_indicators as indicators
    inner join dim_households as households on indicators.household_key = households.household_key
    cross join numbers
    cross join day
    where abs(indicators.gap_to_standard_cny) <= numbers.distance_cny
        and households.members > 0
        and (households.concept <> 'relapse_watch' or households.household_key in (select household_key from watched_by_themselves))
        and (households.ended_on <= day.on_date or coalesce(households.category_registered, '') not in ('dibao', 'tekun'))
),

final as (
    select
        coalesce(counties.name, near.county_code) as county,
        coalesce(townships.name, '(township unknown)') as township,
        count(*) filter (near.gap_to_standard_cny > 0) as below,
        count(*) filter (near.gap_to_standard_cny <= 0) as above,
        sum(near.members) as members
    from near
    left join dim_areas as counties on near.county_code = counties.area_code
    left join dim_areas as townships on near.township_code = townships.area_code
    group by all
)

select * from final
order by below desc, above desc, county, township
