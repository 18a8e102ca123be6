-- One row per alert, event and day run so far; a day's events never change afterwards.
with alerts as (
    select * from {{ ref("int_rules__alerts") }}
),

by_people as (
    select
        alert_id,
        event_of_people as event,
        case
            when event_of_people = 'released' then 'signed for, hold ' || hold_id
            when signal_of_people = 'disputed' then 'replies of one visit disagree'
            else 'outcome ' || new_outcome
        end as detail
    from alerts
    where event_of_people is not null
),

by_day as (
    select
        alert_id,
        event_of_day as event,
        case
            when event_of_day in ('opened', 'reopened', 'released') then 'level ' || level
            when event_of_day = 'held' then 'level ' || level || ', hold ' || hold_id
            when event_of_day = 'inhibited' then 'answered by cover, help or death'
            else 'evaluated, and the condition no longer holds'
        end as detail
    from alerts
    where event_of_day is not null
),

added as (
    select
        alert_id,
        'evidence_added' as event,
        concat_ws(
            '; ',
            case when level <> level_before then 'level ' || level_before || ' to ' || level end,
            case when amount_cny is distinct from amount_before_cny
                then 'amount ' || coalesce({{ yuan("amount_before_cny") }}, 'unknown')
                    || ' to ' || coalesce({{ yuan("amount_cny") }}, 'unknown')
            end,
            case when is_evidence_new then 'new evidence' end,
            case when has_moved then 'moved from ' || coalesce(township_code_before, county_code_before, 'unknown') end
        ) as detail
    from (
        select
            *,
            (county_code <> county_code_before or township_code is distinct from township_code_before) as has_moved
        from alerts
        where status = 'open' and event_of_day is null and signal in ('found', 'found_urgent', 'found_in_flood')
    ) as found_again
    where level <> level_before or amount_cny is distinct from amount_before_cny or is_evidence_new or has_moved
),

delivered as (
    select
        alert_id,
        'delivered' as event,
        'on the list of ' || cast(new_delivered_on as varchar) as detail
    from alerts
    where is_newly_delivered
),

today as (
    select * from by_people
    union all
    select * from by_day
    union all
    select * from added
    union all
    select * from delivered
),

final as (
    select
        alert_id,
        event,
        {{ run_date() }} as on_date,
        detail
    from today
    union all
    select
        alert_id,
        event,
        on_date,
        detail
    from {{ ref("stg_control__alert_events") }}
    where on_date < {{ run_date() }}
)

select * from final
