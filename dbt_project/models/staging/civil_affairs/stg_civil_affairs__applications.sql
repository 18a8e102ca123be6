-- One row per application and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'civil_affairs__applications'), ['application_no']) }} as lake_versions
),

final as (
    select
        application_no,
        applicant_key,
        applicant_name_key,
        household_key,
        assistance,
        area_code,
        register_area_code,
        accepted_on,
        investigated_on,
        notice_from as notice_from_on,
        notice_to as notice_to_on,
        decided_on,
        decision,
        refusal_notified_on,
        first_paid_month as first_paid_month_on,
        special_case as is_special_case,
        official_relative as is_official_relative,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
