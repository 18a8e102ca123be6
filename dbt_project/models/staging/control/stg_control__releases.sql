-- One row per hold that somebody signed for by the day.
with releases as (
    select * from {{ source('control', 'releases') }}
),

final as (
    select
        hold_id,
        effective_on,
        signed_by
    from releases
)

select * from final
