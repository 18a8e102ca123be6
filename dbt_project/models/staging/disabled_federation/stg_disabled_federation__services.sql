-- One row per service and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'disabled_federation__services'), ['service_no']) }} as lake_versions
),

final as (
    select
        service_no,
        person_key,
        kind,
        applied_on,
        delivered_on,
        personal_cost as personal_cost_cny,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
