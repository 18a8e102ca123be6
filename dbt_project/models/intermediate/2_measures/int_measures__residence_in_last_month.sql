-- One row per person with a certificate or in the children roll, whose county sets the rate of the last window month.
{{ config(materialized="view", tags=["compared"]) }}
{{ residence_of_part("last_month") }}
