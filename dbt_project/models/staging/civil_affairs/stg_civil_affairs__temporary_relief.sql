-- One row per relief case and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'civil_affairs__temporary_relief'), ['case_no']) }} as lake_versions
),

final as (
    select
        case_no,
        person_key,
        name_key,
        area_code,
        register_area_code,
        kind,
        cause,
        applied_at,
        granted_at,
        amount as amount_cny,
        form,
        advance as is_advance,
        documents_completed_on,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
