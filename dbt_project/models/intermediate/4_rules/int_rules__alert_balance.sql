-- One row per county and calendar day since the first day run: open before + new - cleared - closed = open now.
-- An alert counts in the county it belonged to on the day; one that moves leaves its old county as a cleared one does and
-- is new in the other; one that a reply closed and that its level opened again is both. Inhibited alerts leave as cleared
-- ones do, held ones come when they are released.
with alerts as (
    select * from {{ ref("int_rules__alerts") }}
),

earlier as (
    select * from {{ ref("stg_control__alert_balance") }} where on_date < {{ run_date() }}
),

left_today as (
    select
        county_code_before as county_code,
        case when status = 'closed' or event_of_people = 'closed' then 'closed' else 'cleared' end as way
    from alerts
    where status_before = 'open'
        and (status <> 'open' or county_code <> county_code_before or coalesce(event_of_people = 'closed', false))
),

came_today as (
    select county_code
    from alerts
    where status = 'open'
        and (status_before <> 'open' or county_code <> county_code_before or coalesce(event_of_people = 'closed', false))
),

movements as (
    select county_code, 0 as was_open, 1 as came, 0 as cleared, 0 as closed from came_today
    union all
    select
        county_code,
        0 as was_open,
        0 as came,
        case when way = 'cleared' then 1 else 0 end as cleared,
        case when way = 'closed' then 1 else 0 end as closed
    from left_today
    union all
    select county_code_before as county_code, 1 as was_open, 0 as came, 0 as cleared, 0 as closed
    from alerts
    where status_before = 'open'
),

by_county as (
    select
        county_code,
        sum(was_open) as open_before,
        sum(came) as came,
        sum(cleared) as cleared,
        sum(closed) as closed
    from movements
    group by county_code
),

counties as (
    select area_code as county_code from {{ ref("divisions") }} where level = 'county' and area_code = current_code
    union
    select county_code from earlier
    union
    select county_code from by_county
),

today as (
    select
        counties.county_code,
        {{ run_date() }} as on_date,
        coalesce(by_county.open_before, 0) as open_before,
        coalesce(by_county.came, 0) as new,
        coalesce(by_county.cleared, 0) as cleared,
        coalesce(by_county.closed, 0) as closed,
        coalesce(by_county.open_before + by_county.came - by_county.cleared - by_county.closed, 0) as open_now
    from counties
    left join by_county on counties.county_code = by_county.county_code
),

run_days as (
    select * from earlier
    union all
    select * from today
),

beginning as (
    select min(on_date) as first_on from run_days
),

-- On a day that was not run nothing moved.
days as (
    select calendar.day as on_date
    from {{ ref("stg_control__calendar") }} as calendar
    cross join beginning
    where calendar.day >= beginning.first_on and calendar.day <= {{ run_date() }}
),

standing as (
    select
        *,
        lead(on_date) over (partition by county_code order by on_date) as next_run_on
    from run_days
),

final as (
    select
        counties.county_code,
        days.on_date,
        cast(
            coalesce(case when standing.on_date = days.on_date then standing.open_before else standing.open_now end, 0) as integer
        ) as open_before,
        cast(coalesce(case when standing.on_date = days.on_date then standing.new end, 0) as integer) as new,
        cast(coalesce(case when standing.on_date = days.on_date then standing.cleared end, 0) as integer) as cleared,
        cast(coalesce(case when standing.on_date = days.on_date then standing.closed end, 0) as integer) as closed,
        cast(coalesce(standing.open_now, 0) as integer) as open_now
    from counties
    cross join days
    left join standing
        on counties.county_code = standing.county_code
        and days.on_date >= standing.on_date
        and (days.on_date < standing.next_run_on or standing.next_run_on is null)
)

select * from final
