-- One row per economic check of a household; recency 1 is the last one.
with checks as (
    select * from {{ ref("stg_civil_affairs__economic_checks") }}
    where known_until_on is null
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
    where concept = 'civil_affairs'
),

final as (
    select
        household_keys.household_id,
        checks.check_no,
        checks.checked_on,
        checks.wage_income_cny,
        checks.business_income_cny,
        checks.property_income_cny,
        checks.transfer_income_cny,
        checks.wage_income_cny + checks.business_income_cny + checks.property_income_cny + checks.transfer_income_cny
            as income_year_cny,
        checks.medical_expense_cny,
        checks.education_expense_cny,
        checks.disability_expense_cny,
        checks.financial_assets_cny,
        checks.vehicles,
        checks.homes,
        checks.is_business_registered,
        checks.known_from_on,
        cast(
            row_number() over (
                partition by household_keys.household_id
                order by checks.checked_on desc, checks.known_from_on desc, checks.check_no desc
            ) as integer
        ) as recency
    from checks
    inner join household_keys on checks.household_key = household_keys.household_key
    where checks.checked_on <= {{ run_date() }}
)

select * from final
