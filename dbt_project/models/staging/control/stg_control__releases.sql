-- One row per held alert that somebody signed for by the day; a signature of old, without alerts, is for all of the hold.
with releases as (
    select * from {{ source('control', 'releases') }}
),

final as (
    select
        hold_id,
        alert_id,
        effective_on,
        signed_by
    from releases
)

select * from final
