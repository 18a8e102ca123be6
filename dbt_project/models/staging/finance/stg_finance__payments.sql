-- One row per payment and version of it (a later delivery with other content makes a new version).
with versions as (
    select * from {{ lake_versions(source('lake', 'finance__payments'), ['payment_no']) }} as lake_versions
),

final as (
    select
        payment_no,
        batch_no,
        program,
        person_key,
        name_key,
        account_key,
        household_key,
        period,
        amount as amount_cny,
        paid_on,
        status,
        fail_reason,
        reissue_of,
        is_stale,
        known_from_on,
        known_until_on,
        is_latest,
        state_from_on,
        state_until_on
    from versions
)

select * from final
