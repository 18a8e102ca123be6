-- One row per household with a member on the public payroll whose recomputed income reaches the line of its category (R02).
{{ income_above_line(
    rule_id="R02",
    categories=["dibao", "tekun", "marginal"],
    has_payroll=true,
    leave_multiple="r02_leave_multiple",
) }}
