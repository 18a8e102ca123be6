-- One row per payment of a programme with an entitlement for a window month before the last.
{{ config(materialized="view", tags=["compared"]) }}
{{ ledger_of_part("earlier_months") }}
