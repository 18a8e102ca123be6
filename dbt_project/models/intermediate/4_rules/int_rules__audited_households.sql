-- One row per household and month of the audit samples drawn so far.
with earlier as (
    select * from {{ ref("stg_control__audit_sample") }} where on_date < {{ run_date() }}
),

today as (
    select * from {{ ref("int_rules__audit_sample_today") }}
),

final as (
    select code, drawn_for_month, county_code from earlier
    union
    select code, drawn_for_month, county_code from today
)

select * from final
