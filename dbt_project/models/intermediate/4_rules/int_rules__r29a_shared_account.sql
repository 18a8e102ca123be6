-- One row per person paid into an account that serves three or more persons of whom no two share a register (R29A).
-- With three, a person is concerned when two others of the account are unrelated to it and to each other: of the pairs among
-- those unrelated to it, fewer are related than there are. With two, one other is enough. Larger groups would have to be put
-- together person by person, so that a policy row with another number is refused (`wendu check`).
with numbers as (
    select r29a_persons as persons from {{ parameters_of_day(["r29a_persons"]) }} as parameters_of_day
),

months as (
    select month_on from {{ ref("int_measures__months") }} where is_in_window
),

-- Most accounts serve one person: they are told apart before the accounts themselves are compared.
shared_marks as (
    select ledger.account_mark
    from {{ ref("int_measures__ledger") }} as ledger
    inner join months on ledger.month_on = months.month_on
    where ledger.is_successful and ledger.account_mark is not null
    group by ledger.account_mark
    having min(ledger.person_id) <> max(ledger.person_id)
),

accounts_of_payees as (
    select distinct
        ledger.account_key,
        ledger.person_id
    from {{ ref("int_measures__ledger") }} as ledger
    inner join shared_marks on ledger.account_mark = shared_marks.account_mark
    inner join months on ledger.month_on = months.month_on
    where ledger.is_successful
),

crowded as (
    select accounts_of_payees.account_key
    from accounts_of_payees
    cross join numbers
    group by accounts_of_payees.account_key, numbers.persons
    having count(*) >= numbers.persons
),

keys as {{ read_anew() }} (
    select * from {{ ref("int_people__keys") }}
),

members as {{ read_anew() }} (
    select * from {{ ref("int_people__members") }}
),

watched_members as (
    select * from {{ ref("int_people__watched_members") }}
),

-- Homes hold one account for many by right.
in_institutions as (
    select person_id from members where support_form = '1'
    union
    select person_id from {{ ref("int_people__children") }} where kind = '1'
),

payees as (
    select
        accounts_of_payees.account_key,
        accounts_of_payees.person_id
    from accounts_of_payees
    inner join crowded on accounts_of_payees.account_key = crowded.account_key
    left join in_institutions on accounts_of_payees.person_id = in_institutions.person_id
    where in_institutions.person_id is null
),

concerned_people as (
    select distinct payees.person_id, keys.person_key
    from payees
    inner join keys on payees.person_id = keys.person_id
),

marriages as (
    select certificate_no, person_a_key as person_key
    from {{ ref("stg_civil_affairs__marriages") }}
    where known_until_on is null
    union all
    select certificate_no, person_b_key as person_key
    from {{ ref("stg_civil_affairs__marriages") }}
    where known_until_on is null
),

registers as (
    select 'family ' || cast(members.household_id as varchar) as register_name, members.person_id
    from members
    inner join concerned_people on members.person_id = concerned_people.person_id
    union all
    select 'watched ' || cast(watched_members.household_id as varchar) as register_name, watched_members.person_id
    from watched_members
    inner join concerned_people on watched_members.person_id = concerned_people.person_id
    union all
    select 'marriage ' || marriages.certificate_no as register_name, concerned_people.person_id
    from marriages
    inner join concerned_people on marriages.person_key = concerned_people.person_key
),

registered as (
    select distinct payees.account_key, payees.person_id, registers.register_name
    from payees
    inner join registers on payees.person_id = registers.person_id
),

-- Related both ways round.
related as (
    select distinct
        one.account_key,
        one.person_id,
        other.person_id as other_person_id
    from registered as one
    inner join registered as other
        on one.account_key = other.account_key
        and one.register_name = other.register_name
        and one.person_id <> other.person_id
),

sizes as (
    select account_key, count(*) as persons from payees group by account_key
),

neighbours as (
    select payees.account_key, payees.person_id, count(related.other_person_id) as related_persons
    from payees
    left join related on payees.account_key = related.account_key and payees.person_id = related.person_id
    group by payees.account_key, payees.person_id
),

-- Related pairs of the account in which neither is the person or related to it.
pairs_apart as (
    select
        payees.account_key,
        payees.person_id,
        count(*) as pairs
    from payees
    inner join related
        on payees.account_key = related.account_key
        and related.person_id < related.other_person_id
        and payees.person_id <> related.person_id
        and payees.person_id <> related.other_person_id
    left join related as first_kin
        on payees.account_key = first_kin.account_key
        and payees.person_id = first_kin.person_id
        and related.person_id = first_kin.other_person_id
    left join related as second_kin
        on payees.account_key = second_kin.account_key
        and payees.person_id = second_kin.person_id
        and related.other_person_id = second_kin.other_person_id
    where first_kin.person_id is null and second_kin.person_id is null
    group by payees.account_key, payees.person_id
),

concerned as (
    select
        neighbours.account_key,
        neighbours.person_id,
        sizes.persons,
        sizes.persons - 1 - neighbours.related_persons as unrelated_persons,
        coalesce(pairs_apart.pairs, 0) as pairs
    from neighbours
    inner join sizes on neighbours.account_key = sizes.account_key
    left join pairs_apart
        on neighbours.account_key = pairs_apart.account_key and neighbours.person_id = pairs_apart.person_id
),

hits as (
    select
        concerned.person_id,
        count(*) as accounts,
        max(concerned.persons) as persons
    from concerned
    cross join numbers
    where case numbers.persons
            when 2 then concerned.unrelated_persons > 0
            when 3 then concerned.unrelated_persons * (concerned.unrelated_persons - 1) > 2 * concerned.pairs
        end
    group by concerned.person_id
),

residence as (
    select * from {{ ref("int_people__residence") }}
),

final as (
    select
        'R29A' as rule_id,
        'person' as unit,
        cast(null as integer) as subject_household_id,
        hits.person_id as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        'orange' as level,
        residence.household_id,
        hits.person_id,
        residence.county_code,
        residence.township_code,
        residence.area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        cast(hits.persons as varchar) || ' 人：近 12 个月的补贴发放到同一账户，其中有互不在同一户籍或家庭登记中的人员' as reason_zh,
        cast(hits.persons as varchar) || ' persons were paid into one account in the window, some of whom share no register' as reason_en,
        {{ evidence_json([evidence_list([
            ("true", evidence_term(
                "'finance.payments'", published_key("keys.person_key"), "'persons_of_one_account'", "hits.persons", run_date(), "person"
            )),
            ("true", parameter_term("r29a_persons", "numbers.persons", "person")),
        ])]) }} as evidence,
        '账户由谁保管、是否由亲属或村级代领，尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        true as is_judged
    from hits
    cross join numbers
    inner join keys on hits.person_id = keys.person_id
    left join residence on hits.person_id = residence.person_id
)

select * from final
