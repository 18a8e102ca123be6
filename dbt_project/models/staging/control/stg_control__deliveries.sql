-- One row per delivered table.
with deliveries as (
    select * from {{ source('control', 'deliveries') }}
),

final as (
    select
        department,
        table_name,
        received_on,
        form,
        files,
        sha256,
        received,
        accepted,
        exact_duplicates,
        quarantined,
        verdict
    from deliveries
)

select * from final
