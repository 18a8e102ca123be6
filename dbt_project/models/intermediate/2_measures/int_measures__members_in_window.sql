-- One row per civil-affairs household, member and version of the member's row, as far as window months see it.
{{ config(materialized="view", tags=["compared"]) }}
select
    member_versions.household_id,
    member_versions.person_id,
    member_versions.is_covered,
    member_versions.self_care,
    member_versions.state_from_on,
    least(member_versions.state_until_on, window_end.after_on) as state_until_on
from {{ ref("int_people__member_versions") }} as member_versions
cross join {{ window_end() }} as window_end
where member_versions.state_from_on < window_end.after_on
    and member_versions.household_id in (
        select households.household_id from {{ ref("int_measures__households_in_window") }} as households
    )
