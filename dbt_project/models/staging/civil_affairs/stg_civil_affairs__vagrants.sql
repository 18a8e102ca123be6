-- One row per helped vagrant and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'civil_affairs__vagrants'), ['case_no']) }} as lake_versions
),

final as (
    select
        case_no,
        station,
        admitted_on,
        left_on,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
