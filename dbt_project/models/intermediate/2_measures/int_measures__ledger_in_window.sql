-- One row per payment of a programme with an entitlement for a window month.
{{ config(materialized="view", tags=["compared"]) }}
select
    ledger.person_id,
    ledger.household_id,
    ledger.program_no,
    ledger.month_on,
    ledger.benefit_month_no,
    ledger.amount_cny,
    ledger.paid_on,
    ledger.is_successful
from {{ ref("int_measures__ledger") }} as ledger
where ledger.month_on in (select months.month_on from {{ ref("int_measures__months") }} as months where months.is_in_window)
    and ledger.program_no in (
        select programmes.program_no from {{ numbered_programmes() }} as programmes where programmes.has_entitlement
    )
