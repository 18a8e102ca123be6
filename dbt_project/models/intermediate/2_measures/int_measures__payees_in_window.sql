-- One row per payee and window month of dibao without a household number, and the household it belongs to.
{{ config(materialized="view", tags=["compared"]) }}
select
    payee_households.person_id,
    payee_households.month_on,
    payee_households.household_id
from {{ ref("int_measures__payee_households") }} as payee_households
where payee_households.month_on in (
    select months.month_on from {{ ref("int_measures__months") }} as months where months.is_in_window
)
