-- One row per household that has been on the roll and was paid dibao for a window month.
{{ config(materialized="view", tags=["compared"]) }}
select household_versions.household_id
from {{ ref("int_people__household_versions") }} as household_versions
where household_versions.is_latest
    and household_versions.household_id in (
        select ledger.household_id from {{ ref("int_measures__ledger_in_window") }} as ledger
        where ledger.household_id is not null
        union all
        select payees.household_id from {{ ref("int_measures__payees_in_window") }} as payees
    )
