-- One row per delivered table, as ingest recorded it.
with final as (
    select * from {{ ref("stg_control__deliveries") }}
)

select * from final
