-- One row per civil-affairs household and version of its roll row, as far as the months before the last window month see it.
{{ config(materialized="view", tags=["compared"]) }}
{{ households_of_part("earlier_months") }}
