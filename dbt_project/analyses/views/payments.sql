-- One row per payment.
with places as (
    select household_key as beneficiary_key, county_code, township_code
    from marts.dim_households
    union all
    select people.person_key as beneficiary_key, households.county_code, people.township_code
    from marts.dim_people as people
    inner join marts.dim_households as households on people.household_key = households.household_key
    where people.person_key <> people.household_key
)

select
    payments.*,
    programmes.programme,
    programmes.unit,
    programmes.name_zh as program_zh,
    programmes.name_en as program_en,
    places.county_code,
    counties.name as county_name,
    places.township_code,
    townships.name as township_name,
    reconciliation.due_cny,
    reconciliation.reason
from marts.fct_payments as payments
left join views.programmes as programmes on payments.program = programmes.program
left join places on payments.beneficiary_key = places.beneficiary_key
left join marts.dim_areas as counties on places.county_code = counties.area_code
left join marts.dim_areas as townships on places.township_code = townships.area_code
left join marts.fct_payment_reconciliation as reconciliation
    on payments.beneficiary_key = reconciliation.beneficiary_key
    and programmes.programme = reconciliation.program
    and payments.period = reconciliation.period
