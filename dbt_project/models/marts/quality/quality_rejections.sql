-- One row per refused row or value.
with rejections as (
    select * from {{ ref("int_metrics__rejections") }}
),

final as (
    select
        department,
        table_name as "table",
        received_on,
        file,
        line,
        field,
        reason
    from rejections
)

select * from final
