-- One row per household with a member on the public payroll whose recomputed income reaches the line of its category (R02).
{{ income_above_line("R02", ["dibao", "tekun", "marginal"], has_payroll=true, has_yellow=false) }}
