-- One row per household and person and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'civil_affairs__members'), ['household_key', 'person_key']) }} as lake_versions
),

final as (
    select
        household_key,
        person_key,
        name_key,
        relation,
        covered as is_covered,
        labour,
        employment,
        unemployed_since as unemployed_since_on,
        unemployment_insured as is_unemployment_insured,
        health,
        student,
        self_care,
        support_form,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
