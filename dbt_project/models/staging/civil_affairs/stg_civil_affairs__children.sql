-- One row per child and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'civil_affairs__children'), ['person_key']) }} as lake_versions
),

final as (
    select
        person_key,
        name_key,
        kind,
        guardian_key,
        area_code,
        approved_on,
        ended_on,
        visited_on,
        agreement_signed as is_agreement_signed,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
