-- 问题: 各县区低保家庭中，有重度残疾人的占多少？
-- Question: What share of the dibao families of each county has a severely disabled member?
-- 读法: share 为有一、二级残疾成员的家庭占在保家庭的比例（0–1）；single 为其中只有一名成员的家庭。
-- How to read: share is the part of families on the roll with a member of level 1 or 2 (0 to 1); single counts those who live alone among them.
-- 注意: 按有效残疾证计，没有办证的残疾人看不见。
-- Caveats: By valid certificates: disability without a certificate is not seen.
-- 公开: 6 以下的格子不得公开，也不得能由合计推算出来。
-- Publishing: Cells under six are not for publication, nor may a sum beside them give them away.
with day as (
    select max(on_date) as on_date from rpt_alert_balance
),

families as (
    select
        households.county_code,
        households.residence,
        households.members,
        indicators.severely_disabled_members > 0 as has_severely_disabled
    from dim_households as households
    inner join fct_household_indicators as indicators on households.household_key = indicators.household_key
    cross join day
    where households.category_registered = 'dibao'
        and (households.ended_on is null or households.ended_on > day.on_date)
        and households.members > 0
),

final as (
    select
        coalesce(counties.name, families.county_code) as county,
        families.residence,
        count(*) as dibao_families,
        count(*) filter (families.has_severely_disabled) as with_severely_disabled,
        count(*) filter (families.has_severely_disabled and families.members = 1) as single,
        round(count(*) filter (families.has_severely_disabled) / count(*), 4) as share
    from families
    left join dim_areas as counties on families.county_code = counties.area_code
    group by all
)

select * from final
order by county, residence
