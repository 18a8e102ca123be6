-- One row per refused row that is not mended and person it names.
with refused_rows as (
    select * from {{ source('control', 'refused_rows') }}
),

final as (
    select
        row_no,
        department,
        table_name,
        title_zh,
        received_on,
        person_key,
        household_key,
        number,
        program,
        period as month_on
    from refused_rows
)

select * from final
