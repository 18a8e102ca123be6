-- One row per department table.
with freshness as (
    select * from {{ source('control', 'freshness') }}
),

final as (
    select
        department,
        table_name,
        mode,
        expected_by,
        received_on,
        rows,
        quarantined,
        freshness,
        is_late
    from freshness
)

select * from final
