-- One row per refused row or value, as ingest recorded it.
with final as (
    select * from {{ ref("stg_control__rejections") }}
)

select * from final
