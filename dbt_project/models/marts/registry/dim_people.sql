-- One row per watched person on the day.
with people as (
    select * from {{ ref("int_metrics__people") }}
),

final as (
    select
        {{ published_key("person_key") }} as person_key,
        sex,
        age_years as age,
        {{ year_month("birth_on") }} as birth_month,
        died_on,
        {{ published_key("household_key") }} as household_key,
        township_code,
        disability_category,
        disability_level,
        certificate_status,
        labour,
        is_on_payroll
    from people
)

select * from final
