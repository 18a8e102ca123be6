-- One row per beneficiary, programme and month with a failed payment not re-issued in time (R29).
with failed_payments as (
    select * from {{ ref("int_measures__ledger") }}
    where not is_successful and paid_on < {{ add_days(run_date(), "-" ~ parameter("r29_reissue_days")) }}
),

programmes as (
    select * from {{ numbered_programmes() }} as programmes
),

payee_households as (
    select * from {{ ref("int_measures__payee_households") }}
),

-- Dibao belongs to the household named, else to the payee's of the month, else to the payee.
named as (
    select
        {{ belongs_to("failed_payments", "payee_households", "programmes") }} as benefit_month_no,
        failed_payments.payment_no,
        failed_payments.month_on,
        failed_payments.amount_cny,
        failed_payments.paid_on,
        programmes.programme
    from failed_payments
    inner join programmes on failed_payments.program_no = programmes.program_no
    left join payee_households
        on failed_payments.benefit_month_no is null
        and failed_payments.person_id = payee_households.person_id
        and failed_payments.month_on = payee_households.month_on
),

failed as (
    select
        benefit_month_no,
        programme,
        month_on,
        min(payment_no) as payment_no,
        max(amount_cny) as amount_cny,
        max(paid_on) as attempted_on
    from named
    group by benefit_month_no, programme, month_on
),

-- Nearly every payment has its number; the others ask to whom they belong.
paid_instead as (
    select ledger.benefit_month_no
    from {{ ref("int_measures__ledger") }} as ledger
    inner join failed on ledger.benefit_month_no = failed.benefit_month_no
    where ledger.is_successful and ledger.amount_cny > 0
    union
    select failed.benefit_month_no
    from {{ ref("int_measures__ledger") }} as ledger
    inner join programmes on ledger.program_no = programmes.program_no
    left join payee_households
        on ledger.person_id = payee_households.person_id
        and ledger.month_on = payee_households.month_on
    inner join failed on {{ belongs_to("ledger", "payee_households", "programmes") }} = failed.benefit_month_no
    where ledger.is_successful and ledger.amount_cny > 0 and ledger.benefit_month_no is null
),

final as (
    select
        case when {{ is_household_of("failed.benefit_month_no") }} then 'household' else 'person' end as unit,
        {{ beneficiary_id_of("failed.benefit_month_no") }} as beneficiary_id,
        failed.programme,
        failed.month_on,
        failed.payment_no,
        failed.amount_cny,
        failed.attempted_on
    from failed
    left join paid_instead on failed.benefit_month_no = paid_instead.benefit_month_no
    where paid_instead.benefit_month_no is null
)

select * from final
