{#
    A disability allowance due in each of the last checkable months and paid in none (R15, R16).
    The two rules say the same of two programmes; tekun cover answers R16 alone, because R15's due
    already leaves out who is covered by tekun.
#}
{% macro allowance_not_received(rule_id, programme, needed_months, name_zh, name_en, is_answered_by_tekun) %}
with months as (
    select * from {{ ref("int_measures__months") }}
    where checkable_rank <= {{ needed_months }} and is_in_window
),

reconciliation as (
    select reconciliation.*
    from {{ ref("int_measures__reconciliation") }} as reconciliation
    inner join months on reconciliation.month_on = months.month_on
    where reconciliation.programme = '{{ programme }}' and reconciliation.unit = 'person'
),

standard_versions as (
    select distinct standard_no, standard_version from {{ ref("int_measures__standards") }}
),

certificates as (
    select * from {{ ref("int_people__valid_certificates") }}
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

assistance as (
    select * from {{ ref("int_people__assistance") }}
),

keys as {{ read_anew() }} (
    select * from {{ ref("int_people__keys") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

needed as (
    select {{ needed_months }} as months
),

-- Nothing paid, and in every month something due, or not known to be nothing.
candidates as (
    select
        beneficiary_id as person_id,
        sum(due_cny) as due_cny,
        count(due_cny) as known_months,
        count(*) as unpaid_months,
        min(month_on) as first_month_on,
        max(month_on) as last_month_on
    from reconciliation
    where paid_cny = 0 and (due_cny > 0 or due_cny is null)
    group by beneficiary_id
    having count(*) >= (select months from needed)
),

terms as (
    select
        reconciliation.beneficiary_id as person_id,
        {{ begun_terms(flattened_terms(
            evidence_list([
                ("true", evidence_term(
                    "'policy.assistance_standards'", "standard_versions.standard_version", "'due_cny'", "reconciliation.due_cny",
                    "reconciliation.month_on", "yuan", "plus"
                )),
                ("true", evidence_term(
                    "'finance.payments'", published_key("keys.person_key"), "'paid_" ~ programme ~ "_cny'",
                    "reconciliation.paid_cny", "reconciliation.month_on", "yuan", "minus"
                )),
            ]),
            "reconciliation.month_on",
        )) }} as terms
    from reconciliation
    inner join candidates on reconciliation.beneficiary_id = candidates.person_id
    inner join keys on reconciliation.beneficiary_id = keys.person_id
    left join standard_versions on reconciliation.standard_no = standard_versions.standard_no
    group by reconciliation.beneficiary_id
),

judged as (
    select
        candidates.*,
        candidates.known_months = candidates.unpaid_months as is_judged
    from candidates
),

final as (
    select
        '{{ rule_id }}' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        judged.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when judged.is_judged then 'orange' end as level,
        residence.household_id,
        judged.person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        cast(judged.due_cny as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        {{ yuan("judged.due_cny") }} || ' 元：' || {{ month_span("judged.first_month_on", "judged.last_month_on", " 至 ") }}
        || ' 符合{{ name_zh }}条件'
        || coalesce('（残疾等级 ' || certificates.level || ' 级）', '') || '，未查到发放记录' as reason_zh,
        {{ yuan("judged.due_cny") }} || ' yuan of the {{ name_en }} due for '
        || {{ month_span("judged.first_month_on", "judged.last_month_on", " to ") }} || coalesce(' (certificate level ' || certificates.level || ')', '')
        || ', no payment found' as reason_en,
        {{ evidence_json([
            evidence_list([("certificates.person_id is not null", evidence_term(
                "'disabled_federation.certificates'", published_key("keys.person_key"), "'level'", "certificates.level", run_date(),
                "level"
            ))]),
            "terms.terms",
            evidence_list([
                ("true", rule_term(rule_id, "amount_cny", "judged.due_cny", run_date(), "yuan", "result")),
                ("true", parameter_term(rule_id | lower ~ "_months_not_received", "needed.months", "month")),
            ]),
        ]) }} as evidence,
        '本人是否已提出申请、是否自愿放弃，尚不清楚' as unknown_zh,
        case
            when not persons.is_alive then 'death'
            {%- if is_answered_by_tekun %}
            when assistance.is_covered_by_tekun then 'tekun'
            {%- endif %}
        end as inhibited_by,
        judged.is_judged
    from judged
    inner join persons on judged.person_id = persons.person_id
    inner join keys on judged.person_id = keys.person_id
    inner join terms on judged.person_id = terms.person_id
    cross join needed
    left join assistance on judged.person_id = assistance.person_id
    left join certificates on judged.person_id = certificates.person_id
    left join residence on judged.person_id = residence.person_id
)

select * from final
{% endmacro %}
