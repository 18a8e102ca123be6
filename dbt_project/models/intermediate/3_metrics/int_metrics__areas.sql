-- One row per division: province, city, counties with their retired codes, townships.
with divisions as (
    select * from {{ ref("divisions") }}
),

townships as (
    select * from {{ ref("townships") }}
),

final as (
    select area_code, name_zh as name, level, parent_code, valid_from, valid_to
    from divisions
    union all
    select
        township_code as area_code,
        township_name as name,
        'township' as level,
        county_code as parent_code,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to
    from townships
)

select * from final
