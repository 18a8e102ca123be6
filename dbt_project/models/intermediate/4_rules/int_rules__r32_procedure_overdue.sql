-- One row per application, relief case or household with a step of its procedure over its limit, or near it (R32).
-- An open step runs to the end of the day; one completed late counts for some days more; withdrawn applications have none.
-- Departments count applications and relief cases apart, so that one of each may bear one number: the programme tells them apart.
{% set number_names = [
    "r32_investigation_days", "r32_decision_after_notice_days", "r32_total_days", "r32_total_days_special", "r32_refusal_notice_days",
    "r32_notice_days", "r32_urgent_hours", "r32_documents_days", "r32_review_months", "r32_review_months_shortest",
    "r32_warning_share", "r32_counted_days_after_completion",
] %}
{% set step_terms = [
    ("true", evidence_term(
        "case unit when 'application' then 'civil_affairs.applications' when 'case' then 'civil_affairs.temporary_relief' "
        ~ "else 'civil_affairs.households' end",
        "coalesce(subject_code, " ~ published_key("household_key") ~ ")", "step || '_from_on'", "from_on", "from_on", "date"
    )),
] %}
{% for measure in ["working_day", "day", "hour", "month"] %}
    {% do step_terms.append((
        "spent is not null and measure = '" ~ measure ~ "'",
        evidence_term("'policy.rules'", "'R32'", "step || '_spent'", "cast(ceil(spent * 100) / 100 as decimal(14, 2))", run_date(), measure),
    )) %}
    {% do step_terms.append((
        "measure = '" ~ measure ~ "'",
        evidence_term(
            "case when limit_name is null then 'civil_affairs.households' else 'policy.parameters' end",
            "coalesce(limit_name, " ~ published_key("household_key") ~ ")", "step || '_allowed'", "allowed", run_date(), measure
        ),
    )) %}
{% endfor %}
with numbers as (
    select * from {{ parameters_of_day(number_names) }} as parameters_of_day
),

calendar as (
    select * from {{ ref("stg_control__calendar") }}
),

townships as (
    select * from {{ ref("townships") }}
),

divisions as (
    select area_code, current_code from {{ ref("divisions") }}
),

applications as (
    select * from {{ ref("stg_civil_affairs__applications") }}
    where known_until_on is null and (decision is null or decision <> '3')
),

relief as (
    select * from {{ ref("stg_civil_affairs__temporary_relief") }} where known_until_on is null
),

households as (
    select * from {{ ref("int_people__households") }} where is_active
),

household_keys as (
    select household_id, household_key from {{ ref("int_people__household_keys") }}
),

-- Whom a relief case is about: somebody waits for help, and a list must say who.
people_of_cases as (
    select
        relief.case_no,
        keys.person_id,
        residence.household_id
    from relief
    inner join {{ ref("int_people__keys") }} as keys on relief.person_key = keys.person_key
    left join {{ ref("int_people__residence") }} as residence on keys.person_id = residence.person_id
),

steps as (
    select
        'application' as unit,
        application_no as subject_code,
        cast(null as integer) as household_id,
        area_code,
        'investigation' as step,
        accepted_on as from_on,
        investigated_on as done_on,
        decided_on is not null as is_passed_over,
        numbers.r32_investigation_days as limit_days,
        'r32_investigation_days' as limit_name
    from applications
    cross join numbers
    union all
    select
        'application' as unit,
        application_no as subject_code,
        cast(null as integer) as household_id,
        area_code,
        'decision_after_notice' as step,
        notice_to_on as from_on,
        decided_on as done_on,
        false as is_passed_over,
        numbers.r32_decision_after_notice_days as limit_days,
        'r32_decision_after_notice_days' as limit_name
    from applications
    cross join numbers
    where notice_to_on <= {{ run_date() }}
    union all
    select
        'application' as unit,
        application_no as subject_code,
        cast(null as integer) as household_id,
        area_code,
        'total' as step,
        accepted_on as from_on,
        decided_on as done_on,
        false as is_passed_over,
        case when is_special_case then numbers.r32_total_days_special else numbers.r32_total_days end as limit_days,
        case when is_special_case then 'r32_total_days_special' else 'r32_total_days' end as limit_name
    from applications
    cross join numbers
    union all
    select
        'application' as unit,
        application_no as subject_code,
        cast(null as integer) as household_id,
        area_code,
        'refusal_notice' as step,
        decided_on as from_on,
        refusal_notified_on as done_on,
        false as is_passed_over,
        numbers.r32_refusal_notice_days as limit_days,
        'r32_refusal_notice_days' as limit_name
    from applications
    cross join numbers
    where decision = '2'
    union all
    select
        'case' as unit,
        case_no as subject_code,
        cast(null as integer) as household_id,
        area_code,
        'documents' as step,
        cast(granted_at as date) as from_on,
        documents_completed_on as done_on,
        false as is_passed_over,
        numbers.r32_documents_days as limit_days,
        'r32_documents_days' as limit_name
    from relief
    cross join numbers
    where is_advance
),

-- Steps measured in working days: those after the first day, up to and including the last.
measured as (
    select
        steps.*,
        coalesce(done_days.working_day_no, today.working_day_no) - from_days.working_day_no as days
    from steps
    inner join calendar as from_days on steps.from_on = from_days.day
    inner join calendar as today on today.day = {{ run_date() }}
    left join calendar as done_days on steps.done_on = done_days.day
    where steps.done_on is not null or not steps.is_passed_over
),

judged_steps as (
    select
        measured.unit,
        measured.subject_code,
        measured.household_id,
        measured.area_code,
        measured.step,
        cast(measured.days as decimal(14, 2)) as spent,
        cast(measured.limit_days as decimal(14, 2)) as allowed,
        measured.limit_name,
        'working_day' as measure,
        measured.from_on,
        measured.done_on is not null as is_done,
        case
            when measured.days > measured.limit_days
                and (measured.done_on is null
                    or {{ add_days("measured.done_on", "numbers.r32_counted_days_after_completion") }} >= {{ run_date() }})
                then 'orange'
            when measured.done_on is null
                and measured.days <= measured.limit_days
                and measured.days >= numbers.r32_warning_share * measured.limit_days
                then 'yellow'
        end as level
    from measured
    cross join numbers
    union all
    select
        'application' as unit,
        applications.application_no as subject_code,
        cast(null as integer) as household_id,
        applications.area_code,
        'notice' as step,
        cast({{ days_between("applications.notice_from_on", "applications.notice_to_on") }} as decimal(14, 2)) as spent,
        cast(numbers.r32_notice_days as decimal(14, 2)) as allowed,
        'r32_notice_days' as limit_name,
        'day' as measure,
        applications.notice_from_on as from_on,
        true as is_done,
        case
            when {{ days_between("applications.notice_from_on", "applications.notice_to_on") }} < numbers.r32_notice_days
                and {{ add_days("applications.notice_to_on", "numbers.r32_counted_days_after_completion") }} >= {{ run_date() }}
                then 'orange'
        end as level
    from applications
    cross join numbers
    where applications.notice_from_on is not null and applications.notice_to_on is not null
    union all
    select
        'case' as unit,
        relief.case_no as subject_code,
        cast(null as integer) as household_id,
        relief.area_code,
        'urgent_help' as step,
        cast({{ seconds_between("relief.applied_at", "coalesce(relief.granted_at, " ~ end_of_day(run_date()) ~ ")") }} as decimal(20, 2)) / 3600 as spent,
        cast(numbers.r32_urgent_hours as decimal(14, 2)) as allowed,
        'r32_urgent_hours' as limit_name,
        'hour' as measure,
        cast(relief.applied_at as date) as from_on,
        relief.granted_at is not null as is_done,
        case
            when relief.granted_at is not null
                and {{ seconds_between("relief.applied_at", "relief.granted_at") }} > numbers.r32_urgent_hours * 3600
                and {{ add_days("cast(relief.granted_at as date)", "numbers.r32_counted_days_after_completion") }} >= {{ run_date() }}
                then 'orange'
            when relief.granted_at is null
                and {{ seconds_between("relief.applied_at", end_of_day(run_date())) }} > numbers.r32_urgent_hours * 3600
                then 'emergency'
            when relief.granted_at is null
                and {{ seconds_between("relief.applied_at", end_of_day(run_date())) }}
                >= numbers.r32_warning_share * numbers.r32_urgent_hours * 3600
                then 'yellow'
        end as level
    from relief
    cross join numbers
    where relief.kind = '1'
),

-- Without a review class the longer one is surely over, the shorter one perhaps.
reviews as (
    select
        households.household_id,
        households.area_code,
        coalesce(households.reviewed_on, households.approved_on) as from_on,
        households.reviewed_on is not null as is_reviewed,
        case
            when households.review_class_months is not null then cast(households.review_class_months as decimal(14, 4))
            else numbers.r32_review_months
        end as limit_months,
        case when households.review_class_months is null then 'r32_review_months' end as limit_name,
        households.review_class_months is null and households.category <> 'tekun' as is_class_unknown,
        numbers.r32_review_months_shortest as shortest_months
    from households
    cross join numbers
),

judged_reviews as (
    select
        *,
        {{ add_months("from_on", "limit_months") }} < {{ run_date() }} as is_overdue,
        is_class_unknown and {{ add_months("from_on", "shortest_months") }} < {{ run_date() }} as is_perhaps_overdue
    from reviews
),

hits as (
    select
        unit,
        subject_code,
        household_id,
        area_code,
        step,
        spent,
        allowed,
        limit_name,
        measure,
        from_on,
        is_done,
        cast(null as boolean) as is_reviewed,
        level,
        true as is_judged
    from judged_steps
    where level is not null
    union all
    select
        'household' as unit,
        cast(null as varchar) as subject_code,
        household_id,
        area_code,
        'review' as step,
        cast(null as decimal(14, 2)) as spent,
        cast(limit_months as decimal(14, 2)) as allowed,
        limit_name,
        'month' as measure,
        from_on,
        false as is_done,
        is_reviewed,
        case when is_overdue then 'orange' end as level,
        is_overdue as is_judged
    from judged_reviews
    where is_overdue or is_perhaps_overdue
),

worded as (
    select
        hits.*,
        household_keys.household_key,
        {{ level_rank("hits.level") }} as rank,
        case hits.step
            when 'investigation' then '受理后开始调查' when 'decision_after_notice' then '公示结束后作出审核确认'
            when 'total' then '受理后作出审核确认' when 'refusal_notice' then '不予确认后书面告知' when 'notice' then '公示时间'
            when 'urgent_help' then '急难救助' when 'documents' then '先行救助后补充材料' else '定期复核'
        end as step_zh,
        case hits.step
            when 'investigation' then 'investigation after acceptance' when 'decision_after_notice' then 'decision after the notice'
            when 'total' then 'decision after acceptance' when 'refusal_notice' then 'written notice of a refusal'
            when 'notice' then 'public notice' when 'urgent_help' then 'urgent relief' when 'documents' then 'documents after advance help'
            else 'review'
        end as step_en,
        case hits.measure when 'working_day' then '个工作日' when 'hour' then '小时' when 'month' then '个月' else '天' end as measure_zh,
        case hits.measure when 'working_day' then 'working day(s)' when 'hour' then 'hour(s)' when 'month' then 'month(s)' else 'day(s)' end
            as measure_en,
        case when hits.measure = 'hour' then cast(ceil(hits.spent * 60) as integer) end as minutes
    from hits
    left join household_keys on hits.household_id = household_keys.household_id
),

-- A minute over the limit is told as one: hours alone would read as if it had been kept.
told as (
    select
        *,
        cast(cast(coalesce(floor(minutes / 60), spent) as integer) as varchar) || ' ' || measure_zh
        || case when minutes % 60 > 0 then ' ' || cast(minutes % 60 as varchar) || ' 分钟' else '' end as spent_zh,
        cast(cast(coalesce(floor(minutes / 60), spent) as integer) as varchar) || ' ' || measure_en
        || case when minutes % 60 > 0 then ' ' || cast(minutes % 60 as varchar) || ' minute(s)' else '' end as spent_en
    from worded
),

subjects as (
    select
        unit,
        subject_code,
        household_id,
        max(area_code) as area_code,
        min(rank) as rank,
        max(case when is_judged then 1 else 0 end) = 1 as is_judged,
        {{ joined_text(
            "case when spent is null then case when is_reviewed then '上次复核 ' else '未见复核，审核确认 ' end || cast(from_on as varchar) || '，应每 ' || cast(cast(allowed as integer) as varchar) "
            ~ "|| ' 个月复核一次' else spent_zh || '：' || step_zh "
            ~ "|| case when is_done then '（已办结）' else '' end || '，时限 ' "
            ~ "|| cast(cast(allowed as integer) as varchar) || ' ' || measure_zh end", "；", "rank, step"
        ) }} as told_zh,
        {{ joined_text(
            "case when spent is null then case when is_reviewed then 'last reviewed ' else 'no review on record since approval ' end "
            ~ "|| cast(from_on as varchar) || ', due every ' "
            ~ "|| cast(cast(allowed as integer) as varchar) || ' months' else spent_en || ': ' || step_en "
            ~ "|| case when is_done then ' (completed)' else '' end || ', limit ' || cast(cast(allowed as integer) as varchar) end",
            "; ", "rank, step"
        ) }} as told_en,
        {{ flattened_terms(evidence_list(step_terms), "rank, step") }} as terms
    from told
    group by unit, subject_code, household_id
),

final as (
    select
        'R32' as rule_id,
        subjects.unit,
        subjects.household_id as subject_household_id,
        cast(null as integer) as subject_person_id,
        subjects.subject_code,
        case when subjects.unit = 'case' then 'temporary_relief' end as programme,
        case subjects.rank when 0 then 'emergency' when 2 then 'orange' when 3 then 'yellow' end as level,
        coalesce(subjects.household_id, people_of_cases.household_id) as household_id,
        people_of_cases.person_id,
        coalesce(divisions.current_code, substr(subjects.area_code, 1, 6), 'unknown') as county_code,
        townships.township_code,
        subjects.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        subjects.told_zh || case when subjects.unit = 'case' then '（救助编号 ' || subjects.subject_code || '）' else '' end as reason_zh,
        subjects.told_en || case when subjects.unit = 'case' then ' (case ' || subjects.subject_code || ')' else '' end as reason_en,
        {{ evidence_json(["subjects.terms"]) }} as evidence,
        '办理环节延后的原因尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        subjects.is_judged
    from subjects
    left join divisions on substr(subjects.area_code, 1, 6) = divisions.area_code
    left join townships on substr(subjects.area_code, 1, 9) = townships.township_code
    left join people_of_cases on subjects.unit = 'case' and subjects.subject_code = people_of_cases.case_no
)

select * from final
