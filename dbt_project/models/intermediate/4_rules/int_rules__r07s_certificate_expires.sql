-- One row per person paid a disability allowance in the latest checkable month whose certificate is about to expire (R07S).
-- Of several valid certificates the one that lasts longest counts.
with numbers as (
    select
        r07s_days_ahead as days_ahead,
        {{ add_days(run_date(), "r07s_days_ahead") }} as until_on
    from {{ parameters_of_day(["r07s_days_ahead"]) }} as parameters_of_day
),

latest_month as (
    select month_on from {{ ref("int_measures__months") }} where checkable_rank = 1
),

paid as (
    select distinct reconciliation.beneficiary_id as person_id
    from {{ ref("int_measures__reconciliation") }} as reconciliation
    inner join latest_month on reconciliation.month_on = latest_month.month_on
    where reconciliation.unit = 'person' and reconciliation.programme in ('living', 'nursing') and reconciliation.paid_cny > 0
),

certificates as (
    select
        person_id,
        max(coalesce(expires_on, cast('9999-12-31' as date))) as expires_on
    from {{ ref("int_people__certificates") }}
    where known_until_on is null
        and (status = '1' or changed_on > {{ run_date() }})
        and issued_on <= {{ run_date() }}
        and (expires_on is null or expires_on >= {{ run_date() }})
    group by person_id
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

final as (
    select
        'R07S' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        paid.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        'yellow' as level,
        residence.household_id,
        paid.person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        cast({{ days_between(run_date(), "certificates.expires_on") }} as varchar) || ' 天后（'
        || cast(certificates.expires_on as varchar) || '）残疾证到期，本人正在享受残疾人补贴' as reason_zh,
        cast({{ days_between(run_date(), "certificates.expires_on") }} as varchar) || ' day(s) until the certificate of a person paid a '
        || 'disability allowance expires (' || cast(certificates.expires_on as varchar) || ')' as reason_en,
        {{ evidence_json([evidence_list([
            ("true", evidence_term(
                "'disabled_federation.certificates'", published_key("keys.person_key"), "'expires_on'", "certificates.expires_on",
                run_date(), "date"
            )),
            ("true", parameter_term("r07s_days_ahead", "numbers.days_ahead", "day")),
        ])]) }} as evidence,
        '本人是否已申请换证，尚不清楚' as unknown_zh,
        case when not persons.is_alive then 'death' end as inhibited_by,
        true as is_judged
    from paid
    cross join numbers
    inner join certificates on paid.person_id = certificates.person_id and certificates.expires_on <= numbers.until_on
    inner join persons on paid.person_id = persons.person_id
    inner join keys on paid.person_id = keys.person_id
    left join residence on paid.person_id = residence.person_id
)

select * from final
