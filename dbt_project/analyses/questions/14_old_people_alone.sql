-- 问题: 各乡镇有多少 70 岁以上、单独成户的老人？其中多少没有任何待遇？
-- Question: How many people of 70 or older live as a household of one, by township, and how many of them receive nothing?
-- 读法: alone 为单独成户的老人，severely_disabled 其中重度残疾，without_payment 最近三个月没有任何发放记录。
-- How to read: alone counts them, severely_disabled those with a certificate of level 1 or 2, without_payment those with no payment in the last three months of the ledger.
-- 注意: “单独成户”是登记的家庭只有一名在世成员，不等于独居；没有进入任何名册的老人看不见；残疾证按登记状态计。
-- Caveats: A household of one is what the registers say, not how somebody lives; old people on no roll are not seen. Certificates count by their registered status.
-- 公开: 乡镇一级的小数目（6 以下）不得公开；公开前并到县区，仍小的隐去。
-- Publishing: Counts under six of a township are not for publication; add them up by county first and leave out what stays small.
with numbers as (
    select 70 as from_age, 3 as months_back
),

old_people as (
    select
        people.person_key,
        people.household_key,
        people.disability_level,
        people.certificate_status,
        households.county_code,
        households.township_code
    from dim_people as people
    inner join dim_households as households on people.household_key = households.household_key
    cross join numbers
    where people.age >= numbers.from_age and people.died_on is null and households.members = 1
),

window_start as (
    select cast(max(payments.paid_on) - to_months(any_value(numbers.months_back)) as date) as first_on
    from fct_payments as payments
    cross join numbers
),

their_keys as (
    select person_key as beneficiary_key from old_people
    union
    select household_key as beneficiary_key from old_people
),

paid as (
    select distinct payments.beneficiary_key
    from fct_payments as payments
    inner join their_keys on payments.beneficiary_key = their_keys.beneficiary_key
    cross join window_start
    where payments.status = '1' and payments.paid_on >= window_start.first_on
),

final as (
    select
        coalesce(counties.name, old_people.county_code) as county,
        townships.name as township,
        count(*) as alone,
        count(*) filter (old_people.disability_level in ('1', '2') and old_people.certificate_status = '1') as severely_disabled,
        count(*) filter (
            old_people.person_key not in (select beneficiary_key from paid)
            and old_people.household_key not in (select beneficiary_key from paid)
        ) as without_payment
    from old_people
    left join dim_areas as counties on old_people.county_code = counties.area_code
    left join dim_areas as townships on old_people.township_code = townships.area_code
    group by all
)

select * from final
order by without_payment desc, alone desc, county, township
