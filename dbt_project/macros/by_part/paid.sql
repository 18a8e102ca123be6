{#
    One row per beneficiary, entitled programme and window month in which the ledger has a row.
    Narrow: payment numbers and names are looked up where a rule names a month.
    Few rows are late, taken back or failed: what is asked of them is counted of them alone. The ledger is read twice, each
    time with its filter: an engine writes out whatever is read twice by one name.
#}
{% macro paid_of_part(part) -%}
{% set beneficiary = belongs_to("ledger", "payee_households", "programmes") %}
with programmes as (
    select * from {{ numbered_programmes() }} as programmes
),

payee_households as (
    select * from {{ in_part("payees", part) }}
),

months as (
    select * from {{ ref("int_measures__months") }}
),

paid as (
    select
        {{ beneficiary }} as benefit_month_no,
        cast(sum(case when ledger.is_successful then ledger.amount_cny else 0 end) as decimal(18, 2)) as paid_cny,
        max(case when ledger.is_successful and ledger.amount_cny > 0 then ledger.paid_on end) as last_paid_on
    from {{ in_part("ledger", part) }} as ledger
    inner join months on ledger.month_on = months.month_on
    inner join programmes on ledger.program_no = programmes.program_no
    left join payee_households
        on ledger.benefit_month_no is null
        and ledger.person_id = payee_households.person_id
        and ledger.month_on = payee_households.month_on
    group by {{ beneficiary }}
),

out_of_order as (
    select
        {{ beneficiary }} as benefit_month_no,
        cast(sum(
            case when ledger.is_successful and ledger.paid_on > months.last_day_in_time_on then ledger.amount_cny else 0 end
        ) as decimal(18, 2)) as paid_late_cny,
        cast(sum(
            case when ledger.is_successful and ledger.amount_cny < 0 then -ledger.amount_cny else 0 end
        ) as decimal(18, 2)) as recovered_cny,
        cast(count(case when not ledger.is_successful then 1 end) as integer) as failed_rows
    from {{ in_part("ledger", part) }} as ledger
    inner join months on ledger.month_on = months.month_on
    inner join programmes on ledger.program_no = programmes.program_no
    left join payee_households
        on ledger.benefit_month_no is null
        and ledger.person_id = payee_households.person_id
        and ledger.month_on = payee_households.month_on
    where ledger.paid_on > months.last_day_in_time_on or ledger.amount_cny < 0 or not ledger.is_successful
    group by {{ beneficiary }}
),

final as (
    select
        paid.benefit_month_no,
        paid.paid_cny,
        coalesce(out_of_order.paid_late_cny, 0) as paid_late_cny,
        coalesce(out_of_order.recovered_cny, 0) as recovered_cny,
        coalesce(out_of_order.failed_rows, 0) as failed_rows,
        paid.last_paid_on
    from paid
    left join out_of_order on paid.benefit_month_no = out_of_order.benefit_month_no
)

select * from final
{%- endmacro %}
