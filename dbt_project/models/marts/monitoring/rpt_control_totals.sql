-- One row per published figure.
with control_totals as (
    select * from {{ ref("int_metrics__control_totals") }}
),

final as (
    select
        measure,
        published,
        computed,
        cast(computed - published as decimal(18, 2)) as difference,
        {{ ratio("computed", "published") }} as ratio,
        tolerance,
        abs(computed - published) <= published * tolerance as is_within,
        as_of,
        source
    from control_totals
)

select * from final
