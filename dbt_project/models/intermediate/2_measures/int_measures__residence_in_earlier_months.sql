-- One row per person with a certificate or in the children roll, whose county sets the rate of window months before the last.
{{ config(materialized="view", tags=["compared"]) }}
{{ residence_of_part("earlier_months") }}
