-- One row per person who died before the last of the months before the last window month.
{{ config(materialized="view", tags=["compared"]) }}
{{ deaths_of_part("earlier_months") }}
