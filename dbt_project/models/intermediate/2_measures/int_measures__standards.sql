-- One row per programme, class, residence, county (or the city as a whole) and period in which an amount holds.
with in_force as (
    select * from
        {{ policy_in_force(ref("assistance_standards"), ["programme", "residence", "class"]) }} as policy_in_force
),

monthly as (
    select
        *,
        cast(
            amount
            * case unit when '10k_yuan' then 10000 else 1 end
            / case period when 'year' then 12 else 1 end
            as decimal(14, 2)
        ) as amount_cny
    from in_force
),

described as (
    select
        programme,
        coalesce(class, '') as class,
        coalesce(residence, '') as residence,
        county_code,
        effective_from_on,
        effective_to_on,
        amount_cny,
        programme
        || coalesce(' ' || residence, '')
        || coalesce(' ' || class, '')
        || ' ' || area_code
        || ' ' || cast(effective_from_on as varchar) as standard_version,
        reference,
        is_default
    from monthly
),

final as (
    select
        described.*,
        cast(dense_rank() over (order by described.standard_version) as smallint) as standard_no
    from described
)

select * from final
