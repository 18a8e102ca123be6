-- One row per household and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'civil_affairs__households'), ['household_key']) }} as lake_versions
),

final as (
    select
        household_key,
        head_key,
        head_name_key,
        assistance,
        unit,
        residence,
        area_code,
        approved_on,
        first_paid_month as first_paid_month_on,
        ended_on,
        end_reason,
        grace_until as grace_until_on,
        reviewed_on,
        review_class,
        covered_persons,
        monthly_amount as monthly_amount_cny,
        account_key,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
