{# One row per beneficiary, programme and window month in which something is due or what is due is unknown (null). #}
{% macro entitlements_of_part(part) -%}
with months as (
    select * from {{ ref("int_measures__months") }} as months
    where {{ is_of_part("months", part) }}
),

household_months as (
    select * from {{ in_part("household_months", part) }}
),

member_versions as (
    select * from {{ in_part("members", part) }}
),

certificates as (
    select * from {{ in_part("certificates", part) }}
),

child_versions as (
    select * from {{ in_part("children", part) }}
),

deaths as (
    select * from {{ in_part("deaths", part) }}
),

residence as (
    select * from {{ in_part("residence", part) }}
),

standards as (
    select * from {{ ref("int_measures__standards") }}
),

run as (
    select * from {{ ref("stg_control__run") }}
),

programme_numbers as (
    select * from {{ programme_numbers() }} as programme_numbers
),

-- A code that is no county of the list, such as a functional zone's, and no code at all take the city's rates.
priced_counties as (
    select distinct county_code from standards
),

-- Who was covered by tekun in which active household in which month.
tekun_member_months as (
    select
        member_versions.person_id,
        household_months.household_id,
        household_months.month_on,
        household_months.residence,
        household_months.county_code,
        household_months.is_payable,
        member_versions.self_care
    from household_months
    inner join months on household_months.month_on = months.month_on
    inner join member_versions
        on household_months.household_id = member_versions.household_id
        and months.month_end_on >= member_versions.state_from_on
        and months.month_end_on < member_versions.state_until_on
    where household_months.category = 'tekun' and member_versions.is_covered
),

covered_by_tekun as (
    select
        person_id,
        month_on,
        min(case when is_payable then household_id end) as payable_household_id
    from tekun_member_months
    group by person_id, month_on
),

holders as (
    select
        person_id,
        count(*) as certificate_versions
    from certificates
    group by person_id
),

holders_in_families as (
    select
        member_versions.person_id,
        member_versions.household_id,
        member_versions.state_from_on,
        member_versions.state_until_on
    from member_versions
    inner join holders on member_versions.person_id = holders.person_id
),

in_low_income_family as (
    select distinct
        holders_in_families.person_id,
        household_months.month_on
    from household_months
    inner join months on household_months.month_on = months.month_on
    inner join holders_in_families
        on household_months.household_id = holders_in_families.household_id
        and months.month_end_on >= holders_in_families.state_from_on
        and months.month_end_on < holders_in_families.state_until_on
    where household_months.category in ('dibao', 'marginal')
),

child_months as (
    select
        child_versions.person_id,
        months.month_on,
        child_versions.kind,
        coalesce(residence.county_code, child_versions.county_code) as county_code
    from child_versions
    left join residence on child_versions.person_id = residence.person_id
    inner join months
        on child_versions.state_from_on <= months.month_on
        and child_versions.state_until_on > months.month_on
        and child_versions.approved_on < months.month_on
        and (child_versions.ended_on is null or child_versions.ended_on >= months.month_on)
),

-- A status other than normal without its date, borrowed from a later snapshot, leaves open since when: such a
-- certificate may have been valid, and if it is the most severe one the level is unknown.
standing_certificates as (
    select
        certificates.person_id,
        months.month_on,
        certificates.level as possible_level,
        case when certificates.status = '1' or certificates.changed_on > months.month_on then certificates.level end
            as valid_level,
        holders.certificate_versions
    from certificates
    inner join holders on certificates.person_id = holders.person_id
    inner join months
        on certificates.state_from_on <= months.month_on
        and certificates.state_until_on > months.month_on
        and certificates.issued_on <= months.month_on
        and (certificates.expires_on is null or certificates.expires_on >= months.month_on)
    where certificates.status = '1'
        or certificates.changed_on > months.month_on
        or certificates.changed_on is null and certificates.known_from_on > months.month_on
),

-- Only where a person has several certificates, or versions of one, is there anything to compare.
certificate_months as (
    select
        person_id,
        month_on,
        possible_level,
        valid_level
    from standing_certificates
    where certificate_versions = 1
    union all
    select
        person_id,
        month_on,
        min(possible_level) as possible_level,
        min(valid_level) as valid_level
    from standing_certificates
    where certificate_versions > 1
    group by person_id, month_on
),

dibao as (
    select
        'household' as unit,
        household_id as beneficiary_id,
        'dibao' as programme,
        month_on,
        case when not is_before_first_roll then monthly_amount_cny end as amount_due_cny,
        cast(null as smallint) as standard_no,
        case
            when is_before_first_roll then 'no_roll'
            when monthly_amount_cny is null then 'no_amount'
            else 'roll'
        end as ground
    from household_months
    where category = 'dibao' and is_payable
),

tekun_persons as (
    select
        tekun_member_months.person_id,
        tekun_member_months.month_on,
        tekun_member_months.residence,
        tekun_member_months.county_code,
        tekun_member_months.self_care
    from tekun_member_months
    inner join covered_by_tekun
        on tekun_member_months.person_id = covered_by_tekun.person_id
        and tekun_member_months.month_on = covered_by_tekun.month_on
        and tekun_member_months.household_id = covered_by_tekun.payable_household_id
),

disabled_persons as (
    select
        certificate_months.person_id,
        certificate_months.month_on,
        certificate_months.possible_level,
        case when certificate_months.valid_level = certificate_months.possible_level then certificate_months.valid_level end
            as level,
        residence.county_code,
        in_low_income_family.person_id is not null
        and child_months.person_id is null as is_in_living_circle
    from certificate_months
    left join covered_by_tekun
        on certificate_months.person_id = covered_by_tekun.person_id
        and certificate_months.month_on = covered_by_tekun.month_on
    left join in_low_income_family
        on certificate_months.person_id = in_low_income_family.person_id
        and certificate_months.month_on = in_low_income_family.month_on
    left join child_months
        on certificate_months.person_id = child_months.person_id
        and certificate_months.month_on = child_months.month_on
        and child_months.kind in ('1', '2', '3')
    left join residence on certificate_months.person_id = residence.person_id
    where covered_by_tekun.person_id is null
),

-- Everybody to whom a rate of the policy applies, with the class that picks the rate.
fixed_rate as (
    select
        person_id,
        month_on,
        'tekun' as programme,
        '' as class,
        residence,
        county_code
    from tekun_persons
    union all
    select
        person_id,
        month_on,
        'tekun_care' as programme,
        self_care as class,
        '' as residence,
        county_code
    from tekun_persons
    union all
    select
        person_id,
        month_on,
        'living' as programme,
        level as class,
        '' as residence,
        county_code
    from disabled_persons
    where is_in_living_circle
    union all
    select
        person_id,
        month_on,
        'nursing' as programme,
        level as class,
        '' as residence,
        county_code
    from disabled_persons
    where possible_level in ('1', '2')
    union all
    select
        child_months.person_id,
        child_months.month_on,
        case child_months.kind when '3' then 'unsupported_child' when '4' then 'key_child' else 'orphan' end as programme,
        child_months.kind as class,
        '' as residence,
        child_months.county_code
    from child_months
    left join covered_by_tekun
        on child_months.person_id = covered_by_tekun.person_id
        and child_months.month_on = covered_by_tekun.month_on
        and child_months.kind in ('1', '2')
    where child_months.kind in ('1', '2', '3', '4') and covered_by_tekun.person_id is null
),

priced as (
    select
        'person' as unit,
        fixed_rate.person_id as beneficiary_id,
        fixed_rate.programme,
        fixed_rate.month_on,
        standards.amount_cny as amount_due_cny,
        standards.standard_no,
        case
            when fixed_rate.class is null then 'no_class'
            when standards.amount_cny is null then 'no_rate'
            else 'rate'
        end as ground
    from fixed_rate
    cross join run
    left join deaths on fixed_rate.person_id = deaths.person_id
    left join priced_counties on fixed_rate.county_code = priced_counties.county_code
    left join standards
        on fixed_rate.programme = standards.programme
        and fixed_rate.class = standards.class
        and fixed_rate.residence = standards.residence
        and coalesce(priced_counties.county_code, run.city_code) = standards.county_code
        and fixed_rate.month_on >= standards.effective_from_on
        and fixed_rate.month_on < standards.effective_to_on
    where deaths.died_on is null or deaths.died_on >= fixed_rate.month_on
),

entitled as (
    select * from dibao
    union all
    select * from priced
),

final as (
    select
        {{ benefit_month_no(
            "entitled.unit = 'household'", "entitled.beneficiary_id", "programme_numbers.programme_no", month_no("entitled.month_on")
        ) }} as benefit_month_no,
        entitled.*
    from entitled
    inner join programme_numbers on entitled.programme = programme_numbers.programme
    where entitled.amount_due_cny > 0 or entitled.amount_due_cny is null
)

select * from final
{%- endmacro %}
