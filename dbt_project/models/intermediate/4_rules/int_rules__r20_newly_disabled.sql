-- One row per person newly severely disabled, or of whom it cannot be told (R20). Rows that are judged and have no level hold
-- the ground alone: the family is assisted or helped, and R24 asks for the ground without that test.
with certificates as {{ read_anew() }} (
    select * from {{ ref("int_people__certificates") }}
),

persons as (
    select * from {{ ref("int_people__persons") }}
),

assistance as (
    select * from {{ ref("int_people__assistance") }}
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

numbers as (
    select
        policy.r20_days as days,
        {{ add_days(run_date(), "-policy.r20_days") }} as from_on
    from {{ parameters_of_day(["r20_days"]) }} as policy
),

first_snapshot as (
    select min(known_from_on) as received_on from certificates
),

severe as (
    select certificates.* from certificates
    where certificates.known_until_on is null and certificates.is_severe and {{ is_certificate_valid("certificates", run_date()) }}
),

events as (
    select
        severe.person_id,
        severe.level,
        'issued_on' as field,
        severe.issued_on as happened_on
    from severe
    cross join numbers
    where severe.issued_on between numbers.from_on and {{ run_date() }}
    union all
    select
        severe.person_id,
        severe.level,
        'changed_on' as field,
        severe.changed_on as happened_on
    from severe
    cross join numbers
    where severe.changed_on between numbers.from_on and {{ run_date() }}
),

-- The last snapshot received before the event is what stood at the end of the day before it.
compared as (
    select
        events.person_id,
        events.level,
        events.field,
        events.happened_on,
        min(first_snapshot.received_on) < events.happened_on as has_earlier_snapshot,
        count(earlier.person_id) > 0 as was_severe
    from events
    cross join first_snapshot
    left join certificates as earlier
        on events.person_id = earlier.person_id
        and earlier.is_severe
        and earlier.known_from_on < events.happened_on
        and (earlier.known_until_on is null or earlier.known_until_on >= events.happened_on)
    group by events.person_id, events.level, events.field, events.happened_on
),

grounds as (
    select
        *,
        case
            when has_earlier_snapshot then not was_severe
            when field = 'issued_on' then true
        end as is_ground,
        cast({{ days_between("happened_on", run_date()) }} as integer) as days_ago
    from compared
),

counted as (
    select
        grounds.person_id,
        max(case when grounds.is_ground then 1 else 0 end) = 1 as is_ground,
        min(case when grounds.is_ground then grounds.level end) as level,
        min(case when grounds.is_ground then grounds.days_ago end) as days_ago,
        {{ flattened_terms(
            evidence_list([
                ("grounds.is_ground", evidence_term(
                    "'disabled_federation.certificates'", published_key("keys.person_key"), "'level'", "grounds.level", run_date(), "level"
                )),
                ("grounds.is_ground", evidence_term(
                    "'disabled_federation.certificates'", published_key("keys.person_key"), "grounds.field", "grounds.happened_on",
                    run_date(), "date"
                )),
                ("grounds.is_ground", evidence_term(
                    "'disabled_federation.certificates'", published_key("keys.person_key"), "'days_since'", "grounds.days_ago",
                    run_date(), "day", "start"
                )),
                ("grounds.is_ground", parameter_term("r20_days", "numbers.days", "day", "compared_with")),
            ]),
            "grounds.happened_on desc, grounds.field, grounds.level",
        ) }} as terms
    from grounds
    cross join numbers
    inner join keys on grounds.person_id = keys.person_id
    where coalesce(grounds.is_ground, true)
    group by grounds.person_id
),

tested as (
    select
        counted.person_id,
        counted.level as certificate_level,
        counted.days_ago,
        counted.terms,
        case when counted.is_ground then true end as is_ground,
        coalesce(assistance.is_helped, false) as is_helped,
        coalesce(assistance.is_in_low_income_family, false) as is_in_low_income_family,
        coalesce(assistance.is_helped or not assistance.is_assisted or assistance.is_in_low_income_family, true) as is_asked
    from counted
    left join assistance on counted.person_id = assistance.person_id
),

final as (
    select
        'R20' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        tested.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case when tested.is_ground and tested.is_asked then 'red' end as level,
        residence.household_id,
        tested.person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        cast(tested.days_ago as varchar) || ' 天前：新核发残疾人证或等级变更，现为 ' || tested.certificate_level || ' 级，'
        || case when tested.is_in_low_income_family then '所在家庭为低收入家庭' else '目前未纳入社会救助' end as reason_zh,
        cast(tested.days_ago as varchar) || ' days ago: certificate newly issued or its level changed, now level '
        || tested.certificate_level
        || case when tested.is_in_low_income_family then ', in a low-income family' else ', in no assisted household' end as reason_en,
        {{ evidence_json(["tested.terms"]) }} as evidence,
        case
            when tested.is_ground then '家庭近期收支和照料情况、本人申请意愿尚不清楚'
            else '变更之前的残疾等级尚不清楚'
        end as unknown_zh,
        case
            when not persons.is_alive then 'death'
            when tested.is_helped then 'helped'
        end as inhibited_by,
        tested.is_ground is not null or not tested.is_asked as is_judged,
        tested.is_ground
    from tested
    inner join persons on tested.person_id = persons.person_id
    left join residence on tested.person_id = residence.person_id
)

select * from final
