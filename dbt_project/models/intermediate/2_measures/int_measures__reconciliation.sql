-- One row per beneficiary, entitled programme and window month in which something is due, unknown or in the ledger.
{{ config(materialized="view") }}
select * from {{ ref("int_measures__reconciliation_in_earlier_months") }}
union all
select * from {{ ref("int_measures__reconciliation_in_last_month") }}
