-- One row per payee of dibao without a household number for a window month, and the household it belongs to.
{{ config(materialized="view", tags=["compared"]) }}
select
    payee_households.person_id,
    payee_households.household_id
from {{ ref("int_people__payee_households") }} as payee_households
where payee_households.person_id in (
    select ledger.person_id from {{ ref("int_measures__ledger_in_window") }} as ledger
    where ledger.benefit_month_no is null
)
