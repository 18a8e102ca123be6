-- One row per economic check and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'civil_affairs__economic_checks'), ['check_no']) }} as lake_versions
),

final as (
    select
        check_no,
        household_key,
        checked_on,
        wage_income as wage_income_cny,
        business_income as business_income_cny,
        property_income as property_income_cny,
        transfer_income as transfer_income_cny,
        medical_expense as medical_expense_cny,
        education_expense as education_expense_cny,
        disability_expense as disability_expense_cny,
        financial_assets as financial_assets_cny,
        vehicles,
        homes,
        business_registered as is_business_registered,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
