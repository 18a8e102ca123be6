-- One row per beneficiary, programme and window month that another rule answers for, with the first reason that holds.
-- R26 counts none of these months; the published reconciliation names the reason.
with months as (
    select month_on from {{ ref("int_measures__months") }} where is_in_window
),

paid_after_death as (
    select * from {{ ref("int_rules__r01_paid_after_death") }}
),

months_after_death as (
    select * from {{ ref("int_rules__months_after_death") }}
),

exclusive_months as (
    select * from {{ ref("int_rules__exclusive_months") }}
),

certificate_months as (
    select * from {{ ref("int_rules__certificate_months") }}
),

old_standard_months as (
    select * from {{ ref("int_rules__old_standard_months") }}
),

failed_months as (
    select * from {{ ref("int_rules__failed_months") }}
),

nursing_not_received as (
    select * from {{ ref("int_rules__r15_nursing_not_received") }} where is_judged and inhibited_by is null
),

living_not_received as (
    select * from {{ ref("int_rules__r16_living_not_received") }} where is_judged and inhibited_by is null
),

reasons as (
    select
        months_after_death.unit,
        months_after_death.beneficiary_id,
        months_after_death.programme,
        months_after_death.month_on,
        1 as rank,
        'after_death' as reason
    from months_after_death
    inner join paid_after_death on months_after_death.person_id = paid_after_death.subject_person_id
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
        nursing_not_received.subject_person_id as beneficiary_id,
        'nursing' as programme,
        months.month_on,
        6 as rank,
        'not_received' as reason
    from nursing_not_received
    cross join months
    union all
    select
        'person' as unit,
        living_not_received.subject_person_id as beneficiary_id,
        'living' as programme,
        months.month_on,
        6 as rank,
        'not_received' as reason
    from living_not_received
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
