-- One row per civil-affairs or watched household on the day: its lines, income, trend and members.
-- Income per head is divided once, from the household's exact yearly sum, and rounded; what is compared are the sums.
with households as (
    select * from {{ ref("int_people__households") }}
),

watched_households as (
    select * from {{ ref("int_people__watched_households") }}
),

members as (
    select
        household_id,
        person_id,
        employment in ('1', '2', '4') as is_working
    from {{ ref("int_people__members") }}
    where is_alive
    union all
    select
        household_id,
        person_id,
        labour_skill in ('1', '2') as is_working
    from {{ ref("int_people__watched_members") }}
    where is_alive
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

certificates as (
    select * from {{ ref("int_people__valid_certificates") }}
),

income as (
    select * from {{ ref("int_measures__household_income") }}
),

watch_income as (
    select * from {{ ref("int_measures__watch_income") }}
),

checks as (
    select * from {{ ref("int_measures__economic_checks") }}
),

numbers as (
    select
        {{ parameter("minor_below_age") }} as minor_below_age,
        {{ parameter("elderly_from_age") }} as elderly_from_age
),

run as (
    select * from {{ ref("stg_control__run") }}
),

-- A county may have its own; a code that is no county of the list takes the city's.
marginal_multiples as (
    select county_code, value
    from {{ ref("int_measures__parameters") }}
    where name = 'marginal_line_multiple'
        and {{ run_date() }} >= effective_from_on
        and {{ run_date() }} < effective_to_on
),

families as (
    select
        members.household_id,
        sum(case when certificates.is_severe then 1 else 0 end) as severely_disabled_members,
        sum(case when persons.age_years < numbers.minor_below_age then 1 else 0 end) as minors,
        sum(case when persons.age_years >= numbers.elderly_from_age then 1 else 0 end) as elderly,
        sum(case when members.is_working then 1 else 0 end) as workers
    from members
    cross join numbers
    inner join persons on members.person_id = persons.person_id
    left join certificates on members.person_id = certificates.person_id
    group by members.household_id
),

-- The last check beside the last one made at least so many months before the day; null where they are the same.
earlier_checks as (
    select
        household_id,
        min(case when checked_on <= {{ add_months(run_date(), -3) }} then recency end) as recency_3m,
        min(case when checked_on <= {{ add_months(run_date(), -6) }} then recency end) as recency_6m,
        min(case when checked_on <= {{ add_months(run_date(), -12) }} then recency end) as recency_12m
    from checks
    group by household_id
),

changes as (
    select
        last_checks.household_id,
        last_checks.income_year_cny - checks_3m.income_year_cny as change_3m_year_cny,
        last_checks.income_year_cny - checks_6m.income_year_cny as change_6m_year_cny,
        last_checks.income_year_cny - checks_12m.income_year_cny as change_12m_year_cny,
        last_checks.medical_expense_cny + last_checks.education_expense_cny + last_checks.disability_expense_cny
            as rigid_spending_year_cny,
        case
            when coalesce(last_checks.medical_expense_cny, last_checks.education_expense_cny, last_checks.disability_expense_cny)
                is not null
                then coalesce(last_checks.medical_expense_cny, 0)
                    + coalesce(last_checks.education_expense_cny, 0)
                    + coalesce(last_checks.disability_expense_cny, 0)
        end as recorded_rigid_spending_year_cny,
        case when last_checks.income_year_cny > 0 then last_checks.income_year_cny end as checked_income_year_cny
    from checks as last_checks
    inner join earlier_checks on last_checks.household_id = earlier_checks.household_id
    left join checks as checks_3m
        on earlier_checks.household_id = checks_3m.household_id
        and earlier_checks.recency_3m = checks_3m.recency
        and checks_3m.recency > 1
    left join checks as checks_6m
        on earlier_checks.household_id = checks_6m.household_id
        and earlier_checks.recency_6m = checks_6m.recency
        and checks_6m.recency > 1
    left join checks as checks_12m
        on earlier_checks.household_id = checks_12m.household_id
        and earlier_checks.recency_12m = checks_12m.recency
        and checks_12m.recency > 1
    where last_checks.recency = 1
),

-- Without an economic check a recomputed income is only a lower bound: shown as not observed.
incomes as (
    select
        households.household_id,
        'civil_affairs' as concept,
        case
            when not households.is_active then 'none'
            when households.category = 'marginal' then 'dibao_marginal'
            when households.category = 'rigid' then 'rigid_expenditure'
            else households.category
        end as active_category,
        households.county_code,
        households.township_code,
        households.area_code,
        households.living_members as members,
        income.standard_cny,
        income.marginal_line_cny,
        income.declared_cny as income_declared_cny,
        income.declared_year_cny,
        case when not income.is_lower_bound then income.recomputed_cny end as income_counted_cny,
        case when not income.is_lower_bound then income.recomputed_year_cny end as counted_year_cny,
        income.checked_on as income_observed_on
    from households
    left join income on households.household_id = income.household_id
    union all
    select
        watched_households.household_id,
        'relapse_watch' as concept,
        'none' as active_category,
        watched_households.county_code,
        watched_households.township_code,
        watched_households.area_code,
        watched_households.living_members as members,
        watch_income.standard_cny,
        cast(watch_income.standard_cny * coalesce(own.value, of_the_city.value) as decimal(14, 4)) as marginal_line_cny,
        cast(null as decimal(14, 2)) as income_declared_cny,
        cast(null as decimal(14, 2)) as declared_year_cny,
        {{ share_of("watch_income.comparable_year_cny", "12") }} as income_counted_cny,
        watch_income.comparable_year_cny as counted_year_cny,
        case when watch_income.comparable_year_cny is not null then watched_households.known_from_on end as income_observed_on
    from watched_households
    cross join run
    left join marginal_multiples as own on watched_households.county_code = own.county_code
    left join marginal_multiples as of_the_city on run.city_code = of_the_city.county_code
    left join watch_income on watched_households.household_id = watch_income.household_id
),

sized as (
    select
        *,
        nullif(12 * members, 0) as member_months
    from incomes
),

household_keys as (
    select household_id, household_key from {{ ref("int_people__household_keys") }}
),

final as (
    select
        sized.household_id,
        household_keys.household_key,
        sized.concept,
        sized.active_category,
        sized.county_code,
        sized.township_code,
        sized.area_code,
        sized.members,
        sized.member_months,
        sized.standard_cny,
        sized.marginal_line_cny,
        sized.income_declared_cny,
        sized.declared_year_cny,
        {{ share_of("sized.declared_year_cny", "sized.member_months") }} as income_declared_per_capita_cny,
        sized.income_counted_cny,
        sized.counted_year_cny,
        {{ share_of("sized.counted_year_cny", "sized.member_months") }} as income_per_capita_cny,
        case
            when sized.members = 0 or sized.counted_year_cny is null or sized.standard_cny is null then null
            when sized.counted_year_cny < sized.standard_cny * sized.member_months then 'dibao'
            when sized.counted_year_cny < sized.marginal_line_cny * sized.member_months then 'dibao_marginal'
            else 'none'
        end as category_computed,
        changes.change_3m_year_cny,
        changes.change_6m_year_cny,
        changes.change_12m_year_cny,
        {{ share_of("changes.change_3m_year_cny", "sized.member_months") }} as trend_3m,
        {{ share_of("changes.change_6m_year_cny", "sized.member_months") }} as trend_6m,
        {{ share_of("changes.change_12m_year_cny", "sized.member_months") }} as trend_12m,
        changes.rigid_spending_year_cny,
        changes.checked_income_year_cny,
        {{ ratio("changes.rigid_spending_year_cny", "changes.checked_income_year_cny") }} as rigid_spending_ratio,
        -- What is not recorded can only add to it.
        changes.recorded_rigid_spending_year_cny,
        {{ ratio("changes.recorded_rigid_spending_year_cny", "changes.checked_income_year_cny") }} as recorded_rigid_spending_ratio,
        coalesce(families.severely_disabled_members, 0) as severely_disabled_members,
        coalesce(families.minors, 0) as minors,
        coalesce(families.elderly, 0) as elderly,
        coalesce(families.workers, 0) as workers,
        sized.income_observed_on
    from sized
    inner join household_keys on sized.household_id = household_keys.household_id
    left join families on sized.household_id = families.household_id
    left join changes on sized.household_id = changes.household_id
)

select * from final
