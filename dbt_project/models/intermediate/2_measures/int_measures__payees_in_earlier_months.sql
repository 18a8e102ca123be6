-- One row per payee and window month before the last of dibao without a household number, and the household it belongs to.
{{ config(materialized="view", tags=["compared"]) }}
{{ payees_of_part("earlier_months") }}
