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

payments as (
    select * from {{ ref("stg_finance__payments") }}
    where known_until_on is null and status = '1'
),

programmes as (
    select * from {{ ref("programmes") }}
),

keys as (
    select
        person_id,
        person_key
    from {{ ref("int_people__keys") }}
),

standards as (
    select * from {{ ref("int_measures__standards") }}
    where programme = 'dibao' and residence = 'rural'
),

payees as (
    select
        members.household_id,
        keys.person_key
    from members
    inner join keys on members.person_id = keys.person_id
),

paid_to_members as (
    select
        payees.household_id,
        sum(payments.amount_cny) as assistance_cny
    from payments
    inner join months on payments.period = months.month_on
    inner join programmes on payments.program = programmes.program
    inner join subtracted on programmes.programme = subtracted.programme
    inner join payees on payments.person_key = payees.person_key
    group by payees.household_id
),

counted as (
    select
        households.household_id,
        households.living_members as members,
        households.net_income_per_capita_cny,
        cast(coalesce(paid_to_members.assistance_cny, 0) as decimal(14, 2)) as assistance_12_months_cny,
        standards.amount_cny as standard_cny,
        standards.standard_version
    from households
    left join paid_to_members on households.household_id = paid_to_members.household_id
    left join standards
        on households.county_code = standards.county_code
        and {{ run_date() }} >= standards.effective_from_on
        and {{ run_date() }} < standards.effective_to_on
),

final as (
    select
        household_id,
        members,
        net_income_per_capita_cny,
        assistance_12_months_cny,
        cast(net_income_per_capita_cny * members - assistance_12_months_cny as decimal(14, 2)) as comparable_year_cny,
        case
            when members > 0
                then cast(
                    (net_income_per_capita_cny * members - assistance_12_months_cny) / (12 * members) as decimal(14, 2)
                )
        end as comparable_cny,
        standard_cny,
        standard_version
    from counted
)

select * from final
