-- One row per person paid two programmes that exclude each other, or covered in two active households (R03).
with exclusive_months as (
    select * from {{ ref("int_rules__exclusive_months") }}
),

deaths as (
    select * from {{ ref("int_people__deaths") }}
    where died_on < {{ run_date() }}
),

-- A death of the same number under another name says nothing about the member.
members as (
    select members.*
    from {{ ref("int_people__members") }} as members
    left join deaths
        on members.person_id = deaths.person_id
        and (members.name_key = deaths.name_key or members.name_key is null or deaths.name_key is null)
    where members.is_household_active
        and members.is_covered
        and members.category in ('dibao', 'tekun')
        and deaths.person_id is null
),

programme_names as (
    select * from {{ ref("programme_names") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

pair_terms as (
    select
        person_id,
        month_on,
        programme || '+' || excluded_programme as pair,
        {{ joined_terms([
            payment_terms("payments", "'paid_' || programme || '_cny'", "month_on"),
            payment_terms("excluded_payments", "'paid_' || excluded_programme || '_cny'", "month_on"),
        ]) }} as terms
    from exclusive_months
),

payments as (
    select
        person_id,
        count(distinct month_on) as months,
        min(month_on) as first_month_on,
        max(month_on) as last_month_on,
        {{ flattened_terms("terms", "month_on, pair") }} as terms
    from pair_terms
    group by person_id
),

pairs_named as (
    select
        exclusive_months.person_id,
        exclusive_months.programme || '+' || exclusive_months.excluded_programme as pair,
        max(exclusive_months.month_on) as last_month_on,
        one.name_zh || '与' || other.name_zh as pair_zh,
        one.name_en || ' with ' || other.name_en as pair_en
    from exclusive_months
    inner join programme_names as one on exclusive_months.programme = one.programme
    inner join programme_names as other on exclusive_months.excluded_programme = other.programme
    group by
        exclusive_months.person_id, exclusive_months.programme, exclusive_months.excluded_programme,
        one.name_zh, one.name_en, other.name_zh, other.name_en
),

named as (
    select
        person_id,
        {{ joined_text("pair_zh", "、", "pair_zh") }} as pairs_zh,
        {{ joined_text("pair_en", ", ", "pair_en") }} as pairs_en,
        {{ evidence_terms(
            evidence_term("'policy.exclusive_benefits'", "pair", "'excludes_each_other'", "'true'", "last_month_on"), "pair"
        ) }} as terms
    from pairs_named
    group by person_id
),

-- A register row counts beside another one of the person where the names agree, or one is missing.
covered_twice as (
    select distinct
        one.person_id,
        one.household_id
    from members as one
    inner join members as other
        on one.person_id = other.person_id
        and one.household_id <> other.household_id
        and (one.name_key = other.name_key or one.name_key is null or other.name_key is null)
),

covers as (
    select
        covered_twice.person_id,
        count(*) as households,
        {{ evidence_terms(
            evidence_term(
                "'civil_affairs.members'", published_key("household_keys.household_key"), "'is_covered'", "'true'", run_date()
            ),
            "household_keys.household_key"
        ) }} as terms
    from covered_twice
    inner join household_keys on covered_twice.household_id = household_keys.household_id
    group by covered_twice.person_id
),

subjects as (
    select person_id from payments
    union
    select person_id from covers
),

final as (
    select
        'R03' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        subjects.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        'red' as level,
        residence.household_id,
        subjects.person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        concat_ws(
            '；',
            case when payments.person_id is not null
                then cast(payments.months as varchar) || ' 个月（'
                    || {{ month_span("payments.first_month_on", "payments.last_month_on", " 至 ") }} || '）同月发放：' || named.pairs_zh
            end,
            case when covers.person_id is not null
                then cast(covers.households as varchar) || ' 个在保家庭同时将本人列为保障对象'
            end
        ) as reason_zh,
        concat_ws(
            '; ',
            case when payments.person_id is not null
                then cast(payments.months as varchar) || ' month(s) ('
                    || {{ month_span("payments.first_month_on", "payments.last_month_on", " to ") }} || ') with both paid: ' || named.pairs_en
            end,
            case when covers.person_id is not null
                then cast(covers.households as varchar) || ' active households count the person as covered'
            end
        ) as reason_en,
        {{ evidence_json(["named.terms", "payments.terms", "covers.terms"]) }} as evidence,
        '类别变更是否已办理、相关月份是否已扣回，尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        true as is_judged
    from subjects
    left join payments on subjects.person_id = payments.person_id
    left join named on subjects.person_id = named.person_id
    left join covers on subjects.person_id = covers.person_id
    left join residence on subjects.person_id = residence.person_id
)

select * from final
