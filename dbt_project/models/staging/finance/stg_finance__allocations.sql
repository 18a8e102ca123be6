-- One row per allocation and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'finance__allocations'), ['allocation_no']) }} as lake_versions
),

final as (
    select
        allocation_no,
        area_code,
        program,
        period,
        amount as amount_cny,
        allocated_on,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
