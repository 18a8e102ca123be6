-- One row per certificate and version of its row, as far as the last window month sees it.
{{ config(materialized="view", tags=["compared"]) }}
{{ certificates_of_part("last_month") }}
