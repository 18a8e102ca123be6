{#
    One row per civil-affairs household and window month on whose 1st it is active.
    Dates by the household's last row, everything else as the roll stood on the month's last day.
#}
{% macro household_months_of_part(part) -%}
with months as (
    select * from {{ ref("int_measures__months") }} as months
    where {{ is_of_part("months", part) }}
),

household_versions as (
    select * from {{ in_part("households", part) }}
),

final as (
    select
        household_versions.household_id,
        months.month_on,
        household_versions.category,
        household_versions.residence,
        household_versions.county_code,
        -- The roll lacked the family on the month's last day and had it again later: how much was due is not known.
        case
            when household_versions.lacked_from_on <= months.month_end_on then null
            else household_versions.monthly_amount_cny
        end as monthly_amount_cny,
        months.month_end_on < household_versions.first_received_on as is_before_first_roll,
        months.month_on >= coalesce(
            household_versions.first_paid_month_on,
            {{ add_months(month_start("household_versions.approved_on"), 1) }}
        ) as is_payable
    from household_versions
    inner join months
        on household_versions.state_from_on <= months.month_end_on
        and household_versions.state_until_on > months.month_end_on
        and household_versions.approved_on <= months.month_on
        and (household_versions.ended_on is null or household_versions.ended_on > months.month_on)
)

select * from final
{%- endmacro %}
