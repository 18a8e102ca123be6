-- One row per household that has been on the roll and was paid dibao for the last window month.
{{ config(materialized="view", tags=["compared"]) }}
{{ roll_of_part("last_month") }}
