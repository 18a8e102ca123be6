-- One row per run.
with runs as (
    select * from {{ source('control', 'run') }}
),

final as (
    select
        city_code,
        city_name_zh,
        city_name_en
    from runs
)

select * from final
