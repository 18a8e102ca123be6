-- One row per parameter, county (or the city as a whole) and period in which its value holds.
with in_force as (
    select * from {{ policy_in_force(ref("parameters"), ["name"]) }} as policy_in_force
),

final as (
    select
        name,
        county_code,
        effective_from_on,
        effective_to_on,
        case unit when '10k_yuan' then value * 10000 else value end as value,
        case unit when '10k_yuan' then 'yuan' else unit end as unit,
        reference,
        is_default
    from in_force
)

select * from final
