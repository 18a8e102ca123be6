-- One row per watched household: its net income without what does not count, beside the rural standard.
-- What was paid to the household's members counts by the payee's number, dibao for the family included.
-- comparable_year_cny is exact for the household; compare it with a line times members times twelve.
with households as (
    select * from {{ ref("int_people__watched_households") }}
),

members as (
    select * from {{ ref("int_people__watched_members") }}
    where is_alive
),

months as (
    select month_on from {{ ref("int_measures__months") }}
    where is_in_window
),

subtracted as (
    select programme from {{ ref("uncounted_income") }}
    where is_subtracted_from_watch_income
),

ledger as (
    select * from {{ ref("int_measures__ledger") }}
    where is_successful
),

programmes as (
    select {{ program_no("program") }} as program_no, programme from {{ ref("programmes") }}
),

standards as (
    select * from {{ ref("int_measures__standards") }}
    where programme = 'dibao' and residence = 'rural'
),

run as (
    select * from {{ ref("stg_control__run") }}
),

-- A code that is no county of the list, such as a functional zone's, takes the city's rates.
priced_counties as (
    select distinct county_code from standards
),

paid_to_members as (
    select
        members.household_id,
        sum(ledger.amount_cny) as assistance_cny
    from ledger
    inner join months on ledger.month_on = months.month_on
    inner join programmes on ledger.program_no = programmes.program_no
    inner join subtracted on programmes.programme = subtracted.programme
    inner join members on ledger.person_id = members.person_id
    group by members.household_id
),

counted as (
    select
        households.household_id,
        households.living_members as members,
        households.net_income_per_capita_cny,
        cast(coalesce(paid_to_members.assistance_cny, 0) as decimal(20, 2)) as assistance_12_months_cny,
        standards.amount_cny as standard_cny,
        standards.standard_version
    from households
    left join paid_to_members on households.household_id = paid_to_members.household_id
    cross join run
    left join priced_counties on households.county_code = priced_counties.county_code
    left join standards
        on coalesce(priced_counties.county_code, run.city_code) = standards.county_code
        and {{ run_date() }} >= standards.effective_from_on
        and {{ run_date() }} < standards.effective_to_on
),

final as (
    select
        household_id,
        members,
        net_income_per_capita_cny,
        assistance_12_months_cny,
        cast(net_income_per_capita_cny * members - assistance_12_months_cny as decimal(20, 2)) as comparable_year_cny,
        {{ share_of("net_income_per_capita_cny * members - assistance_12_months_cny", "12 * members") }} as comparable_cny,
        standard_cny,
        standard_version
    from counted
)

select * from final
