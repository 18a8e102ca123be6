-- One row per county and day run so far: open before + new - cleared - closed = open now.
-- An alert counts in the county it belongs to now, on all days; inhibited ones leave as cleared ones do.
with runs as (
    select * from {{ ref("int_rules__alert_runs") }} where state = 'open'
),

alerts as (
    select rule_id, subject, coalesce(program, '') as program, county_code from {{ ref("int_rules__alerts") }}
),

days as (
    select on_date from {{ ref("stg_control__evaluations") }} where on_date < {{ run_date() }}
    union
    select {{ run_date() }} as on_date
),

counties as (
    select area_code as county_code from {{ ref("divisions") }} where level = 'county' and area_code = current_code
    union
    select county_code from alerts
),

movements as (
    select alerts.county_code, runs.first_on as on_date, 1 as opened, 0 as cleared
    from runs
    inner join alerts
        on runs.rule_id = alerts.rule_id and runs.subject = alerts.subject and runs.program = alerts.program
    union all
    select alerts.county_code, runs.ended_on as on_date, 0 as opened, 1 as cleared
    from runs
    inner join alerts
        on runs.rule_id = alerts.rule_id and runs.subject = alerts.subject and runs.program = alerts.program
    where runs.ended_on is not null
),

by_day as (
    select
        county_code,
        on_date,
        sum(opened) as opened,
        sum(cleared) as cleared
    from movements
    group by county_code, on_date
),

balanced as (
    select
        counties.county_code,
        days.on_date,
        coalesce(by_day.opened, 0) as opened,
        coalesce(by_day.cleared, 0) as cleared,
        sum(coalesce(by_day.opened, 0) - coalesce(by_day.cleared, 0)) over (
            partition by counties.county_code order by days.on_date
        ) as open_now
    from counties
    cross join days
    left join by_day on counties.county_code = by_day.county_code and days.on_date = by_day.on_date
),

final as (
    select
        county_code,
        on_date,
        cast(open_now - opened + cleared as integer) as open_before,
        cast(opened as integer) as new,
        cast(cleared as integer) as cleared,
        cast(0 as integer) as closed,
        cast(open_now as integer) as open_now
    from balanced
)

select * from final
