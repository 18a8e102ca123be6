-- One row per household with nobody on the public payroll whose recomputed income reaches or nears the line (R04).
{{ income_above_line(
    rule_id="R04",
    categories=["dibao", "marginal"],
    has_payroll=false,
    leave_multiple="r04_leave_multiple",
    yellow_multiple="r04_yellow_multiple",
) }}
