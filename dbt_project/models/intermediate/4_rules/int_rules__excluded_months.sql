-- One row per beneficiary, programme and window month that another rule answers for, with the first reason that holds.
-- R26 counts none of these months; the published reconciliation names the reason.
with months as (
    select month_on from {{ ref("int_measures__months") }} where is_in_window
),

differing as (
    select unit, beneficiary_id, programme, month_on
    from {{ ref("int_measures__reconciliation") }}
    where unit = 'person' and difference_cny <> 0
),

person_programmes as (
    select distinct programme from {{ ref("programmes") }} where unit = 'person'
),

deaths as (
    select * from {{ ref("int_people__deaths") }}
),

named_months as (
    select * from {{ ref("int_rules__named_months") }} where unit = 'person'
),

families_without_living as (
    select distinct household_id, last_died_on from {{ ref("int_people__families_without_living") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

previous_findings as (
    select * from {{ ref("int_rules__previous_findings") }}
),

exclusive_months as (
    select * from {{ ref("int_rules__exclusive_months") }}
),

certificate_months as (
    select * from {{ ref("int_rules__certificate_months") }} where state <> '?'
),

old_standard_months as (
    select * from {{ ref("int_rules__old_standard_months") }}
),

failed_months as (
    select * from {{ ref("int_rules__failed_months") }}
),

not_received as (
    select rule_id, 'nursing' as programme, subject_person_id, is_judged
    from {{ ref("int_rules__r15_nursing_not_received") }}
    where inhibited_by is null
    union all
    select rule_id, 'living' as programme, subject_person_id, is_judged
    from {{ ref("int_rules__r16_living_not_received") }}
    where inhibited_by is null
),

-- Who could not be judged on the day and was found the time before stays found.
open_not_received as (
    select not_received.subject_person_id, not_received.programme
    from not_received
    inner join keys on not_received.subject_person_id = keys.person_id
    left join previous_findings
        on not_received.rule_id = previous_findings.rule_id
        and keys.person_key = previous_findings.person_key
        and previous_findings.status <> 'inhibited'
    where not_received.is_judged or previous_findings.person_key is not null
),

-- Nothing is owed to the dead, and what they were paid is R01's; payments under another name than the death's are not.
months_after_death as (
    select differing.unit, differing.beneficiary_id, differing.programme, differing.month_on
    from differing
    inner join person_programmes on differing.programme = person_programmes.programme
    inner join deaths
        on differing.beneficiary_id = deaths.person_id
        and differing.month_on > {{ month_start("deaths.died_on") }}
    left join named_months
        on differing.beneficiary_id = named_months.beneficiary_id
        and differing.programme = named_months.programme
        and differing.month_on = named_months.month_on
    where named_months.name_key = deaths.name_key or named_months.name_key is null or deaths.name_key is null
    union all
    select
        'household' as unit,
        families_without_living.household_id as beneficiary_id,
        'dibao' as programme,
        months.month_on
    from families_without_living
    inner join months on months.month_on > {{ month_start("families_without_living.last_died_on") }}
),

reasons as (
    select unit, beneficiary_id, programme, month_on, 1 as rank, 'after_death' as reason
    from months_after_death
    union all
    select 'person' as unit, person_id as beneficiary_id, programme, month_on, 2 as rank, 'exclusive' as reason
    from exclusive_months
    union all
    select 'person' as unit, person_id as beneficiary_id, excluded_programme as programme, month_on, 2 as rank, 'exclusive' as reason
    from exclusive_months
    union all
    select 'person' as unit, person_id as beneficiary_id, programme, month_on, 3 as rank, 'certificate' as reason
    from certificate_months
    union all
    select unit, beneficiary_id, programme, month_on, 4 as rank, 'old_standard' as reason
    from old_standard_months
    union all
    select unit, beneficiary_id, programme, month_on, 5 as rank, 'failed' as reason
    from failed_months
    union all
    select
        'person' as unit,
        open_not_received.subject_person_id as beneficiary_id,
        open_not_received.programme,
        months.month_on,
        6 as rank,
        'not_received' as reason
    from open_not_received
    cross join months
),

first_reasons as (
    select unit, beneficiary_id, programme, month_on, min(rank) as rank
    from reasons
    group by unit, beneficiary_id, programme, month_on
),

final as (
    select distinct
        first_reasons.unit,
        first_reasons.beneficiary_id,
        first_reasons.programme,
        first_reasons.month_on,
        reasons.reason
    from first_reasons
    inner join reasons
        on first_reasons.unit = reasons.unit
        and first_reasons.beneficiary_id = reasons.beneficiary_id
        and first_reasons.programme = reasons.programme
        and first_reasons.month_on = reasons.month_on
        and first_reasons.rank = reasons.rank
)

select * from final
