-- One row per watched household and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'agriculture__monitored_households'), ['household_key']) }} as lake_versions
),

final as (
    select
        household_key,
        kind,
        area_code,
        identified_on,
        risks,
        risk_removed as is_risk_removed,
        removed_on,
        net_income_per_capita as net_income_per_capita_cny,
        wage_income as wage_income_cny,
        business_income as business_income_cny,
        business_cost as business_cost_cny,
        property_income as property_income_cny,
        transfer_income as transfer_income_cny,
        no_labour as is_no_labour,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
