-- One row per civil-affairs household and version of its roll row, as far as window months see it.
{{ config(materialized="view", tags=["compared"]) }}
with household_versions as (
    select * from {{ ref("int_people__household_versions") }}
),

first_roll as (
    select min(known_from_on) as first_received_on from household_versions
),

final as (
    select
        household_versions.household_id,
        household_versions.category,
        household_versions.residence,
        household_versions.county_code,
        household_versions.monthly_amount_cny,
        household_versions.approved_on,
        household_versions.first_paid_month_on,
        case when household_versions.ended_on <= window_end.last_month_on then household_versions.ended_on end as ended_on,
        -- The roll lacked the family and had it again later.
        case
            when not household_versions.is_latest and household_versions.known_until_on <= window_end.last_day_on
                then household_versions.known_until_on
        end as lacked_from_on,
        household_versions.state_from_on,
        least(household_versions.state_until_on, window_end.after_on) as state_until_on,
        first_roll.first_received_on
    from household_versions
    cross join {{ window_end() }} as window_end
    cross join first_roll
    where household_versions.state_from_on < window_end.after_on and household_versions.approved_on <= window_end.last_month_on
)

select * from final
