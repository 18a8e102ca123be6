-- One row per alert there was when the vault's key was last changed.
with kept_codes as (
    select * from {{ source('control', 'kept_codes') }}
),

final as (
    select
        rule_id,
        subject,
        coalesce(program, '') as program_key,
        alert_id
    from kept_codes
)

select * from final
