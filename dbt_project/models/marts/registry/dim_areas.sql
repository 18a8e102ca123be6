-- One row per division.
with areas as (
    select * from {{ ref("int_metrics__areas") }}
),

final as (
    select area_code, name, level, parent_code, valid_from, valid_to from areas
)

select * from final
