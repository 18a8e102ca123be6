-- One row per child in the children roll and version of the child's row, as far as window months see it.
{{ config(materialized="view", tags=["compared"]) }}
select
    child_versions.person_id,
    child_versions.kind,
    child_versions.county_code,
    child_versions.approved_on,
    case when child_versions.ended_on < window_end.last_month_on then child_versions.ended_on end as ended_on,
    child_versions.state_from_on,
    least(child_versions.state_until_on, window_end.after_on) as state_until_on
from {{ ref("int_people__child_versions") }} as child_versions
cross join {{ window_end() }} as window_end
where child_versions.state_from_on < window_end.after_on and child_versions.approved_on < window_end.last_month_on
