-- One row per person who died before the last window month.
{{ config(materialized="view", tags=["compared"]) }}
select
    deaths.person_id,
    deaths.died_on
from {{ ref("int_people__deaths") }} as deaths
cross join {{ window_end() }} as window_end
where deaths.died_on < window_end.last_month_on
