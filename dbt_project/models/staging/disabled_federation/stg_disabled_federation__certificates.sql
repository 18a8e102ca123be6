-- One row per disability certificate and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'disabled_federation__certificates'), ['certificate_key']) }} as lake_versions
),

final as (
    select
        certificate_key,
        person_key,
        name_key,
        category,
        level,
        details,
        issued_on,
        expires_on,
        status,
        area_code,
        changed_on,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
