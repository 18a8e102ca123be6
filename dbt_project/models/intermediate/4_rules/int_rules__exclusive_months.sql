-- One row per person, pair of programmes that exclude each other, and window month in which both were paid (R03).
-- Review lane: the names on the two programmes' payments agree, or one is missing.
with months as (
    select month_on from {{ ref("int_measures__months") }} where is_in_window
),

pairs as (
    select * from {{ ref("exclusive_benefits") }} where compared = 'payments'
),

paid as (
    select * from {{ ref("int_rules__named_months") }}
    where unit = 'person' and paid_cny > 0 and not has_name_conflict
),

firsts as (
    select
        paid.*,
        pairs.excluded_programme
    from paid
    inner join pairs on paid.programme = pairs.programme and paid.month_on >= pairs.effective_from
    inner join months on paid.month_on = months.month_on
),

final as (
    select
        firsts.beneficiary_id as person_id,
        firsts.month_on,
        firsts.programme,
        firsts.excluded_programme,
        firsts.paid_cny,
        other.paid_cny as excluded_paid_cny,
        firsts.first_payment_no,
        other.first_payment_no as excluded_first_payment_no,
        firsts.last_paid_on,
        other.last_paid_on as excluded_last_paid_on
    from firsts
    inner join paid as other
        on firsts.beneficiary_id = other.beneficiary_id
        and firsts.month_on = other.month_on
        and firsts.excluded_programme = other.programme
    where firsts.name_key = other.name_key or firsts.name_key is null or other.name_key is null
)

select * from final
