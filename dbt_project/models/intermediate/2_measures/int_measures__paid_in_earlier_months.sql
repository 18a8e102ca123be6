-- One row per beneficiary, entitled programme and window month before the last in which the ledger has a row.
{{ config(materialized="view") }}
{{ paid_of_part("earlier_months") }}
