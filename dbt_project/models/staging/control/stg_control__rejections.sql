-- One row per refused row or value.
with rejections as (
    select * from {{ source('control', 'rejections') }}
),

final as (
    select
        department,
        table_name,
        received_on,
        file,
        line,
        field,
        reason,
        severity
    from rejections
)

select * from final
