-- One row per rule, subject, program and evaluated day on which it was found, narrow; unbroken runs are numbered.
-- Two findings belong to one run when no evaluated day of the rule lies between them: days on which a rule was not
-- evaluated break nothing.
with findings as (
    select rule_id, subject, coalesce(program, '') as program, on_date, level, amount_cny
    from {{ ref("stg_control__findings") }}
    where on_date < {{ run_date() }}
    union all
    select rule_id, subject, coalesce(program, '') as program, on_date, level, amount_cny
    from {{ ref("int_rules__findings_today") }}
),

days as (
    select * from {{ ref("int_rules__alert_days") }}
),

numbered as (
    select
        findings.*,
        days.next_on,
        case when findings.level = 'inhibited' then 'inhibited' else 'open' end as state,
        days.day_no - row_number() over (
            partition by
                findings.rule_id,
                findings.subject,
                findings.program,
                case when findings.level = 'inhibited' then 'inhibited' else 'open' end
            order by findings.on_date
        ) as run_no
    from findings
    inner join days on findings.rule_id = days.rule_id and findings.on_date = days.on_date
),

final as (
    select
        *,
        lag(level) over (partition by rule_id, subject, program, state, run_no order by on_date) as level_before,
        lag(amount_cny) over (partition by rule_id, subject, program, state, run_no order by on_date) as amount_before_cny
    from numbered
)

select * from final
