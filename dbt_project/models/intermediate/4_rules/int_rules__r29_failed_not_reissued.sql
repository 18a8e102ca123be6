-- One row per beneficiary and programme with failed payments not re-issued in time (R29).
with failed_months as (
    select * from {{ ref("int_rules__failed_months") }}
),

numbers as (
    select r29_reissue_days as reissue_days from {{ parameters_of_day(["r29_reissue_days"]) }} as parameters_of_day
),

programme_names as (
    select * from {{ ref("programme_names") }}
),

households as (
    select * from {{ ref("int_people__households") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

hits as (
    select
        unit,
        beneficiary_id,
        programme,
        count(*) as months,
        sum(amount_cny) as failed_cny,
        min(month_on) as first_month_on,
        max(month_on) as last_month_on,
        min(attempted_on) as attempted_on,
        {{ begun_terms(evidence_terms(
            evidence_term("'finance.payments'", "payment_no", "'failed_cny'", "amount_cny", "attempted_on", "yuan", "plus"), "month_on"
        )) }} as terms
    from failed_months
    group by unit, beneficiary_id, programme
),

final as (
    select
        'R29' as rule_id,
        'beneficiary' as unit,
        case when hits.unit = 'household' then hits.beneficiary_id end as subject_household_id,
        case when hits.unit = 'person' then hits.beneficiary_id end as subject_person_id,
        cast(null as varchar) as subject_code,
        hits.programme,
        'orange' as level,
        case when hits.unit = 'household' then hits.beneficiary_id else residence.household_id end as household_id,
        case when hits.unit = 'person' then hits.beneficiary_id end as person_id,
        coalesce(households.county_code, residence.county_code, 'unknown') as county_code,
        coalesce(households.township_code, residence.township_code) as township_code,
        coalesce(households.area_code, residence.area_code) as area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        {{ yuan("hits.failed_cny") }} || ' 元：' || programme_names.name_zh || ' ' || cast(hits.months as varchar)
        || ' 个月（' || {{ month_span("hits.first_month_on", "hits.last_month_on", " 至 ") }}
        || '）发放未成功，最早一次 ' || cast(hits.attempted_on as varchar) || '，未见重新发放' as reason_zh,
        {{ yuan("hits.failed_cny") }} || ' yuan: ' || programme_names.name_en || ' of ' || cast(hits.months as varchar)
        || ' month(s) (' || {{ month_span("hits.first_month_on", "hits.last_month_on", " to ") }}
        || ') failed, first on ' || cast(hits.attempted_on as varchar) || ', and was not re-issued' as reason_en,
        {{ evidence_json([
            "hits.terms",
            evidence_list([
                ("true", rule_term("R29", "failed_cny", "cast(hits.failed_cny as decimal(20, 2))", run_date(), "yuan", "result")),
                ("true", parameter_term("r29_reissue_days", "numbers.reissue_days", "day")),
            ]),
        ]) }} as evidence,
        '发放未成功的原因、是否已用其他方式补发，尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        true as is_judged
    from hits
    cross join numbers
    left join programme_names on hits.programme = programme_names.programme
    left join households on hits.unit = 'household' and hits.beneficiary_id = households.household_id
    left join residence on hits.unit = 'person' and hits.beneficiary_id = residence.person_id
)

select * from final
