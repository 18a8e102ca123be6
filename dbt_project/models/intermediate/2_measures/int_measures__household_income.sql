-- One row per civil-affairs household: its income on the day, declared, observed and recomputed.
-- Yearly sums are exact; compare them with a line times members times twelve. Monthly columns are rounded for display.
-- name_agreed, for the review lane: deaths and wages of the same number under another name are left out.
with households as (
    select * from {{ ref("int_people__households") }}
),

members as (
    select * from {{ ref("int_people__members") }}
    where is_alive_name_agreed
),

payroll as (
    select * from {{ ref("int_people__payroll") }}
    where is_on_payroll
),

checks as (
    select * from {{ ref("int_measures__economic_checks") }}
    where recency = 1
        and checked_on >= {{ add_months(run_date(), "-" ~ parameter("declared_income_valid_months")) }}
),

farm_incomes as (
    select * from {{ ref("stg_agriculture__farm_incomes") }}
    where known_until_on is null and year = year({{ run_date() }}) - 1
),

keys as (
    select
        person_id,
        person_key
    from {{ ref("int_people__keys") }}
),

standards as (
    select * from {{ ref("int_measures__standards") }}
    where programme = 'dibao'
),

parameters as (
    select * from {{ ref("int_measures__parameters") }}
),

run as (
    select * from {{ ref("stg_control__run") }}
),

-- A code that is no county of the list, such as a functional zone's, takes the city's rates.
priced_counties as (
    select distinct county_code from standards
),

farm_by_person as (
    select
        keys.person_id,
        sum(case when farm_incomes.kind in ('1', '2') then farm_incomes.amount_cny end) as property_year_cny,
        sum(case when farm_incomes.kind = '3' then farm_incomes.amount_cny end) as business_year_cny
    from farm_incomes
    inner join keys on farm_incomes.person_key = keys.person_key
    group by keys.person_id
),

member_incomes as (
    select
        members.household_id,
        members.is_alive,
        payroll.monthly_wage_cny,
        payroll.person_id is not null and coalesce(members.name_key = payroll.name_key, true) as is_on_payroll_name_agreed,
        farm_by_person.property_year_cny,
        farm_by_person.business_year_cny
    from members
    left join payroll on members.person_id = payroll.person_id
    left join farm_by_person on members.person_id = farm_by_person.person_id
),

observed as (
    select
        household_id,
        sum(case when is_alive then monthly_wage_cny end) * 12 as wage_year_cny,
        sum(case when is_alive then property_year_cny end) as property_year_cny,
        sum(case when is_alive then business_year_cny end) as business_year_cny,
        cast(count(*) as integer) as members_name_agreed,
        cast(count(case when is_on_payroll_name_agreed then 1 end) as integer) as members_on_payroll_name_agreed,
        sum(case when is_on_payroll_name_agreed then monthly_wage_cny end) * 12 as wage_name_agreed_year_cny,
        sum(property_year_cny) as property_name_agreed_year_cny,
        sum(business_year_cny) as business_name_agreed_year_cny
    from member_incomes
    group by household_id
),

blocks as (
    select
        households.household_id,
        households.category,
        households.living_members as members,
        coalesce(observed.members_name_agreed, 0) as members_name_agreed,
        coalesce(observed.members_on_payroll_name_agreed, 0) as members_on_payroll_name_agreed,
        checks.check_no,
        checks.checked_on,
        checks.income_year_cny as declared_year_cny,
        checks.transfer_income_cny as transfer_year_cny,
        observed.wage_year_cny as observed_wage_year_cny,
        observed.wage_name_agreed_year_cny as observed_wage_name_agreed_year_cny,
        observed.property_year_cny as observed_property_year_cny,
        observed.business_year_cny as observed_business_year_cny,
        observed.property_name_agreed_year_cny as observed_property_name_agreed_year_cny,
        observed.business_name_agreed_year_cny as observed_business_name_agreed_year_cny,
        greatest(checks.wage_income_cny, observed.wage_year_cny) as wage_year_cny,
        greatest(checks.wage_income_cny, observed.wage_name_agreed_year_cny) as wage_name_agreed_year_cny,
        greatest(checks.property_income_cny, observed.property_year_cny) as property_year_cny,
        greatest(checks.business_income_cny, observed.business_year_cny) as business_year_cny,
        greatest(checks.property_income_cny, observed.property_name_agreed_year_cny) as property_name_agreed_year_cny,
        greatest(checks.business_income_cny, observed.business_name_agreed_year_cny) as business_name_agreed_year_cny,
        standards.amount_cny as standard_cny,
        standards.standard_version,
        marginal.value as marginal_multiple
    from households
    left join observed on households.household_id = observed.household_id
    left join checks on households.household_id = checks.household_id
    cross join run
    left join priced_counties on households.county_code = priced_counties.county_code
    left join standards
        on coalesce(priced_counties.county_code, run.city_code) = standards.county_code
        and households.residence = standards.residence
        and {{ run_date() }} >= standards.effective_from_on
        and {{ run_date() }} < standards.effective_to_on
    left join parameters as marginal
        on marginal.name = 'marginal_line_multiple'
        and coalesce(priced_counties.county_code, run.city_code) = marginal.county_code
        and {{ run_date() }} >= marginal.effective_from_on
        and {{ run_date() }} < marginal.effective_to_on
),

recomputed as (
    select
        *,
        coalesce(
            wage_year_cny, property_year_cny, business_year_cny, transfer_year_cny
        ) is not null as is_anything_known,
        coalesce(
            wage_name_agreed_year_cny, property_name_agreed_year_cny, business_name_agreed_year_cny, transfer_year_cny
        ) is not null as is_anything_name_agreed_known,
        coalesce(wage_year_cny, 0) + coalesce(property_year_cny, 0)
        + coalesce(business_year_cny, 0) + coalesce(transfer_year_cny, 0) as recomputed_sum_year_cny,
        coalesce(wage_name_agreed_year_cny, 0) + coalesce(property_name_agreed_year_cny, 0)
        + coalesce(business_name_agreed_year_cny, 0) + coalesce(transfer_year_cny, 0) as recomputed_name_agreed_sum_year_cny
    from blocks
),

final as (
    select
        household_id,
        check_no,
        checked_on,
        members,
        members_name_agreed,
        members_on_payroll_name_agreed,
        check_no is null as is_lower_bound,
        cast(declared_year_cny as decimal(20, 2)) as declared_year_cny,
        {{ share_of("declared_year_cny", "12") }} as declared_cny,
        cast(observed_wage_year_cny as decimal(20, 2)) as observed_wage_year_cny,
        cast(observed_wage_name_agreed_year_cny as decimal(20, 2)) as observed_wage_name_agreed_year_cny,
        cast(observed_property_year_cny as decimal(20, 2)) as observed_property_year_cny,
        cast(observed_business_year_cny as decimal(20, 2)) as observed_business_year_cny,
        cast(observed_property_name_agreed_year_cny as decimal(20, 2)) as observed_property_name_agreed_year_cny,
        cast(observed_business_name_agreed_year_cny as decimal(20, 2)) as observed_business_name_agreed_year_cny,
        {{ share_of("observed_wage_year_cny", "12") }} as observed_wage_cny,
        {{ share_of("observed_property_year_cny", "12") }} as observed_property_cny,
        {{ share_of("observed_business_year_cny", "12") }} as observed_business_cny,
        cast(case when is_anything_known then recomputed_sum_year_cny end as decimal(20, 2)) as recomputed_year_cny,
        cast(case when is_anything_name_agreed_known then recomputed_name_agreed_sum_year_cny end as decimal(20, 2))
            as recomputed_name_agreed_year_cny,
        {{ share_of("case when is_anything_known then recomputed_sum_year_cny end", "12") }} as recomputed_cny,
        standard_cny,
        standard_version,
        marginal_multiple,
        cast(standard_cny * marginal_multiple as decimal(14, 4)) as marginal_line_cny,
        case
            when category in ('dibao', 'tekun') then cast(standard_cny as decimal(14, 4))
            when category = 'marginal' then cast(standard_cny * marginal_multiple as decimal(14, 4))
        end as line_cny
    from recomputed
)

select * from final
