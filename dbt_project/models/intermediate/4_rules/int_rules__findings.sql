-- One row per rule, subject and programme whose condition holds on the day, or could not be judged on it.
-- What is judged and has no level is no finding: another rule asks for it.
{% set rule_models = [
    "int_rules__r01_paid_after_death",
    "int_rules__r02_public_payroll",
    "int_rules__r03_exclusive_benefits",
    "int_rules__r04_income_above_line",
    "int_rules__r05_property_clue",
    "int_rules__r06_family_changed",
    "int_rules__r07_certificate_lapsed",
    "int_rules__r07s_certificate_expires",
    "int_rules__r09_term_ends",
    "int_rules__r10_tekun_supporter",
    "int_rules__r11_institution_overlap",
    "int_rules__r12_temporary_relief_pattern",
    "int_rules__r13_single_person_dibao",
    "int_rules__r15_nursing_not_received",
    "int_rules__r16_living_not_received",
    "int_rules__r17_relapse_watch_uncovered",
    "int_rules__r18_tekun_candidate",
    "int_rules__r19_child_unsupported",
    "int_rules__r20_newly_disabled",
    "int_rules__r21_breadwinner_died",
    "int_rules__r22_hardship_accumulates",
    "int_rules__r23_income_fell",
    "int_rules__r24_hardship_after_exit",
    "int_rules__r25_near_dibao_line",
    "int_rules__r26_amount_differs",
    "int_rules__r27_old_standard",
    "int_rules__r28_late_payment",
    "int_rules__r29_failed_not_reissued",
    "int_rules__r29a_shared_account",
    "int_rules__r30_allocation_gap",
    "int_rules__r31_uninsured_jobless",
    "int_rules__r32_procedure_overdue",
    "int_rules__conditions",
] %}
{# Of these a line by which they are in is remembered, because they leave above the line they came in by. #}
{% set remembering_models = ["int_rules__r17_relapse_watch_uncovered"] %}
with rule_rows as (
    {% for model in rule_models -%}
    select
        rule_id, unit, subject_household_id, subject_person_id, subject_code, programme, level, household_id, person_id,
        county_code, township_code, area_code, amount_cny, ratio_to_standard, reason_zh, reason_en, evidence, unknown_zh,
        inhibited_by, is_judged, {{ "entered_by" if model in remembering_models else "cast(null as varchar) as entered_by" }}
    from {{ ref(model) }}
    where level is not null or not is_judged
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- Of all people and households the few that are spoken of.
keys as (
    select
        person_id,
        person_key
    from {{ ref("int_people__keys") }}
    where person_id in (
        select subject_person_id from rule_rows
        union
        select person_id from rule_rows
    )
),

household_keys as (
    select
        household_id,
        household_key
    from {{ ref("int_people__household_keys") }}
    where household_id in (
        select subject_household_id from rule_rows
        union
        select household_id from rule_rows
    )
),

rule_sources as (
    select * from {{ ref("rule_sources") }}
),

refused as (
    select * from {{ ref("int_rules__unread") }}
),

subjects as (
    select distinct
        rule_id,
        subject_household_id,
        subject_person_id,
        subject_code
    from rule_rows
),

-- What a finding must say of refused rows about its subject, in tables its rule needs.
unread as (
    select
        subjects.rule_id,
        subjects.subject_household_id,
        subjects.subject_person_id,
        subjects.subject_code,
        '报送数据有误被退回、尚未更正（' || string_agg(
            refused.title_zh || ' ' || refused.refused_row_count || ' 行，' || refused.received_on || ' 报送',
            '；' order by refused.title_zh
        ) || '），相关情况请先核实' as unread_zh
    from subjects
    inner join refused
        on subjects.subject_household_id is not distinct from refused.household_id
        and subjects.subject_person_id is not distinct from refused.person_id
        and subjects.subject_code is not distinct from refused.subject_code
    inner join rule_sources
        on subjects.rule_id = rule_sources.rule_id
        and refused.department = rule_sources.department
        and refused.table_name = rule_sources.table_name
    group by subjects.rule_id, subjects.subject_household_id, subjects.subject_person_id, subjects.subject_code
),

described as (
    select
        rule_rows.rule_id,
        rule_rows.unit,
        rule_rows.subject_household_id,
        rule_rows.subject_person_id,
        coalesce(
            {{ published_key("subject_households.household_key") }},
            {{ published_key("subject_persons.person_key") }},
            rule_rows.subject_code
        ) as subject,
        rule_rows.programme,
        rule_rows.level,
        rule_rows.household_id,
        rule_rows.person_id,
        households.household_key,
        persons.person_key,
        coalesce(rule_rows.county_code, 'unknown') as county_code,
        rule_rows.township_code,
        rule_rows.area_code,
        {{ amount("rule_rows.amount_cny") }} as amount_cny,
        rule_rows.ratio_to_standard,
        rule_rows.reason_zh,
        rule_rows.reason_en,
        rule_rows.evidence,
        nullif(concat_ws('；', unread.unread_zh, rule_rows.unknown_zh), '') as unknown_zh,
        rule_rows.inhibited_by,
        rule_rows.is_judged,
        rule_rows.entered_by
    from rule_rows
    left join household_keys as subject_households on rule_rows.subject_household_id = subject_households.household_id
    left join keys as subject_persons on rule_rows.subject_person_id = subject_persons.person_id
    left join household_keys as households on rule_rows.household_id = households.household_id
    left join keys as persons on rule_rows.person_id = persons.person_id
    left join unread
        on rule_rows.rule_id = unread.rule_id
        and rule_rows.subject_household_id is not distinct from unread.subject_household_id
        and rule_rows.subject_person_id is not distinct from unread.subject_person_id
        and rule_rows.subject_code is not distinct from unread.subject_code
),

several as (
    select
        rule_id,
        subject,
        coalesce(programme, '') as program_key
    from described
    group by rule_id, subject, coalesce(programme, '')
    having count(*) > 1
),

-- Of several grounds of one rule, subject and programme the highest level speaks.
final as (
    select
        described.*,
        true as is_speaking
    from described
    left join several
        on described.rule_id = several.rule_id
        and described.subject is not distinct from several.subject
        and coalesce(described.programme, '') = several.program_key
    where several.rule_id is null
    union all
    select
        described.*,
        row_number() over (
            partition by described.rule_id, described.subject, several.program_key
            order by
                case when described.is_judged then 0 else 1 end,
                case when described.inhibited_by is null then 0 else 1 end,
                {{ level_rank("described.level") }},
                abs(coalesce(described.amount_cny, 0)) desc,
                described.evidence
        ) = 1 as is_speaking
    from described
    inner join several
        on described.rule_id = several.rule_id
        and described.subject is not distinct from several.subject
        and coalesce(described.programme, '') = several.program_key
)

select * from final
