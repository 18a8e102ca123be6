{#
    One row per beneficiary, entitled programme and window month in which something is due, unknown or in the ledger.
    Nothing is due where no entitlement is known; only what a household never on the roll was due before the first roll was
    received is not known either.
#}
{% macro reconciliation_of_part(part) -%}
with entitlements as (
    select * from {{ in_part("entitlements", part) }}
),

paid as (
    select * from {{ in_part("paid", part) }}
),

households_on_roll as (
    select * from {{ in_part("roll", part) }}
),

first_roll as (
    select first_received_on from {{ ref("int_measures__first_roll") }}
),

months as (
    select
        months.month_on,
        {{ month_no("months.month_on") }} as month_no,
        coalesce(months.month_end_on < first_roll.first_received_on, true) as is_before_first_roll
    from {{ ref("int_measures__months") }} as months
    cross join first_roll
),

programme_numbers as (
    select * from {{ programme_numbers() }} as programme_numbers
),

side_by_side as (
    select
        coalesce(entitlements.benefit_month_no, paid.benefit_month_no) as benefit_month_no,
        entitlements.benefit_month_no is not null as is_entitled,
        entitlements.amount_due_cny,
        entitlements.standard_no,
        coalesce(paid.paid_cny, 0) as paid_cny,
        coalesce(paid.paid_late_cny, 0) as paid_late_cny,
        coalesce(paid.failed_rows, 0) as failed_rows,
        coalesce(paid.recovered_cny, 0) as recovered_cny,
        paid.last_paid_on
    from entitlements
    full outer join paid on entitlements.benefit_month_no = paid.benefit_month_no
),

named as (
    select
        side_by_side.*,
        {{ is_household_of("side_by_side.benefit_month_no") }} as is_household,
        {{ beneficiary_id_of("side_by_side.benefit_month_no") }} as beneficiary_id,
        programme_numbers.programme,
        months.month_on,
        months.is_before_first_roll
    from side_by_side
    inner join programme_numbers
        on {{ programme_no_of("side_by_side.benefit_month_no") }} = programme_numbers.programme_no
    inner join months on {{ month_no_of("side_by_side.benefit_month_no") }} = months.month_no
),

known as (
    select
        named.*,
        case
            when named.is_entitled then named.amount_due_cny
            when named.programme = 'dibao' and named.is_before_first_roll and households_on_roll.household_id is null then null
            else 0
        end as due_cny
    from named
    left join households_on_roll
        on not named.is_entitled
        and named.is_household
        and named.beneficiary_id = households_on_roll.household_id
),

final as (
    select
        case when is_household then 'household' else 'person' end as unit,
        beneficiary_id,
        programme,
        month_on,
        due_cny,
        paid_cny,
        due_cny - paid_cny as difference_cny,
        paid_late_cny,
        failed_rows,
        recovered_cny,
        last_paid_on,
        standard_no
    from known
)

select * from final
{%- endmacro %}
