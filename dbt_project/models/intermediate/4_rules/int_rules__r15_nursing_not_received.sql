-- One row per living person to whom the nursing allowance was due and not paid in the last checkable months (R15).
{{ allowance_not_received(
    rule_id="R15",
    programme="nursing",
    needed_months=parameter("r15_months_not_received"),
    name_zh="重度残疾人护理补贴",
    name_en="nursing allowance",
    is_answered_by_tekun=false,
) }}
