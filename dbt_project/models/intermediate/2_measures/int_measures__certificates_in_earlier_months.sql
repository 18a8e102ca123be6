-- One row per certificate and version of its row, as far as the months before the last window month see it.
{{ config(materialized="view", tags=["compared"]) }}
{{ certificates_of_part("earlier_months") }}
