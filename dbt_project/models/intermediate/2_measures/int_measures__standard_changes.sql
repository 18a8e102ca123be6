-- One row per programme, class, residence, county and policy row by whose time its amount had changed: since when it is this
-- much, and how much it was before. A row that repeats the amount before it, with a better source or for a county, changes nothing.
with standards as (
    select * from {{ ref("int_measures__standards") }}
),

following as (
    select
        *,
        lag(amount_cny) over (partition by programme, class, residence, county_code order by effective_from_on) as amount_before_cny,
        lag(standard_version) over (partition by programme, class, residence, county_code order by effective_from_on) as version_before
    from standards
),

dated as (
    select
        *,
        max(case when amount_before_cny <> amount_cny then effective_from_on end)
            over (partition by programme, class, residence, county_code order by effective_from_on) as changed_on
    from following
),

final as (
    select
        dated.programme,
        dated.class,
        dated.residence,
        dated.county_code,
        dated.effective_from_on,
        dated.effective_to_on,
        dated.amount_cny,
        dated.standard_version,
        dated.standard_no,
        dated.changed_on,
        changes.amount_before_cny as former_amount_cny,
        changes.version_before as former_standard_version
    from dated
    inner join following as changes
        on dated.programme = changes.programme
        and dated.class = changes.class
        and dated.residence = changes.residence
        and dated.county_code = changes.county_code
        and dated.changed_on = changes.effective_from_on
)

select * from final
