-- One row per watched person, as the registers describe the person on the day.
-- Watched are members of civil-affairs or watched households, certificate holders, children of the roll, whoever asked for
-- temporary relief, and whoever is paid a programme with an entitlement or the old-age allowance. Not the whole payroll,
-- marriage or cremation register.
with ledger as {{ read_anew() }} (
    select
        person_id,
        benefit_month_no,
        program_no,
        month_on
    from {{ ref("int_measures__ledger") }}
    where month_on >= (select min(month_on) from {{ ref("int_measures__months") }})
),

programmes as (
    select {{ program_no("program") }} as program_no, unit from {{ ref("programmes") }}
    where has_entitlement or programme = 'old_age'
),

payee_households as (
    select * from {{ ref("int_measures__payee_households") }}
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

keys as {{ read_anew() }} (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

members as (
    select household_id, person_id, labour from {{ ref("int_people__members") }}
),

assistance as (
    select * from {{ ref("int_people__assistance") }}
),

severe as (
    select person_id from {{ ref("int_people__valid_certificates") }} where is_severe
),

registered_jobs as (
    select keys.person_id
    from {{ ref("stg_disabled_federation__employment") }} as employment
    inner join keys on employment.person_key = keys.person_key
    where employment.known_until_on is null
        and employment.status = '1'
        and (employment.since_on is null or employment.since_on <= {{ run_date() }})
),

-- Any member row of the person, whatever became of the household: 3 is out of work, 6 without work.
working_members as (
    select distinct person_id from {{ ref("int_people__members") }} where employment not in ('3', '6')
),

-- Of the payroll only rows whose name agrees with the member's, or where one is missing.
single_dibao_members as (
    select
        members_of_families.person_id,
        max(
            case
                when payroll_rows.person_id is not null
                    and coalesce(members_of_families.name_key = payroll_rows.name_key, true) then 1
                else 0
            end
        ) = 1 as is_on_payroll_name_agreed
    from {{ ref("int_people__members") }} as members_of_families
    inner join {{ ref("int_people__households") }} as households on members_of_families.household_id = households.household_id
    left join {{ ref("int_people__payroll") }} as payroll_rows
        on members_of_families.person_id = payroll_rows.person_id and payroll_rows.is_on_payroll
    where members_of_families.is_covered
        and members_of_families.is_alive_name_agreed
        and households.is_active
        and households.category = 'dibao'
        and households.unit = 'single'
    group by members_of_families.person_id
),

-- Dibao for a family is paid to the family, by its number or its payee's, not to a person.
paid as (
    select ledger.person_id
    from ledger
    inner join programmes on ledger.program_no = programmes.program_no
    where programmes.unit = 'person'
    union all
    select ledger.person_id
    from ledger
    inner join programmes on ledger.program_no = programmes.program_no
    left join payee_households
        on ledger.person_id = payee_households.person_id
        and ledger.month_on = payee_households.month_on
    where programmes.unit <> 'person' and ledger.benefit_month_no is null and payee_households.person_id is null
),

watched_people as (
    select person_id from {{ ref("int_people__members") }}
    union
    select person_id from {{ ref("int_people__watched_members") }}
    union
    select person_id from {{ ref("int_people__children") }}
    union
    select person_id from {{ ref("int_people__certificates") }} where known_until_on is null
    union
    select keys.person_id
    from {{ ref("stg_civil_affairs__temporary_relief") }} as relief
    inner join keys on relief.person_key = keys.person_key
    where relief.known_until_on is null
    union
    select person_id from paid
),

payroll as (
    select distinct person_id from {{ ref("int_people__payroll") }} where is_on_payroll
),

certificates as (
    select * from {{ ref("int_people__certificates") }} where known_until_on is null
),

-- Of several certificates the normal one, then the most severe, then the newest.
chosen_certificates as (
    select
        person_id,
        category,
        level,
        status,
        row_number() over (
            partition by person_id
            order by case when status = '1' then 0 else 1 end, level, issued_on desc, certificate_key
        ) as choice
    from certificates
),

final as (
    select
        watched_people.person_id,
        keys.person_key,
        persons.sex,
        persons.age_years,
        persons.birth_on,
        persons.died_on,
        residence.concept,
        coalesce(household_keys.household_key, keys.person_key) as household_key,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        chosen_certificates.category as disability_category,
        chosen_certificates.level as disability_level,
        chosen_certificates.status as certificate_status,
        members.labour,
        payroll.person_id is not null as is_on_payroll,
        residence.household_id,
        persons.is_alive,
        severe.person_id is not null as is_severely_disabled,
        registered_jobs.person_id is not null as is_registered_as_employed,
        registered_jobs.person_id is null
        and payroll.person_id is null
        and working_members.person_id is null as is_jobless,
        assistance.is_assisted,
        assistance.is_helped,
        assistance.is_assisted and not assistance.is_helped as is_assisted_but_not_helped,
        single_dibao_members.person_id is not null as is_covered_by_single_person_dibao,
        coalesce(single_dibao_members.is_on_payroll_name_agreed, false) as is_on_payroll_name_agreed
    from watched_people
    inner join keys on watched_people.person_id = keys.person_id
    inner join persons on watched_people.person_id = persons.person_id
    left join residence on watched_people.person_id = residence.person_id
    left join household_keys on residence.household_id = household_keys.household_id
    left join members
        on watched_people.person_id = members.person_id and residence.household_id = members.household_id
    left join chosen_certificates
        on watched_people.person_id = chosen_certificates.person_id and chosen_certificates.choice = 1
    left join payroll on watched_people.person_id = payroll.person_id
    left join severe on watched_people.person_id = severe.person_id
    left join registered_jobs on watched_people.person_id = registered_jobs.person_id
    left join working_members on watched_people.person_id = working_members.person_id
    left join assistance on watched_people.person_id = assistance.person_id
    left join single_dibao_members on watched_people.person_id = single_dibao_members.person_id
)

select * from final
