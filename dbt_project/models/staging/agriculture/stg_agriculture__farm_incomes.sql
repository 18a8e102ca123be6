-- One row per farm income record and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'agriculture__farm_incomes'), ['record_no']) }} as lake_versions
),

final as (
    select
        record_no,
        person_key,
        kind,
        year,
        amount as amount_cny,
        area_mu,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
