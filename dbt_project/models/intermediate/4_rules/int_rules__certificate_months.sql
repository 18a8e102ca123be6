-- One row per person, disability allowance and window month paid without a valid certificate, or at another level's rate,
-- as far back from the latest checkable month as the certificate's state lasts (the months that R07 answers for).
-- state: the certificate's level in those months, 0 for none that is valid; ? in the latest month where nobody can tell, which
-- is no answer.
with months as (
    select * from {{ ref("int_measures__months") }} where is_in_window
),

reconciliation as (
    select * from {{ ref("int_measures__reconciliation") }}
    where programme in ('living', 'nursing') and unit = 'person' and paid_cny > 0
),

differing as (
    select * from {{ ref("int_measures__reconciliation") }}
    where programme in ('living', 'nursing') and unit = 'person' and paid_cny > 0 and (due_cny is null or due_cny <> paid_cny)
),

named_months as (
    select * from {{ ref("int_rules__named_months") }}
),

certificates as (
    select * from {{ ref("int_people__certificates") }}
),

standards as (
    select * from {{ ref("int_measures__standards") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

run as (
    select * from {{ ref("stg_control__run") }}
),

-- A code that is no county of the list takes the city's rates.
priced_counties as (
    select distinct county_code from standards
),

-- Where paid and due agree there is nothing to explain.
candidates as (
    select
        differing.beneficiary_id as person_id,
        differing.programme,
        named_months.name_key,
        coalesce(priced_counties.county_code, run.city_code) as county_code
    from differing
    inner join months on differing.month_on = months.month_on and months.checkable_rank = 1
    inner join named_months
        on differing.unit = named_months.unit
        and differing.beneficiary_id = named_months.beneficiary_id
        and differing.programme = named_months.programme
        and differing.month_on = named_months.month_on
    cross join run
    left join residence on differing.beneficiary_id = residence.person_id
    left join priced_counties on residence.county_code = priced_counties.county_code
),

certificates_of_candidates as (
    select certificates.*
    from certificates
    where certificates.person_id in (select candidates.person_id from candidates)
),

-- A certificate under another name than was paid is a question of data, unless one under the same name or none is valid.
valid as (
    select
        candidates.person_id,
        candidates.programme,
        months.month_on,
        min(
            case
                when {{ names_agree("certificates.name_key", "candidates.name_key") }}
                    and (certificates.status = '1' or certificates.changed_on > months.month_on)
                    then certificates.level
            end
        ) as level,
        min(
            case
                when {{ names_agree("certificates.name_key", "candidates.name_key") }}
                    and certificates.status <> '1'
                    and certificates.changed_on is null
                    then certificates.level
            end
        ) as level_ended_some_day,
        max(case when {{ names_agree("certificates.name_key", "candidates.name_key") }} then 0 else 1 end) = 1 as is_under_another_name
    from candidates
    cross join months
    inner join certificates_of_candidates as certificates
        on candidates.person_id = certificates.person_id
        and certificates.state_from_on <= months.month_on
        and certificates.state_until_on > months.month_on
        and certificates.issued_on <= months.month_on
        and (certificates.expires_on is null or certificates.expires_on >= months.month_on)
    where certificates.status = '1'
        or certificates.changed_on > months.month_on
        or certificates.changed_on is null and certificates.known_from_on > months.month_on
    group by candidates.person_id, candidates.programme, months.month_on
),

-- Level '0' stands for no valid certificate, '?' for a question of data that nobody may be asked to answer for: one of them a
-- certificate that ended on an unknown day, where it would be the most severe.
states as (
    select
        candidates.person_id,
        candidates.programme,
        candidates.county_code,
        months.month_on,
        months.checkable_rank,
        case
            when coalesce(valid.level_ended_some_day < valid.level, valid.level_ended_some_day is not null)
                or valid.is_under_another_name and valid.level is null
                then '?'
            else coalesce(valid.level, '0')
        end as state
    from candidates
    cross join months
    left join valid
        on candidates.person_id = valid.person_id
        and candidates.programme = valid.programme
        and months.month_on = valid.month_on
),

faults as (
    select
        states.person_id,
        states.programme,
        states.month_on,
        states.checkable_rank,
        states.state
    from states
    inner join reconciliation
        on states.person_id = reconciliation.beneficiary_id
        and states.programme = reconciliation.programme
        and states.month_on = reconciliation.month_on
    left join standards
        on states.programme = standards.programme
        and states.county_code = standards.county_code
        and states.month_on >= standards.effective_from_on
        and states.month_on < standards.effective_to_on
    where states.state <> '?'
    group by states.person_id, states.programme, states.month_on, states.checkable_rank, states.state, reconciliation.paid_cny
    having states.state = '0'
        or max(case when standards.class <> states.state and standards.amount_cny = reconciliation.paid_cny then 1 else 0 end) = 1
        and max(case when standards.class = states.state and standards.amount_cny = reconciliation.paid_cny then 1 else 0 end) = 0
),

fired as (
    select * from faults where checkable_rank = 1
),

last_other_state as (
    select
        fired.person_id,
        fired.programme,
        min(states.checkable_rank) as checkable_rank
    from fired
    inner join states
        on fired.person_id = states.person_id
        and fired.programme = states.programme
        and fired.state <> states.state
    group by fired.person_id, fired.programme
),

final as (
    select
        faults.person_id,
        faults.programme,
        faults.month_on,
        faults.state
    from faults
    inner join fired
        on faults.person_id = fired.person_id
        and faults.programme = fired.programme
        and faults.state = fired.state
    left join last_other_state
        on faults.person_id = last_other_state.person_id
        and faults.programme = last_other_state.programme
    where last_other_state.checkable_rank is null or faults.checkable_rank < last_other_state.checkable_rank
    union all
    select
        states.person_id,
        states.programme,
        states.month_on,
        states.state
    from states
    where states.state = '?' and states.checkable_rank = 1
)

select * from final
