-- One row per person on the public payroll and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'finance__payroll'), ['person_key']) }} as lake_versions
),

final as (
    select
        person_key,
        name_key,
        monthly_wage as monthly_wage_cny,
        since as since_on,
        until as until_on,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
