-- One row per household of the month's audit sample: drawn on the month's first day run, among households without an alert.
-- Within a month the sample stands as drawn, also when a household gets an alert. On the lists its lines are not marked:
-- worded as any other clue, in the support lane at the lowest level.
with drawn_before as (
    select distinct
        code,
        drawn_for_month,
        drawn_on,
        household_key,
        county_code,
        township_code,
        area_code,
        members,
        frame_households
    from {{ ref("stg_control__audit_sample") }}
    where on_date < {{ run_date() }} and drawn_for_month = {{ month_start(run_date()) }}
),

is_drawn as (
    select count(*) > 0 as is_drawn from drawn_before
),

households as (
    select household_id, living_members, county_code, township_code, area_code
    from {{ ref("int_people__households") }}
    where is_active and living_members > 0
    union all
    select household_id, living_members, county_code, township_code, area_code
    from {{ ref("int_people__watched_households") }}
    where not is_risk_removed and living_members > 0
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
),

households_with_alert as (
    select distinct household_key from {{ ref("int_rules__alerts") }}
    where status in ('open', 'held') and household_key is not null
),

sizes as (
    select county_code, value as households
    from {{ ref("int_measures__parameters") }}
    where name = 'audit_households_per_county'
        and {{ run_date() }} >= effective_from_on
        and {{ run_date() }} < effective_to_on
),

run as (
    select * from {{ ref("stg_control__run") }}
),

calendar as (
    select * from {{ ref("stg_control__calendar") }}
),

today as (
    select working_day_no from calendar where day = {{ run_date() }}
),

numbers as (
    select {{ parameter("alert_due_working_days_yellow") }} as due_days
),

outcomes as (
    select alert_id, min(received_on) as replied_on from {{ ref("stg_control__outcomes") }}
    group by alert_id
),

frame as (
    select
        households.*,
        household_keys.household_key,
        md5(cast({{ month_start(run_date()) }} as varchar) || '|' || {{ published_key("household_keys.household_key") }}) as lot
    from households
    cross join is_drawn
    inner join household_keys on households.household_id = household_keys.household_id
    left join households_with_alert on household_keys.household_key = households_with_alert.household_key
    where not is_drawn.is_drawn and households_with_alert.household_key is null
),

drawn_by_lot as (
    select
        *,
        row_number() over (partition by county_code order by lot) as place,
        count(*) over (partition by county_code) as frame_households
    from frame
),

drawn_today as (
    select
        {{ alert_code_of_hash("md5('audit|' || drawn_by_lot.lot)") }} as code,
        {{ month_start(run_date()) }} as drawn_for_month,
        {{ run_date() }} as drawn_on,
        drawn_by_lot.household_key,
        coalesce(drawn_by_lot.county_code, 'unknown') as county_code,
        drawn_by_lot.township_code,
        drawn_by_lot.area_code,
        drawn_by_lot.living_members as members,
        drawn_by_lot.frame_households
    from drawn_by_lot
    cross join run
    inner join sizes as city_size on run.city_code = city_size.county_code
    left join sizes on drawn_by_lot.county_code = sizes.county_code
    where drawn_by_lot.place <= coalesce(sizes.households, city_size.households)
),

sample as (
    select * from drawn_before
    union all
    select * from drawn_today
),

final as (
    select
        {{ run_date() }} as on_date,
        sample.code,
        sample.drawn_for_month,
        sample.drawn_on,
        sample.household_key,
        sample.county_code,
        sample.township_code,
        sample.area_code,
        cast(sample.members as integer) as members,
        cast(sample.frame_households as bigint) as frame_households,
        due_days.day as due_on,
        cast(due_days.working_day_no - today.working_day_no as integer) as days_left,
        outcomes.replied_on,
        cast(sample.members as varchar) || ' 人：家庭成员近期收入、就业和健康情况有待了解' as reason_zh,
        '国务院办公厅转发民政部等单位《关于加强低收入人口动态监测做好分层分类社会救助工作的意见》（国办发〔2023〕39号）' as legal_reference,
        '请入户了解近期家庭收入、就业和健康情况，告知可申请的救助，必要时协助提出申请。' as action_zh,
        '近期收入、就业、健康和支出变化尚不清楚' as unknown_zh
    from sample
    cross join numbers
    left join today on true
    left join calendar as drawn_days on sample.drawn_on = drawn_days.day
    left join calendar as due_days
        on drawn_days.working_day_no + cast(numbers.due_days as integer) = due_days.working_day_no
        and due_days.is_working_day
    left join outcomes on sample.code = outcomes.alert_id
)

select * from final
