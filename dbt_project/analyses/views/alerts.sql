-- One row per alert.
select
    alerts.*,
    rules.name_zh as rule_zh,
    rules.name_en as rule_en,
    counties.name as county_name,
    townships.name as township_name,
    households.category_registered,
    households.residence,
    households.members,
    indicators.income_per_capita_cny,
    indicators.standard_cny
from marts.fct_alerts as alerts
left join views.rules as rules on alerts.rule_id = rules.rule_id
left join marts.dim_areas as counties on alerts.county_code = counties.area_code
left join marts.dim_areas as townships on alerts.township_code = townships.area_code
left join marts.dim_households as households on alerts.household_key = households.household_key
left join marts.fct_household_indicators as indicators on alerts.household_key = indicators.household_key
