-- One row per watched household and person and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'agriculture__monitored_members'), ['household_key', 'person_key']) }} as lake_versions
),

final as (
    select
        household_key,
        person_key,
        name_key,
        relation,
        labour_skill,
        dibao,
        tekun,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
