-- One row per rule: what became of it on the day, as it is stored for the following days.
-- Subjects are those whom the rule had to judge, counted where the rule starts.
with evaluated_rules as (
    select * from {{ ref("int_rules__evaluated_rules") }}
),

findings as (
    select * from {{ ref("int_rules__findings") }}
),

programmes as (
    select * from {{ numbered_programmes() }} as programmes
),

-- R29 and R29A look at the ledger: so are their subjects counted.
paid_in_window as (
    select
        ledger.person_id,
        min(case when programmes.is_for_households then 1 else 0 end) = 0 as is_paid_in_person
    from {{ ref("int_measures__ledger") }} as ledger
    inner join {{ ref("int_measures__months") }} as months on ledger.month_on = months.month_on and months.is_in_window
    inner join programmes on ledger.program_no = programmes.program_no
    where ledger.is_successful
    group by ledger.person_id
),

failed_payments as (
    select distinct
        programmes.programme,
        ledger.household_id,
        case when programmes.is_for_households and ledger.household_id is not null then null else ledger.person_id end as person_id
    from {{ ref("int_measures__ledger") }} as ledger
    inner join programmes on ledger.program_no = programmes.program_no
    where not ledger.is_successful
        and ledger.paid_on < {{ add_days(run_date(), "-" ~ parameter("r29_reissue_days")) }}
),

-- Of registers that several rules start from each is read once.
of_households as (
    select
        count(*) as all_known,
        count(case when households.is_active then 1 end) as active,
        count(case when households.is_active and households.category in ('dibao', 'marginal') then 1 end) as dibao_or_marginal,
        count(case
            when households.is_active and households.category = 'marginal' and households.unit = 'whole' then 1
        end) as whole_marginal,
        count(case
            when households.is_active and households.category = 'dibao' and households.living_members = 1 then 1
        end) as alone_on_dibao,
        count(case
            when households.is_active and (households.category = 'rigid' or households.grace_until_on is not null) then 1
        end) as with_a_term,
        count(case
            when households.category in ('dibao', 'tekun')
                and households.ended_on between {{ add_months(run_date(), "-" ~ parameter("r24_months")) }} and {{ run_date() }}
                then 1
        end) as ended_of_late,
        count(case
            when households.is_active
                and households.category in ('dibao', 'tekun', 'marginal')
                and households.unit = 'whole'
                and not households.is_in_grace
                and income.members_on_payroll_name_agreed > 0
                then 1
        end) as on_payroll,
        count(case
            when households.is_active
                and households.category in ('dibao', 'marginal')
                and households.unit = 'whole'
                and not households.is_in_grace
                and income.members_on_payroll_name_agreed = 0
                then 1
        end) as without_payroll
    from {{ ref("int_people__households") }} as households
    left join {{ ref("int_measures__household_income") }} as income on households.household_id = income.household_id
),

of_members as (
    select
        count(distinct case
            when is_household_active and is_alive and is_covered and category = 'tekun' then person_id
        end) as on_tekun,
        count(distinct case
            when is_household_active and is_alive_name_agreed and is_covered and category = 'tekun' then person_id
        end) as on_tekun_name_agreed,
        count(distinct case
            when is_household_active and is_alive_name_agreed and is_covered and category = 'tekun'
                and (support_form = '1' or support_form is null)
                then person_id
        end) as in_institutions,
        count(distinct case when is_household_active and is_alive and category = 'marginal' then person_id end) as marginal,
        count(distinct case when is_alive and (employment = '3' or employment is null) then person_id end) as jobless
    from {{ ref("int_people__members") }}
),

rules_of_offices as (
    select 'R28' as rule_id
    union all
    select 'R30' as rule_id
),

office_months as (
    select count(*) as subjects from {{ ref("int_rules__office_months") }}
),

subjects as (
    select rule_id, subjects, unknown from {{ ref("int_rules__window_subjects") }}
    union all
    select 'R01' as rule_id, count(*) as subjects, 0 as unknown from {{ ref("int_people__deaths") }}
    union all
    select 'R02' as rule_id, on_payroll as subjects, 0 as unknown from of_households
    union all
    select 'R03' as rule_id, count(*) as subjects, 0 as unknown
    from (
        select person_id from paid_in_window where is_paid_in_person
        union
        select person_id
        from {{ ref("int_people__members") }}
        where is_household_active and is_covered and category in ('dibao', 'tekun')
    ) as paid_or_covered
    union all
    select 'R04' as rule_id, without_payroll as subjects, 0 as unknown from of_households
    union all
    select 'R05' as rule_id, dibao_or_marginal as subjects, 0 as unknown from of_households
    union all
    select 'R06' as rule_id, active as subjects, 0 as unknown from of_households
    union all
    select 'R09' as rule_id, sum(subjects) as subjects, 0 as unknown
    from (
        select with_a_term as subjects from of_households
        union all
        select on_tekun as subjects from of_members
        union all
        select count(distinct person_id) as subjects
        from {{ ref("int_people__children") }}
        where kind in ('1', '2', '3', '4')
    ) as terms
    union all
    select 'R29' as rule_id, count(*) as subjects, 0 as unknown from failed_payments
    union all
    select 'R29A' as rule_id, count(*) as subjects, 0 as unknown from paid_in_window
    union all
    select rules_of_offices.rule_id, office_months.subjects, 0 as unknown
    from rules_of_offices
    cross join office_months
    union all
    select 'R32' as rule_id, sum(subjects) as subjects, 0 as unknown
    from (
        select count(*) as subjects from {{ ref("stg_civil_affairs__applications") }} where known_until_on is null
        union all
        select count(*) as subjects from {{ ref("stg_civil_affairs__temporary_relief") }} where known_until_on is null
        union all
        select active as subjects from of_households
    ) as steps
    union all
    select 'R08' as rule_id, count(*) as subjects, 0 as unknown
    from {{ ref("int_metrics__people") }}
    where is_covered_by_single_person_dibao
    union all
    select 'R10' as rule_id, on_tekun_name_agreed as subjects, 0 as unknown from of_members
    union all
    select 'R11' as rule_id, in_institutions as subjects, 0 as unknown from of_members
    union all
    select 'R12' as rule_id, count(distinct person_key) as subjects, 0 as unknown
    from {{ ref("stg_civil_affairs__temporary_relief") }}
    where known_until_on is null
        and coalesce(granted_at, applied_at) >= {{ add_months(run_date(), "-" ~ parameter("r12_sum_months")) }}
    union all
    select 'R13' as rule_id, marginal as subjects, 0 as unknown from of_members
    union all
    select 'R14' as rule_id, count(*) as subjects, 0 as unknown
    from {{ ref("int_metrics__people") }}
    where is_severely_disabled
    union all
    select 'R17' as rule_id, count(*) as subjects, 0 as unknown
    from {{ ref("int_people__watched_households") }}
    where not is_risk_removed
    union all
    select 'R18' as rule_id, alone_on_dibao as subjects, 0 as unknown from of_households
    union all
    select 'R19' as rule_id, count(*) as subjects, 0 as unknown
    from {{ ref("int_people__persons") }}
    where is_alive and age_years < {{ parameter("minor_below_age") }}
    union all
    select 'R20' as rule_id, count(*) as subjects, 0 as unknown
    from {{ ref("int_people__valid_certificates") }}
    where is_severe
    union all
    select 'R21' as rule_id, count(*) as subjects, 0 as unknown
    from {{ ref("int_people__deaths") }}
    where died_on between {{ add_days(run_date(), "-" ~ parameter("r21_days")) }} and {{ run_date() }}
    union all
    select 'R22' as rule_id, count(distinct household_id) as subjects, 0 as unknown from {{ ref("int_people__residence") }}
    union all
    select 'R23' as rule_id, all_known as subjects, 0 as unknown from of_households
    union all
    select 'R24' as rule_id, ended_of_late as subjects, 0 as unknown from of_households
    union all
    select 'R25' as rule_id, whole_marginal as subjects, 0 as unknown from of_households
    union all
    select 'R33' as rule_id, count(*) as subjects, 0 as unknown
    from {{ ref("int_metrics__households") }}
    where concept = 'civil_affairs' and active_category in ('none', 'dibao_marginal')
    union all
    select 'R31' as rule_id, jobless as subjects, 0 as unknown from of_members
),

-- A rule that stands in rows alone looks at everybody of whom there are metrics.
rules_by_rows as (
    select distinct
        rules.rule_id,
        rules.unit
    from {{ ref("rules") }} as rules
    inner join {{ ref("rule_conditions") }} as conditions on rules.rule_id = conditions.rule_id
),

with_metrics as (
    select
        'person' as unit,
        count(*) as subjects
    from {{ ref("int_metrics__people") }}
    union all
    select
        'household' as unit,
        count(*) as subjects
    from {{ ref("int_metrics__households") }}
),

all_subjects as (
    select
        evaluated_rules.rule_id,
        coalesce(subjects.subjects, with_metrics.subjects) as subjects,
        subjects.unknown
    from evaluated_rules
    left join subjects on evaluated_rules.rule_id = subjects.rule_id
    left join rules_by_rows on evaluated_rules.rule_id = rules_by_rows.rule_id
    left join with_metrics on rules_by_rows.unit = with_metrics.unit
),

counted as (
    select
        rule_id,
        sum(case when is_judged and inhibited_by is null then 1 else 0 end) as hits,
        sum(case when is_judged then 0 else 1 end) as not_judged
    from findings
    group by rule_id
),

final as (
    select
        evaluated_rules.rule_id,
        {{ run_date() }} as on_date,
        evaluated_rules.evaluated,
        case when evaluated_rules.evaluated then cast(all_subjects.subjects as bigint) end as subjects,
        case when evaluated_rules.evaluated then cast(coalesce(counted.hits, 0) as bigint) end as hits,
        case
            when not evaluated_rules.evaluated then null
            when evaluated_rules.rule_id = 'R26' then cast(all_subjects.unknown as bigint)
            else cast(coalesce(counted.not_judged, 0) as bigint)
        end as not_judged,
        evaluated_rules.why_not
    from evaluated_rules
    left join all_subjects on evaluated_rules.rule_id = all_subjects.rule_id
    left join counted on evaluated_rules.rule_id = counted.rule_id
)

select * from final
