-- One row per beneficiary, and reason for which the window's months may have its payments named: what was due differs from what
-- was paid, or may ("differs"); programmes that exclude each other were paid ("pair"); the nursing allowance was paid ("nursing",
-- of which whoever is supported in an institution is asked).
-- Apart from the payments themselves: they are more every few days, what was due and paid in the window changes seldom.
with reconciliation as (
    select * from {{ ref("int_measures__reconciliation") }}
),

pairs as (
    select * from {{ ref("exclusive_benefits") }} where compared = 'payments'
),

paid_to_persons as (
    select
        beneficiary_id,
        programme
    from reconciliation
    where unit = 'person' and paid_cny + recovered_cny > 0
),

paid_one_of_a_pair as (
    select distinct
        paid_to_persons.beneficiary_id,
        pairs.excluded_programme
    from paid_to_persons
    inner join pairs on paid_to_persons.programme = pairs.programme
),

final as (
    select
        unit,
        beneficiary_id,
        'differs' as reason
    from reconciliation
    where due_cny <> paid_cny or due_cny is null and unit = 'person' and paid_cny > 0
    union
    select
        'person' as unit,
        beneficiary_id,
        'nursing' as reason
    from paid_to_persons
    where programme = 'nursing'
    union
    select
        'person' as unit,
        paid_to_persons.beneficiary_id,
        'pair' as reason
    from paid_to_persons
    inner join paid_one_of_a_pair
        on paid_to_persons.beneficiary_id = paid_one_of_a_pair.beneficiary_id
        and paid_to_persons.programme = paid_one_of_a_pair.excluded_programme
)

select * from final
