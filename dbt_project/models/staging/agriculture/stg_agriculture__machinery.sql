-- One row per machinery record and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'agriculture__machinery'), ['record_no']) }} as lake_versions
),

final as (
    select
        record_no,
        person_key,
        machine,
        price as price_cny,
        subsidy as subsidy_cny,
        purchased_on,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
