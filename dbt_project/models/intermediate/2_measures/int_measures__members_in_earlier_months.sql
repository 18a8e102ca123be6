-- One row per civil-affairs household, member and version of the member's row, as far as the months before the last window month see it.
{{ config(materialized="view", tags=["compared"]) }}
{{ members_of_part("earlier_months") }}
