-- One row per household on the day.
select
    households.*,
    counties.name as county_name,
    townships.name as township_name,
    indicators.* exclude (household_key)
from marts.dim_households as households
left join marts.fct_household_indicators as indicators on households.household_key = indicators.household_key
left join marts.dim_areas as counties on households.county_code = counties.area_code
left join marts.dim_areas as townships on households.township_code = townships.area_code
