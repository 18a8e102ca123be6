-- One row per person with a certificate or in the children roll, whose county sets the rate of window months.
{{ config(materialized="view", tags=["compared"]) }}
select
    residence.person_id,
    residence.county_code
from {{ ref("int_people__residence") }} as residence
where residence.person_id in (
    select certificates.person_id from {{ ref("int_measures__certificates_in_window") }} as certificates
    union all
    select children.person_id from {{ ref("int_measures__children_in_window") }} as children
)
