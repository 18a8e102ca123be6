-- One row per certificate and version of its row, as far as window months see it.
{{ config(materialized="view", tags=["compared"]) }}
select
    certificates.person_id,
    certificates.level,
    certificates.status,
    certificates.issued_on,
    certificates.expires_on,
    certificates.changed_on,
    certificates.known_from_on,
    certificates.state_from_on,
    least(certificates.state_until_on, window_end.after_on) as state_until_on
from {{ ref("int_people__certificates") }} as certificates
cross join {{ window_end() }} as window_end
where certificates.state_from_on < window_end.after_on and certificates.issued_on <= window_end.last_month_on
