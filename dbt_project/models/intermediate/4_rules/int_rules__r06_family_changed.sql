-- One row per active household one of whose members married or two of whose members divorced after the last review, while
-- the members on the list stayed the same (R06).
with households as {{ read_anew() }} (
    select * from {{ ref("int_people__households") }} where is_active
),

members as {{ read_anew() }} (
    select * from {{ ref("int_people__members") }} where is_household_active
),

member_versions as (
    select * from {{ ref("int_people__member_versions") }}
),

marriages as (
    select * from {{ ref("stg_civil_affairs__marriages") }} where known_until_on is null
),

keys as {{ read_anew() }} (
    select * from {{ ref("int_people__keys") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

numbers as (
    select
        r06_days_after_event as days_after_event,
        {{ add_days(run_date(), "-r06_days_after_event") }} as event_until_on
    from {{ parameters_of_day(["r06_days_after_event"]) }}
        as parameters_of_day
),

registered as (
    select
        marriages.certificate_no,
        marriages.kind,
        marriages.registered_on,
        one.person_id,
        other.person_id as partner_id
    from marriages
    cross join numbers
    inner join keys as one on marriages.person_a_key = one.person_key
    inner join keys as other on marriages.person_b_key = other.person_key
    where marriages.registered_on <= numbers.event_until_on
),

-- Each registration seen from both sides.
sided as (
    select * from registered
    union all
    select
        certificate_no,
        kind,
        registered_on,
        partner_id as person_id,
        person_id as partner_id
    from registered
),

-- Whoever stands on the list, alive or dead, is on it; the member who married or divorced is a living one.
events as (
    select distinct
        households.household_id,
        sided.certificate_no,
        sided.kind,
        sided.registered_on
    from sided
    inner join members
        on sided.person_id = members.person_id
        and members.is_alive_name_agreed
    inner join households
        on members.household_id = households.household_id
        and sided.registered_on > coalesce(households.reviewed_on, households.approved_on)
    left join members as partners
        on members.household_id = partners.household_id
        and sided.partner_id = partners.person_id
    where sided.kind = '1' and partners.person_id is null
        or sided.kind = '2' and partners.is_alive_name_agreed
),

versions_of_families as (
    select member_versions.*
    from member_versions
    where member_versions.household_id in (select household_id from events)
),

first_known as (
    select
        household_id,
        min(known_from_on) as first_known_on
    from versions_of_families
    group by household_id
),

-- The last snapshot received before the event tells who was on the list then; a family first received later, its first one.
compared as (
    select
        events.household_id,
        events.certificate_no,
        versions_of_families.person_id,
        max(case when versions_of_families.known_until_on is null then 1 else 0 end) as is_listed,
        max(
            case
                when versions_of_families.known_from_on <= greatest({{ add_days("events.registered_on", "-1") }}, first_known.first_known_on)
                    and versions_of_families.state_until_on > greatest({{ add_days("events.registered_on", "-1") }}, first_known.first_known_on)
                    then 1
                else 0
            end
        ) as was_listed
    from events
    inner join first_known on events.household_id = first_known.household_id
    inner join versions_of_families on events.household_id = versions_of_families.household_id
    group by events.household_id, events.certificate_no, versions_of_families.person_id
),

unchanged as (
    select
        household_id,
        certificate_no,
        sum(is_listed) as members
    from compared
    group by household_id, certificate_no
    having max(case when is_listed <> was_listed then 1 else 0 end) = 0
),

found as (
    select
        unchanged.household_id,
        max(unchanged.members) as members,
        count(*) as events,
        min(events.registered_on) as first_registered_on,
        max(events.kind) as last_kind,
        min(events.kind) as first_kind,
        {{ flattened_terms(
            evidence_list([
                ("true", evidence_term(
                    "'civil_affairs.marriages'", "events.certificate_no", "'registered_on'", "events.registered_on",
                    "events.registered_on", "date"
                )),
                ("true", evidence_term(
                    "'civil_affairs.marriages'", "events.certificate_no", "'kind'",
                    "case events.kind when '1' then 'marriage' else 'divorce' end", "events.registered_on"
                )),
            ]),
            "events.registered_on, events.certificate_no"
        ) }} as terms
    from unchanged
    inner join events on unchanged.household_id = events.household_id and unchanged.certificate_no = events.certificate_no
    group by unchanged.household_id
),

final as (
    select
        'R06' as rule_id,
        'household' as unit,
        found.household_id as subject_household_id,
        cast(null as integer) as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        'orange' as level,
        found.household_id,
        cast(null as integer) as person_id,
        households.county_code,
        households.township_code,
        households.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        cast({{ days_between("found.first_registered_on", run_date()) }} as varchar) || ' 天：家庭成员'
        || case when found.first_kind = found.last_kind then case found.first_kind when '1' then '结婚' else '离婚' end else '婚姻变化' end
        || '登记（' || cast(found.first_registered_on as varchar) || '）后，家庭成员登记仍为原 '
        || cast(found.members as varchar) || ' 人；最近'
        || case when households.reviewed_on is null then '审核确认日期 ' else '复核日期 ' end
        || cast(coalesce(households.reviewed_on, households.approved_on) as varchar) as reason_zh,
        cast({{ days_between("found.first_registered_on", run_date()) }} as varchar) || ' days since a '
        || case
            when found.first_kind = found.last_kind then case found.first_kind when '1' then 'marriage' else 'divorce' end
            else 'change of marriage'
        end
        || ' in the family (' || cast(found.first_registered_on as varchar) || '), and the list still names the same '
        || cast(found.members as varchar) || ' member(s); last '
        || case when households.reviewed_on is null then 'approval ' else 'review ' end
        || cast(coalesce(households.reviewed_on, households.approved_on) as varchar) as reason_en,
        {{ evidence_json([
            "found.terms",
            evidence_list([
                ("households.reviewed_on is not null", evidence_term(
                    "'civil_affairs.households'", published_key("household_keys.household_key"), "'reviewed_on'",
                    "households.reviewed_on", run_date(), "date"
                )),
                ("households.reviewed_on is null", evidence_term(
                    "'civil_affairs.households'", published_key("household_keys.household_key"), "'approved_on'",
                    "households.approved_on", run_date(), "date"
                )),
                ("true", evidence_term(
                    "'civil_affairs.members'", published_key("household_keys.household_key"), "'listed_members'", "found.members",
                    run_date(), "person"
                )),
                ("true", rule_term(
                    "R06", "days_since_event", days_between("found.first_registered_on", run_date()), run_date(), "day", "start"
                )),
                ("true", parameter_term("r06_days_after_event", "numbers.days_after_event", "day", "compared_with")),
            ]),
        ]) }} as evidence,
        '共同生活的家庭成员是否已变化、配偶的收入和赡养情况尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        true as is_judged
    from found
    cross join numbers
    inner join households on found.household_id = households.household_id
    inner join household_keys on found.household_id = household_keys.household_id
)

select * from final
