-- One row per civil-affairs household, member and version of the member's row, as far as the last window month sees it.
{{ config(materialized="view", tags=["compared"]) }}
{{ members_of_part("last_month") }}
