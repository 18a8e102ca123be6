-- One row per county, programme with an entitlement and window month: sums of what was due, paid, paid late and allocated.
-- Where what is due is not known it is left out of the comparison of due and paid, and so is what was paid for it.
with reconciliation as {{ read_anew() }} (
    select * from {{ ref("int_measures__reconciliation") }}
),

households as (
    select household_id, county_code from {{ ref("int_people__households") }}
),

residence as (
    select person_id, county_code from {{ ref("int_people__residence") }}
),

months as (
    select * from {{ ref("int_measures__months") }} where is_in_window
),

programmes as (
    select program, programme from {{ ref("programmes") }} where has_entitlement
),

divisions as (
    select area_code, current_code from {{ ref("divisions") }}
),

-- A beneficiary is looked for in one register alone.
located as (
    select
        households.county_code,
        reconciliation.*
    from reconciliation
    left join households on reconciliation.beneficiary_id = households.household_id
    where reconciliation.unit = 'household'
    union all
    select
        residence.county_code,
        reconciliation.*
    from reconciliation
    left join residence on reconciliation.beneficiary_id = residence.person_id
    where reconciliation.unit = 'person'
),

paid_and_due as (
    select
        coalesce(county_code, 'unknown') as county_code,
        programme,
        month_on,
        sum(paid_cny) as paid_cny,
        sum(paid_late_cny) as paid_late_cny,
        sum(due_cny) as due_cny,
        sum(case when due_cny is not null then paid_cny end) as paid_where_due_known_cny
    from located
    group by coalesce(county_code, 'unknown'), programme, month_on
),

allocated as (
    select
        coalesce(divisions.current_code, substr(allocations.area_code, 1, 6)) as county_code,
        programmes.programme,
        allocations.period as month_on,
        sum(allocations.amount_cny) as allocated_cny,
        case when count(*) = 1 then min(allocations.allocation_no) end as allocation_no
    from {{ ref("stg_finance__allocations") }} as allocations
    inner join months on allocations.period = months.month_on
    inner join programmes on allocations.program = programmes.program
    left join divisions on substr(allocations.area_code, 1, 6) = divisions.area_code
    where allocations.known_until_on is null
    group by coalesce(divisions.current_code, substr(allocations.area_code, 1, 6)), programmes.programme, allocations.period
),

final as (
    select
        coalesce(paid_and_due.county_code, allocated.county_code) as county_code,
        coalesce(paid_and_due.programme, allocated.programme) as programme,
        coalesce(paid_and_due.month_on, allocated.month_on) as month_on,
        coalesce(paid_and_due.paid_cny, 0) as paid_cny,
        coalesce(paid_and_due.paid_late_cny, 0) as paid_late_cny,
        coalesce(paid_and_due.due_cny, 0) as due_cny,
        coalesce(paid_and_due.paid_where_due_known_cny, 0) as paid_where_due_known_cny,
        coalesce(allocated.allocated_cny, 0) as allocated_cny,
        allocated.allocation_no
    from paid_and_due
    full outer join allocated
        on paid_and_due.county_code = allocated.county_code
        and paid_and_due.programme = allocated.programme
        and paid_and_due.month_on = allocated.month_on
)

select * from final
