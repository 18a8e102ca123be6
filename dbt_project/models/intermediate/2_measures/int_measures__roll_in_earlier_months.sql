-- One row per household that has been on the roll and was paid dibao for a window month before the last.
{{ config(materialized="view", tags=["compared"]) }}
{{ roll_of_part("earlier_months") }}
