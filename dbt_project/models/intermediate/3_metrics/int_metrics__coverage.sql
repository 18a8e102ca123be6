-- One row per department table: when it was expected on the day, and what came.
with freshness as (
    select * from {{ ref("stg_control__freshness") }}
),

final as (
    select
        department as source,
        table_name,
        expected_by,
        received_on,
        "rows" as row_count,
        quarantined,
        freshness,
        is_late
    from freshness
)

select * from final
