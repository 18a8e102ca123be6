-- One row per county, rule family and day run so far: open clues to people entitled and not helped, and to people paid and not
-- entitled. Alerts of offices and of terms stand for neither. A day's counts never change afterwards.
with alerts as (
    select rule_id, county_code, amount_cny from {{ ref("int_rules__alerts") }}
    where status = 'open'
),

earlier as (
    select * from {{ ref("stg_control__both_errors") }} where on_date < {{ run_date() }}
),

rule_answers as (
    select * from {{ ref("rule_answers") }}
),

counties as (
    select area_code as county_code from {{ ref("divisions") }}
    where level = 'county' and area_code = current_code
    union
    select county_code from alerts
),

families as (
    select distinct family from rule_answers
    where error <> 'none'
),

sided as (
    select
        alerts.county_code,
        rule_answers.family,
        abs(alerts.amount_cny) as amount_cny,
        case
            when rule_answers.error <> 'by_amount' then rule_answers.error
            when alerts.amount_cny > 0 then 'exclusion'
            when alerts.amount_cny < 0 then 'leakage'
        end as error
    from alerts
    inner join rule_answers on alerts.rule_id = rule_answers.rule_id
),

counted as (
    select
        county_code,
        family,
        sum(case when error = 'exclusion' then 1 else 0 end) as exclusion_cases,
        sum(case when error = 'exclusion' then amount_cny end) as exclusion_cny,
        sum(case when error = 'leakage' then 1 else 0 end) as leakage_cases,
        sum(case when error = 'leakage' then amount_cny end) as leakage_cny
    from sided
    group by county_code, family
),

-- No case is an amount of zero; cases whose amounts nobody knows are an unknown one.
today as (
    select
        counties.county_code,
        {{ run_date() }} as on_date,
        families.family as rule_family,
        cast(coalesce(counted.exclusion_cases, 0) as bigint) as exclusion_cases,
        cast(case when coalesce(counted.exclusion_cases, 0) = 0 then 0 else counted.exclusion_cny end as decimal(18, 2))
            as exclusion_cny,
        cast(coalesce(counted.leakage_cases, 0) as bigint) as leakage_cases,
        cast(case when coalesce(counted.leakage_cases, 0) = 0 then 0 else counted.leakage_cny end as decimal(18, 2))
            as leakage_cny
    from counties
    cross join families
    left join counted on counties.county_code = counted.county_code and families.family = counted.family
),

final as (
    select * from today
    union all
    select * from earlier
)

select * from final
