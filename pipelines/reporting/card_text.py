"""How the card of an alert is printed, in Chinese or English, or told to a program.

Only words and layout; everything said stands in the card.
"""

import json
import re
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipelines.reporting.arithmetic import Comparison, Term
from pipelines.reporting.card import Card, field_name, outcome_name, plain_values, words
from pipelines.reporting.policy_rows import PolicyRow

MEASURED = ("yuan", "yuan_a_month", "yuan_a_year", "ratio", "share")
"""Units whose numbers keep their decimals; others are counts."""


def render_card(card: Card, language: str = "zh") -> Group:
    """The card for a terminal.

    Args:
        card: what to print.
        language: `zh` or `en`; legal references and what is not known stay Chinese.
    """
    alert = card.alert
    rule_name = card.rule.get(f"name_{language}", "")
    head = Table.grid(padding=(0, 2))
    for name, told in (
        ("code", f"{alert['alert_id']}  {alert['rule_id']} {rule_name}"),
        ("level", word("level_of_alert", alert["level"], language)),
        ("lane", word("lane", alert["lane"], language)),
        ("status", word("status", alert["status"], language)),
        ("subject", f"{word('subject', alert['unit'], language)} {alert['subject']}"),
        ("area", area(card, language)),
        ("seen", f"{alert['first_seen_on']} – {alert['last_seen_on']}"),
        ("due", due(card, language)),
    ):
        head.add_row(Text(title(name, language), style="bold"), Text(told))
    sections: list[RenderableType] = [head]
    action = alert["action_zh"] if language == "zh" else card.rule.get("action_en", "")
    for name, body in (
        ("reason", Text(alert[f"reason_{language}"])),
        ("clause", Text(alert["legal_reference"])),
        ("policy", policy_table(card, language)),
        ("arithmetic", terms_table(card.arithmetic, language)),
        ("distance", Text("\n".join(distances(card, language)))),
        ("facts", terms_table(card.facts, language)),
        ("unknown", Text(alert["unknown_zh"] or "–")),
        ("answer", Text(card.answer_zh if language == "zh" else card.answer_en)),
        ("events", events_table(card, language)),
        ("action", Text(action)),
    ):
        if not (isinstance(body, Table) and not body.row_count):
            sections += [Text(""), Text(title(name, language), style="bold")]
            sections.append(Padding(body, (0, 0, 0, 2), expand=False))
    return Group(*sections)


def terms_table(terms: tuple[Term, ...], language: str) -> Table:
    """One line per term: sign, value, unit, what it is, and the row it comes from."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for place, term in enumerate(terms):
        if place and term.step == "start":
            table.add_row("")
        sign = word("step", term.step, language) if term.step else ""
        table.add_row(
            *(
                Text(told)
                for told in (
                    sign,
                    said(term, language),
                    word("unit", term.unit, language) if term.unit else "",
                    field_name(term, language),
                    f"{term.source} {term.key or ''}".strip(),
                    f"{title('as_of', language)} {term.as_of}" if term.as_of else "",
                )
            )
        )
    return table


def policy_table(card: Card, language: str) -> Table:
    """The policy rows: name, value, since when, on what basis."""
    table = Table.grid(padding=(0, 2))
    for row in card.policy:
        table.add_row(*(Text(told) for told in policy_line(row, language)))
    return table


def policy_line(row: PolicyRow, language: str) -> tuple[str, ...]:
    """One policy row in words."""
    if not row.is_known:
        return (f"{row.table} {row.key}", "", title("not_in_force", language), "")
    value = plain_values({"": row.value})[""] if row.value else ""
    unit = word("unit", row.unit.removesuffix("_a_month"), language) if row.unit else ""
    reference = word("reference", row.reference, language, plain=row.reference or "")
    default = title("default", language) if row.is_default else ""
    return (
        f"{row.table} {row.key}",
        f"{value} {unit}".strip(),
        row.effective_from or "",
        f"{reference}{default}",
    )


def distances(card: Card, language: str) -> list[str]:
    """How far each result lies from the line it is held against, in the unit of both."""
    if card.comparisons:
        return [distance(compared, language) for compared in card.comparisons]
    if card.alert["amount_cny"] is not None:
        return [f"{title('in_sum', language)} {grouped(card.alert['amount_cny'])} {yuan(language)}"]
    return [title("no_line", language)]


def distance(compared: Comparison, language: str) -> str:
    """One comparison in words."""
    side = "on" if not compared.distance else "above" if compared.distance > 0 else "below"
    unit = word("unit", compared.unit, language) if compared.unit else ""
    return " ".join(
        filter(
            None,
            [
                f"{grouped(compared.result)} – {grouped(compared.line)}",
                f"= {grouped(compared.distance)}",
                unit,
                title(side, language),
            ],
        )
    )


def events_table(card: Card, language: str) -> Table:
    """What happened to the alert, day by day."""
    table = Table.grid(padding=(0, 2))
    for event in card.events:
        told = (
            str(event["on_date"]),
            word("event", event["event"], language),
            event_detail(event["detail"] or "", language),
        )
        table.add_row(*(Text(text) for text in told))
    return table


def event_detail(detail: str, language: str) -> str:
    """What the event says of itself, which the warehouse writes as short English phrases."""
    told = [phrase(part, language) for part in detail.split("; ")]
    return title("between_phrases", language).join(told)


def phrase(written: str, language: str) -> str:
    """One phrase of an event, by the pattern in `names.csv` that it follows; else as it is."""
    for (kind, pattern), known in words().items():
        if kind == "detail":
            found = re.fullmatch(
                re.sub(r"\\{(\w+)\\}", r"(?P<\1>\\S+)", re.escape(pattern)), written
            )
            if found:
                parts = {
                    name: phrase_part(name, value, language)
                    for name, value in found.groupdict().items()
                }
                return known[language].format_map(parts)
    return written


def phrase_part(name: str, value: str, language: str) -> str:
    """A level or an outcome within a phrase by its name; a day, hold or amount as it is."""
    if name.startswith("level"):
        return word("level_of_alert", value, language)
    if name == "outcome":
        return outcome_name(value, language)
    return word("value", value, language, plain=value)


def area(card: Card, language: str) -> str:
    """Where the alert is; in words where no register tells."""
    return word("area", card.area, language, plain=card.area)


def due(card: Card, language: str) -> str:
    """Until when, and how many working days that leaves."""
    left = card.alert["days_left"]
    told = "" if left is None else f"  {title('days_left', language)} {left}"
    return f"{card.alert['due_on'] or '–'}{told}"


def said(term: Term, language: str) -> str:
    """A term's value as it is read: yes, no and named values in words, numbers grouped."""
    if term.value in ("true", "false"):
        return title(term.value, language)
    if term.unit and term.number is not None:
        if term.step == "result":  # as it is stored, to the last decimal
            return f"{term.number:,f}"
        return grouped(term.number) if term.unit in MEASURED else count(term.number)
    return "–" if term.value is None else word("value", term.value, language, plain=term.value)


def grouped(number: Decimal) -> str:
    """A number with its decimals, idle zeros beyond two of them dropped."""
    text = f"{number:,f}"
    whole, point, decimals = text.partition(".")
    kept = decimals[:2] + decimals[2:].rstrip("0")
    return f"{whole}{point}{kept}"


def count(number: Decimal) -> str:
    """A counted number, without idle zeros."""
    whole, point, decimals = f"{number:,f}".partition(".")
    kept = decimals.rstrip("0")
    return f"{whole}{point}{kept}" if kept else whole


def yuan(language: str) -> str:
    """The word for yuan."""
    return word("unit", "yuan", language)


def title(name: str, language: str) -> str:
    """A heading or small word of the card."""
    return word("title", name, language)


def word(kind: str, name: str | None, language: str, plain: str | None = None) -> str:
    """What something is called; `plain`, or its name in spaced words, where nobody has named it."""
    known = words().get((kind, name or ""))
    if known is not None:
        return known[language]
    return (name or "").replace("_", " ") if plain is None else plain


def card_as_json(card: Card) -> str:
    """The card for a program."""
    told: dict[str, Any] = asdict(card)
    told["comparisons"] = [
        asdict(compared) | {"distance": compared.distance} for compared in card.comparisons
    ]
    del told["alert"]["evidence"]
    return json.dumps(told, ensure_ascii=False, default=str, indent=1)
