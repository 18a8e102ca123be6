-- One row per delivered table.
with deliveries as (
    select * from {{ ref("int_metrics__deliveries") }}
),

final as (
    select
        department,
        table_name as "table",
        received_on,
        form,
        cast(files as bigint) as files,
        sha256,
        received,
        accepted,
        exact_duplicates,
        quarantined,
        verdict
    from deliveries
)

select * from final
