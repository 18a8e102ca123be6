-- One row per payee and month of dibao paid without a household number, where it belongs to a household: the one that was on
-- dibao in the month, else the one that is active on the day, with dibao first, else any that was active in the month. Of
-- several one in which the payee was in the month, then one in which the payee is now, then the one the payee heads, then the
-- smallest number.
-- A family that left dibao, and one that a member left or lost, was paid rightly until then: what it was paid may not go to the
-- payee, nor to a later family.
with payees as (
    select distinct
        person_id,
        month_on
    from {{ ref("int_measures__ledger") }}
    where benefit_month_no is null
),

households as (
    select * from {{ ref("int_people__households") }}
),

household_versions as (
    select * from {{ ref("int_people__household_versions") }}
),

household_order as (
    select * from {{ ref("int_people__household_order") }}
),

member_versions as (
    select * from {{ ref("int_people__member_versions") }}
),

first_list as (
    select min(known_from_on) as received_on from member_versions
),

-- Whoever left a family's list of members belongs to it for the months until then. Who stands on the first list received may
-- have been there ever since.
families as (
    select
        head_person_id as person_id,
        household_id,
        true as is_head,
        true as is_on_roll,
        cast('0001-01-01' as date) as from_on,
        cast('9999-12-31' as date) as until_on
    from households
    where head_person_id is not null
    union all
    select
        member_versions.person_id,
        member_versions.household_id,
        false as is_head,
        member_versions.known_until_on is null as is_on_roll,
        case
            when member_versions.known_until_on is null and member_versions.known_from_on > first_list.received_on
                then member_versions.known_from_on
            else member_versions.state_from_on
        end as from_on,
        member_versions.state_until_on as until_on
    from member_versions
    cross join first_list
),

candidates as (
    select
        payees.person_id,
        payees.month_on,
        families.household_id,
        families.is_head,
        families.is_on_roll,
        {{ month_end("payees.month_on") }} >= families.from_on and payees.month_on < families.until_on as was_there,
        households.is_active,
        households.category = 'dibao' as is_dibao,
        households.approved_on <= payees.month_on
        and (households.ended_on is null or households.ended_on > payees.month_on) as was_active,
        coalesce(household_versions.category = 'dibao', false) as was_dibao
    from payees
    inner join families on payees.person_id = families.person_id
    inner join households on families.household_id = households.household_id
    left join household_versions
        on families.household_id = household_versions.household_id
        and {{ month_end("payees.month_on") }} >= household_versions.state_from_on
        and {{ month_end("payees.month_on") }} < household_versions.state_until_on
),

ranked as (
    select
        candidates.*,
        household_order.household_order,
        case
            when candidates.was_active and candidates.was_dibao then 1
            when candidates.is_active and candidates.is_dibao then 2
            when candidates.is_active then 3
            when candidates.was_active then 4
        end as place
    from candidates
    inner join household_order on candidates.household_id = household_order.household_id
    where candidates.is_on_roll or candidates.was_there
),

final as (
    select
        person_id,
        month_on,
        arg_min(household_id, (place, not was_there, not is_on_roll, not is_head, household_order)) as household_id
    from ranked
    where place is not null
    group by person_id, month_on
)

select * from final
