-- One row per watched person on the day.
select
    people.*,
    households.county_code,
    counties.name as county_name,
    townships.name as township_name,
    households.concept,
    households.category_registered,
    households.residence,
    households.members,
    households.ended_on
from marts.dim_people as people
left join marts.dim_households as households on people.household_key = households.household_key
left join marts.dim_areas as counties on households.county_code = counties.area_code
left join marts.dim_areas as townships on people.township_code = townships.area_code
