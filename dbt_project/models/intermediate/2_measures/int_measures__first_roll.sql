-- One row: the day on which the first roll was received that the window sees.
{{ config(materialized="view", tags=["compared"]) }}
select min(households.first_received_on) as first_received_on
from {{ ref("int_measures__households_in_last_month") }} as households
