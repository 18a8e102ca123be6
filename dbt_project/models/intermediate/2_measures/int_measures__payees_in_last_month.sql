-- One row per payee and last window month of dibao without a household number, and the household it belongs to.
{{ config(materialized="view", tags=["compared"]) }}
{{ payees_of_part("last_month") }}
