-- One row per person in the latest snapshot of the public payroll.
with payroll as (
    select * from {{ ref("stg_finance__payroll") }}
    where known_until_on is null
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

final as (
    select
        keys.person_id,
        payroll.name_key,
        payroll.monthly_wage_cny,
        payroll.since_on,
        payroll.until_on,
        payroll.since_on <= {{ run_date() }}
        and (payroll.until_on is null or payroll.until_on >= {{ run_date() }}) as is_on_payroll,
        payroll.known_from_on
    from payroll
    inner join keys on payroll.person_key = keys.person_key
)

select * from final
