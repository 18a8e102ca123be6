-- One row per civil-affairs household and version of its roll row, as far as the last window month sees it.
{{ config(materialized="view", tags=["compared"]) }}
{{ households_of_part("last_month") }}
