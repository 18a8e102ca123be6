-- One row per living person to whom the living allowance was due and not paid in the last checkable months (R16).
{{ allowance_not_received(
    rule_id="R16",
    programme="living",
    needed_months=parameter("r16_months_not_received"),
    name_zh="困难残疾人生活补贴",
    name_en="living allowance",
    is_answered_by_tekun=true,
) }}
