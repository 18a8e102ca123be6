-- One row per county, programme and month paid late, in part or to families newly taken in (R28).
with office_months as (
    select * from {{ ref("int_rules__office_months") }}
),

numbers as (
    select {{ parameter("r28_late_share") }} as late_share
),

-- A month is held against the payment day of its time.
payment_days as (
    {{ parameter_rows("payment_day") }}
),

-- In force from the first day whose decisions count: the month after the decision is the month of the first payment.
first_payment_months as (
    {{ parameter_rows("r28_first_payment_months") }}
),

divisions as (
    select area_code, current_code, name_zh, valid_to from {{ ref("divisions") }}
),

programme_names as (
    select * from {{ ref("programme_names") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }} where concept = 'civil_affairs'
),

members as (
    select household_id, person_id, is_covered from {{ ref("int_people__members") }}
),

keys as (
    select person_id, person_key from {{ ref("int_people__keys") }}
),

residence as (
    select person_id, household_id from {{ ref("int_people__residence") }}
),

-- An application that names no household is that of the applicant's own, as the registers know it.
decided as (
    select
        applications.application_no,
        keys.person_id as applicant_id,
        coalesce(household_keys.household_id, residence.household_id) as household_id,
        coalesce(divisions.current_code, substr(applications.area_code, 1, 6)) as county_code,
        case when applications.assistance in ('110', '120') then 'dibao' else 'tekun' end as programme,
        applications.decided_on,
        {{ add_months(month_start("applications.decided_on"), "first_payment_months.value") }} as month_on
    from {{ ref("stg_civil_affairs__applications") }} as applications
    inner join first_payment_months
        on applications.decided_on >= first_payment_months.effective_from_on
        and applications.decided_on < first_payment_months.effective_to_on
    inner join keys on applications.applicant_key = keys.person_key
    left join residence on keys.person_id = residence.person_id
    left join household_keys on applications.household_key = household_keys.household_key
    left join divisions on substr(applications.area_code, 1, 6) = divisions.area_code
    where applications.known_until_on is null
        and applications.decision = '1'
        and applications.assistance in ('110', '120', '131', '132')
),

-- Whoever of the family may be paid: the family itself by its number, its members and the applicant by theirs.
payees as (
    select
        decided.application_no,
        decided.programme,
        members.person_id
    from decided
    inner join members on decided.household_id = members.household_id
    union
    select
        application_no,
        programme,
        applicant_id as person_id
    from decided
),

programmes as (
    select {{ program_no("program") }} as program_no, programme from {{ ref("programmes") }} where programme in ('dibao', 'tekun')
),

successful as {{ read_anew() }} (
    select ledger.person_id, ledger.household_id, programmes.programme, ledger.paid_on
    from {{ ref("int_measures__ledger") }} as ledger
    inner join programmes on ledger.program_no = programmes.program_no
    where ledger.is_successful and ledger.amount_cny > 0
),

first_payments as (
    select application_no, min(paid_on) as paid_on
    from (
        select decided.application_no, successful.paid_on
        from successful
        inner join decided on successful.household_id = decided.household_id and successful.programme = decided.programme
        union all
        select payees.application_no, successful.paid_on
        from successful
        inner join payees on successful.person_id = payees.person_id and successful.programme = payees.programme
        where successful.household_id is null
    ) as found
    group by application_no
),

late_first_payments as (
    select
        decided.county_code,
        decided.programme,
        decided.month_on,
        count(*) as applications,
        {{ evidence_terms(
            evidence_term("'civil_affairs.applications'", "decided.application_no", "'decided_on'", "decided.decided_on", "decided.decided_on", "date"),
            "decided.application_no"
        ) }} as terms
    from decided
    left join first_payments on decided.application_no = first_payments.application_no
    where {{ month_end("decided.month_on") }} < {{ run_date() }}
        and (first_payments.paid_on is null or first_payments.paid_on > {{ month_end("decided.month_on") }})
    group by decided.county_code, decided.programme, decided.month_on
),

late_shares as (
    select
        office_months.county_code,
        office_months.programme,
        office_months.month_on,
        office_months.paid_cny,
        office_months.paid_late_cny
    from office_months
    cross join numbers
    where office_months.paid_cny > 0 and office_months.paid_late_cny > numbers.late_share * office_months.paid_cny
),

hits as (
    select
        coalesce(late_shares.county_code, late_first_payments.county_code) as county_code,
        coalesce(late_shares.programme, late_first_payments.programme) as programme,
        coalesce(late_shares.month_on, late_first_payments.month_on) as month_on,
        late_shares.paid_cny,
        late_shares.paid_late_cny,
        late_first_payments.applications,
        late_first_payments.terms
    from late_shares
    full outer join late_first_payments
        on late_shares.county_code = late_first_payments.county_code
        and late_shares.programme = late_first_payments.programme
        and late_shares.month_on = late_first_payments.month_on
),

final as (
    select
        'R28' as rule_id,
        'office' as unit,
        cast(null as integer) as subject_household_id,
        cast(null as integer) as subject_person_id,
        hits.county_code || ':' || hits.programme || ':' || {{ year_month("hits.month_on") }} as subject_code,
        hits.programme,
        'yellow' as level,
        cast(null as integer) as household_id,
        cast(null as integer) as person_id,
        hits.county_code,
        cast(null as varchar) as township_code,
        cast(null as varchar) as area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        concat_ws(
            '；',
            case when hits.paid_late_cny is not null
                then {{ yuan("hits.paid_late_cny") }} || ' 元：' || cast(cast(payment_days.value as integer) as varchar) || ' 日以后发放（当月共 '
                    || {{ yuan("hits.paid_cny") }} || ' 元）'
            end,
            case when hits.applications is not null
                then cast(hits.applications as varchar) || ' 件：新审核确认家庭的首次发放晚于确认次月，或尚未查到发放'
            end
        ) || '，' || {{ county_zh("divisions.name_zh", "hits.county_code") }} || ' ' || programme_names.name_zh || ' ' || {{ year_month("hits.month_on") }}
            as reason_zh,
        concat_ws(
            '; ',
            case when hits.paid_late_cny is not null
                then {{ yuan("hits.paid_late_cny") }} || ' yuan of ' || {{ yuan("hits.paid_cny") }} || ' paid after the payment day'
            end,
            case when hits.applications is not null
                then cast(hits.applications as varchar) || ' first payment(s) later than the month after the decision, or not found'
            end
        ) || ', county ' || hits.county_code || ', ' || programme_names.name_en || ' ' || {{ year_month("hits.month_on") }} as reason_en,
        {{ evidence_json([
            evidence_list([
                ("hits.paid_late_cny is not null", evidence_term(
                    "'finance.payments'", "hits.county_code", "'paid_late_cny'", "hits.paid_late_cny", "hits.month_on", "yuan"
                )),
                ("hits.paid_late_cny is not null", evidence_term(
                    "'finance.payments'", "hits.county_code", "'paid_cny'", "hits.paid_cny", "hits.month_on", "yuan"
                )),
                ("hits.paid_late_cny is not null", parameter_term("r28_late_share", "numbers.late_share", "ratio")),
                ("true", evidence_term(
                    "'policy.parameters'", "'payment_day'", "'value'", "payment_days.value", "hits.month_on", "day_of_month"
                )),
            ]),
            "hits.terms",
        ]) }} as evidence,
        '晚发的原因、是否已向家庭说明，尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        true as is_judged
    from hits
    cross join numbers
    left join payment_days
        on hits.month_on >= payment_days.effective_from_on and hits.month_on < payment_days.effective_to_on
    left join programme_names on hits.programme = programme_names.programme
    left join divisions on hits.county_code = divisions.area_code and divisions.valid_to is null
)

select * from final
