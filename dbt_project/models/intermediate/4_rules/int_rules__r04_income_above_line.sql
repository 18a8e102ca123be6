-- One row per household with nobody on the public payroll whose recomputed income reaches or nears the line (R04).
{{ income_above_line("R04", ["dibao", "marginal"], has_payroll=false, has_yellow=true) }}
