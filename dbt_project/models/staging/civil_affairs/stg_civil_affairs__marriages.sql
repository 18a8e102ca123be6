-- One row per marriage certificate and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'civil_affairs__marriages'), ['certificate_no']) }} as lake_versions
),

final as (
    select
        certificate_no,
        kind,
        person_a_key,
        person_b_key,
        registered_on,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
