-- One row per beneficiary, entitled programme and last window month in which the ledger has a row.
{{ config(materialized="view") }}
{{ paid_of_part("last_month") }}
