-- One row per payment of a programme with an entitlement for the last window month.
{{ config(materialized="view", tags=["compared"]) }}
{{ ledger_of_part("last_month") }}
