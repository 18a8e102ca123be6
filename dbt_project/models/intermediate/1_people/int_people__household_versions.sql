-- One row per civil-affairs household and version of its roll row.
-- Dates come from the household's last row. A household that left the roll keeps its last row (state_until_on open); one that
-- came back keeps the row before until then, though the roll lacked it in between (known_until_on to state_until_on).
with versions as (
    select * from {{ ref("stg_civil_affairs__households") }}
),

household_keys as (
    select * from {{ ref("int_people__household_keys") }}
    where concept = 'civil_affairs'
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

divisions as (
    select * from {{ ref("divisions") }}
),

townships as (
    select * from {{ ref("townships") }}
),

last_rows as (
    select
        household_key,
        approved_on,
        first_paid_month_on,
        coalesce(ended_on, known_until_on) as ended_on,
        known_until_on as left_on
    from versions
    where is_latest
),

placed as (
    select
        versions.*,
        lead(versions.state_from_on) over (partition by versions.household_key order by versions.state_from_on) as next_from_on,
        coalesce(divisions.current_code, substr(versions.area_code, 1, 6)) as county_code
    from versions
    left join divisions on substr(versions.area_code, 1, 6) = divisions.area_code
),

final as (
    select
        household_keys.household_id,
        keys.person_id as head_person_id,
        placed.head_name_key,
        case placed.assistance
            when '110' then 'dibao'
            when '120' then 'dibao'
            when '131' then 'tekun'
            when '132' then 'tekun'
            when '600' then 'marginal'
            when '650' then 'rigid'
        end as category,
        case placed.unit when '1' then 'whole' when '2' then 'single' end as unit,
        case placed.residence when '1' then 'urban' when '2' then 'rural' end as residence,
        placed.county_code || substr(placed.area_code, 7) as area_code,
        placed.county_code,
        townships.township_code,
        last_rows.approved_on,
        last_rows.first_paid_month_on,
        last_rows.ended_on,
        last_rows.left_on,
        placed.end_reason,
        placed.grace_until_on,
        placed.reviewed_on,
        cast(placed.review_class as integer) as review_class_months,
        placed.covered_persons,
        placed.monthly_amount_cny,
        placed.is_stale,
        placed.is_latest,
        placed.known_from_on,
        placed.known_until_on,
        placed.state_from_on,
        case when placed.is_latest then cast('9999-12-31' as date) else placed.next_from_on end as state_until_on
    from placed
    inner join household_keys on placed.household_key = household_keys.household_key
    inner join keys on placed.head_key = keys.person_key
    inner join last_rows on placed.household_key = last_rows.household_key
    left join townships on placed.county_code || substr(placed.area_code, 7, 3) = townships.township_code
)

select * from final
