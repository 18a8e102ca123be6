-- One row per beneficiary, programme and window month in which something is due or what is due is unknown (null).
{{ config(materialized="view") }}
select * from {{ ref("int_measures__entitlements_in_earlier_months") }}
union all
select * from {{ ref("int_measures__entitlements_in_last_month") }}
