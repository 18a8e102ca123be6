-- One row per covered tekun person supported in an institution who was also paid the nursing allowance, or in day care (R11).
-- Review lane: a payment counts where its name agrees with the member's, or one is missing.
with members as {{ read_anew() }} (
    select * from {{ ref("int_people__members") }}
    where is_household_active and is_alive_name_agreed and is_covered and category = 'tekun'
),

payments as (
    select * from {{ ref("int_rules__named_payments") }}
    where unit = 'person' and programme = 'nursing' and is_successful
),

latest_month as (
    select month_on from {{ ref("int_measures__months") }} where checkable_rank = 1
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

numbers as (
    select
        r11_service_months as service_months,
        {{ add_months(run_date(), "-r11_service_months") }} as service_from_on
    from {{ parameters_of_day(["r11_service_months"]) }}
        as parameters_of_day
),

day_care as (
    select
        keys.person_id,
        services.service_no,
        services.delivered_on
    from {{ ref("stg_disabled_federation__services") }} as services
    cross join numbers
    inner join keys on services.person_key = keys.person_key
    where services.known_until_on is null
        and services.kind = '3'
        and services.delivered_on >= numbers.service_from_on
        and services.delivered_on <= {{ run_date() }}
),

-- Several active households may cover a person; one that says institution is enough.
covered as (
    select
        members.person_id,
        max(case when members.support_form = '1' then 1 else 0 end) = 1 as is_in_institution,
        min(case when members.support_form = '1' then household_keys.household_key end) as household_key
    from members
    inner join household_keys on members.household_id = household_keys.household_id
    where members.support_form = '1' or members.support_form is null
    group by members.person_id
),

paid as (
    select distinct
        payments.beneficiary_id as person_id,
        payments.month_on,
        payments.payment_no,
        payments.amount_cny
    from payments
    inner join latest_month on payments.month_on = latest_month.month_on
    inner join members
        on payments.beneficiary_id = members.person_id
        and (members.support_form = '1' or members.support_form is null)
        and (payments.name_key = members.name_key or payments.name_key is null or members.name_key is null)
),

nursing as (
    select
        person_id,
        max(month_on) as month_on,
        sum(amount_cny) as paid_cny,
        {{ begun_terms(evidence_terms(
            evidence_term("'finance.payments'", "payment_no", "'paid_nursing_cny'", "amount_cny", "month_on", "yuan", "plus"),
            "payment_no"
        )) }} as terms
    from paid
    group by person_id
    having sum(amount_cny) > 0
),

services as (
    select
        day_care.person_id,
        count(*) as services,
        max(day_care.delivered_on) as last_delivered_on,
        {{ evidence_terms(
            evidence_term(
                "'disabled_federation.services'", "day_care.service_no", "'delivered_on'", "day_care.delivered_on",
                "day_care.delivered_on", "date"
            ),
            "day_care.delivered_on, day_care.service_no"
        ) }} as terms
    from day_care
    inner join covered on day_care.person_id = covered.person_id
    group by day_care.person_id
),

final as (
    select
        'R11' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        covered.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when covered.is_in_institution then 'orange' end as level,
        residence.household_id,
        covered.person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        concat_ws(
            '；',
            case when nursing.person_id is not null
                then {{ yuan("nursing.paid_cny") }} || ' 元：集中供养期间 ' || {{ year_month("nursing.month_on") }} || ' 发放的护理补贴'
            end,
            case when services.person_id is not null
                then cast(services.services as varchar) || ' 次：集中供养期间的托养服务（最近 '
                    || cast(services.last_delivered_on as varchar) || '）'
            end
        ) as reason_zh,
        concat_ws(
            '; ',
            case when nursing.person_id is not null
                then {{ yuan("nursing.paid_cny") }} || ' yuan of nursing allowance for ' || {{ year_month("nursing.month_on") }}
                    || ' while supported in an institution'
            end,
            case when services.person_id is not null
                then cast(services.services as varchar) || ' day-care service(s) while supported in an institution, the last on '
                    || cast(services.last_delivered_on as varchar)
            end
        ) as reason_en,
        {{ evidence_json([
            evidence_list([("covered.is_in_institution", evidence_term(
                "'civil_affairs.members'", published_key("covered.household_key"), "'support_form'", "'institution'", run_date()
            ))]),
            "nursing.terms",
            evidence_list([("nursing.person_id is not null", rule_term(
                "R11", "paid_cny", "cast(nursing.paid_cny as decimal(20, 2))", run_date(), "yuan", "result"
            ))]),
            "services.terms",
            evidence_list([("services.person_id is not null", parameter_term(
                "r11_service_months", "numbers.service_months", "month"
            ))]),
        ]) }} as evidence,
        case
            when covered.is_in_institution then '入住供养服务机构的起止日期、两项登记哪一方有误尚不清楚'
            else '供养方式未登记'
        end as unknown_zh,
        cast(null as varchar) as inhibited_by,
        covered.is_in_institution as is_judged
    from covered
    cross join numbers
    left join nursing on covered.person_id = nursing.person_id
    left join services on covered.person_id = services.person_id
    left join residence on covered.person_id = residence.person_id
    where nursing.person_id is not null or services.person_id is not null
)

select * from final
