-- One row per figure of the city's bulletin, computed from the rows that came through, as of the bulletin's day.
-- Persons and households: who was on the rolls on that day (or on the day run, if earlier), by what is known now. Sums and
-- cases: January of the bulletin's year up to its month.
with published_totals as (
    select
        *,
        least(as_of, {{ run_date() }}) as state_on,
        cast(cast(year(as_of) as varchar) || '-01-01' as date) as period_from_on,
        {{ month_start("as_of") }} as last_month_on
    from {{ ref("published_totals") }}
),

bulletin as (
    select distinct state_on, period_from_on, last_month_on, as_of from published_totals
),

households as (
    select households.household_id, households.category, bulletin.as_of, bulletin.state_on
    from {{ ref("int_people__household_versions") }} as households
    inner join bulletin
        on households.state_from_on <= bulletin.state_on
        and households.state_until_on > bulletin.state_on
        and households.approved_on <= bulletin.state_on
        and (households.ended_on is null or households.ended_on > bulletin.state_on)
),

living_members as (
    select members.household_id, members.person_id, members.is_covered, households.category, households.as_of
    from {{ ref("int_people__member_versions") }} as members
    inner join households
        on members.household_id = households.household_id
        and members.state_from_on <= households.state_on
        and members.state_until_on > households.state_on
    inner join {{ ref("int_people__persons") }} as persons on members.person_id = persons.person_id
    where persons.died_on is null or persons.died_on >= households.state_on
),

children as (
    select children.*, bulletin.as_of, bulletin.period_from_on
    from {{ ref("int_people__child_versions") }} as children
    inner join bulletin
        on children.state_from_on <= bulletin.state_on
        and children.state_until_on > bulletin.state_on
        and children.approved_on <= bulletin.state_on
        and (children.ended_on is null or children.ended_on > bulletin.state_on)
    inner join {{ ref("int_people__persons") }} as persons on children.person_id = persons.person_id
    where persons.died_on is null or persons.died_on >= bulletin.state_on
),

paid as (
    select
        bulletin.as_of,
        bulletin.last_month_on,
        programmes.programme,
        ledger.person_id,
        ledger.month_on,
        ledger.amount_cny as paid_cny
    from {{ ref("int_measures__ledger") }} as ledger
    inner join bulletin on ledger.month_on between bulletin.period_from_on and bulletin.last_month_on
    inner join {{ ref("programmes") }} as programmes on ledger.program_no = {{ program_no("programmes.program") }}
    where ledger.is_successful
),

recipients as (
    select as_of, programme, person_id
    from paid
    where programme in ('living', 'nursing') and month_on = last_month_on
    group by as_of, programme, person_id
    having sum(paid_cny) > 0
),

relief as (
    select bulletin.as_of, relief.amount_cny
    from {{ ref("stg_civil_affairs__temporary_relief") }} as relief
    inner join bulletin
        on cast(relief.granted_at as date) between bulletin.period_from_on and bulletin.as_of
    where relief.known_until_on is null
),

vagrants as (
    select bulletin.as_of, vagrants.case_no
    from {{ ref("stg_civil_affairs__vagrants") }} as vagrants
    inner join bulletin on vagrants.admitted_on between bulletin.period_from_on and bulletin.as_of
    where vagrants.known_until_on is null
),

measures as (
    select 'dibao_persons' as measure, as_of, count(distinct person_id) as computed
    from living_members
    where category = 'dibao' and is_covered
    group by as_of
    union all
    select 'tekun_persons' as measure, as_of, count(distinct person_id) as computed
    from living_members
    where category = 'tekun' and is_covered
    group by as_of
    union all
    select 'dibao_marginal_households' as measure, as_of, count(*) as computed
    from households
    where category = 'marginal'
    group by as_of
    union all
    select 'dibao_marginal_persons' as measure, as_of, count(distinct person_id) as computed
    from living_members
    where category = 'marginal'
    group by as_of
    union all
    select 'dibao_tekun_paid_cny' as measure, as_of, sum(paid_cny) as computed
    from paid
    where programme in ('dibao', 'tekun', 'tekun_care')
    group by as_of
    union all
    select 'temporary_relief_cases' as measure, as_of, count(*) as computed from relief group by as_of
    union all
    select 'temporary_relief_cny' as measure, as_of, sum(amount_cny) as computed from relief group by as_of
    union all
    select 'orphans_and_key_children' as measure, as_of, count(distinct person_id) as computed
    from children
    where kind in ('1', '2', '3', '4')
    group by as_of
    union all
    select 'children_paid_cny' as measure, as_of, sum(paid_cny) as computed
    from paid
    where programme in ('orphan', 'unsupported_child', 'key_child')
    group by as_of
    union all
    select 'left_behind_children_visited' as measure, as_of, count(distinct person_id) as computed
    from children
    where kind = '5' and visited_on between period_from_on and as_of
    group by as_of
    union all
    select
        'guardianship_agreements_percent' as measure,
        as_of,
        100.0 * sum(case when is_agreement_signed then 1 else 0 end) / count(*) as computed
    from children
    where kind = '5'
    group by as_of
    union all
    select 'living_allowance_recipients' as measure, as_of, count(*) as computed
    from recipients
    where programme = 'living'
    group by as_of
    union all
    select 'nursing_allowance_recipients' as measure, as_of, count(*) as computed
    from recipients
    where programme = 'nursing'
    group by as_of
    union all
    select 'disability_allowances_paid_cny' as measure, as_of, sum(paid_cny) as computed
    from paid
    where programme in ('living', 'nursing')
    group by as_of
    union all
    select 'vagrants_helped' as measure, as_of, count(*) as computed from vagrants group by as_of
),

final as (
    select
        published_totals.measure,
        published_totals.published,
        cast(
            case when published_totals.unit = 'percent' then measures.computed else coalesce(measures.computed, 0) end
            as decimal(18, 2)
        ) as computed,
        published_totals.tolerance,
        published_totals.as_of,
        published_totals.source
    from published_totals
    left join measures on published_totals.measure = measures.measure and published_totals.as_of = measures.as_of
)

select * from final
