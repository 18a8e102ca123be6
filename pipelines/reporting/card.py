"""The card of one alert: everything that explains it, put together from what was published.

Belongs here: reading an alert, its evidence and its events, refusing evidence that does not add
up, and finding the words that go with them. Does not belong here: how the card is printed
(`card_text`), and any figure of the alert's own: those stand in its evidence.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from pipelines.contracts.alert_code import is_well_formed, normalised
from pipelines.contracts.policy_areas import areas_in
from pipelines.contracts.sources import load_contracts
from pipelines.reporting.arithmetic import Comparison, Term, faults_of, fold, read_terms
from pipelines.reporting.policy_rows import (
    SHIPPED,
    PolicyRow,
    policy_rows,
    rows_used,
    values_in_force,
)
from pipelines.settings import DBT_PROJECT, REFERENCE, UsageError, WenduError

WORDS = Path(__file__).with_name("names.csv")


class UnexplainedError(WenduError):
    """The stored terms of an alert do not come to its stored number; no card is printed."""


@dataclass(frozen=True)
class Card:
    """One alert, explained.

    `arithmetic` are the terms with a step, `facts` those without, both in stored order;
    `comparisons` is what the arithmetic holds against lines.
    """

    alert: Mapping[str, Any]
    rule: Mapping[str, str]
    area: str
    policy: tuple[PolicyRow, ...]
    arithmetic: tuple[Term, ...]
    facts: tuple[Term, ...]
    comparisons: tuple[Comparison, ...]
    answer_zh: str
    answer_en: str
    events: tuple[Mapping[str, Any], ...]


def read_card(
    connection: duckdb.DuckDBPyConnection, code: str, city_code: str, policy: Path = SHIPPED
) -> Card:
    """The card of the alert with a code.

    Args:
        connection: the published warehouse.
        code: as a person typed it.
        city_code: the city whose policy rows hold where a county has none.
        policy: the folder of the policy rows that the alert was found with.

    Raises:
        UsageError: the code is mistyped, or no alert has it.
        UnexplainedError: the stored terms do not add up.
    """
    alert = find_alert(connection, code)
    terms = read_terms(alert["evidence"])
    faults = faults_of(terms, alert["amount_cny"], alert["ratio_to_standard"])
    if faults:
        raise UnexplainedError(
            f"Alert {alert['alert_id']} is not explained, because its terms do not add up "
            f"({'; '.join(faults)}); report this, and do not act on its numbers."
        )
    areas = areas_in(city_code, alert["county_code"])
    facts = tuple(term for term in terms if not term.step)
    answer = row_of("rule_answers", alert["rule_id"], policy)
    values = plain_values(values_in_force(str(alert["last_seen_on"]), areas, policy))
    return Card(
        alert=alert,
        rule=row_of("rules", alert["rule_id"], policy),
        area=area_of(connection, alert),
        policy=tuple(rows_used(terms, areas, policy)),
        arithmetic=tuple(term for term in terms if term.step),
        facts=facts,
        comparisons=fold(terms).comparisons,
        answer_zh=answer.get("clears_when_zh", "").format_map(values),
        answer_en=answer.get("clears_when_en", "").format_map(values),
        events=tuple(
            rows_of(
                connection,
                "select event, on_date, detail from fct_alert_events where alert_id = ? "
                "order by on_date, event",
                [alert["alert_id"]],
            )
        ),
    )


def find_alert(connection: duckdb.DuckDBPyConnection, code: str) -> dict[str, Any]:
    """The published row of an alert."""
    meant = normalised(code)
    if not is_well_formed(meant):
        raise UsageError(
            f"{code!r} is no alert's code: its check character does not fit; "
            "type it again as it stands on the list, A and eleven characters."
        )
    found = rows_of(connection, "select * from fct_alerts where alert_id = ?", [meant])
    if not found:
        drawn = "select code from quality_audit_sample where code = ?"
        if rows_of(connection, drawn, [meant]):
            raise UsageError(
                f"{meant} is no alert: the household was drawn by lot, so that what the rules miss "
                "can be told; its row is in quality_audit_sample."
            )
        raise UsageError(
            f"No alert {meant} is published; look for it with "
            '`wendu sql "select alert_id from fct_alerts"`.'
        )
    return found[0]


def rows_of(
    connection: duckdb.DuckDBPyConnection, query: str, arguments: list[Any]
) -> list[dict[str, Any]]:
    """The rows of a query, by column."""
    answer = connection.execute(query, arguments)
    columns = [column[0] for column in answer.description]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


def outcome_name(outcome: str, language: str) -> str:
    """What the analysts call the outcome of a visit; its plain name where they have no row."""
    named = {row["outcome"]: row[f"name_{language}"] for row in policy_rows("outcomes")}
    return named.get(outcome, outcome.replace("_", " "))


def row_of(table: str, rule_id: str, folder: Path) -> Mapping[str, str]:
    """A rule's row of a policy file; empty where it has none."""
    return next((row for row in policy_rows(table, folder) if row["rule_id"] == rule_id), {})


def area_of(connection: duckdb.DuckDBPyConnection, alert: Mapping[str, Any]) -> str:
    """County, township and village by name, with the most exact code."""
    codes = [alert["county_code"], alert["township_code"], alert["area_code"]]
    known = {
        row["area_code"]: row["name"]
        for row in rows_of(
            connection,
            "select area_code, name from dim_areas where area_code in (?, ?, ?) "
            "and valid_to is null",
            codes,
        )
    }
    places = dict.fromkeys(code for code in codes if code)
    named = " ".join(known[code] for code in places if code in known)
    return f"{named} {list(places)[-1]}".strip()


def plain_values(values: Mapping[str, str]) -> dict[str, str]:
    """Values as they are written in a sentence: without idle zeros."""
    return {
        name: value.rstrip("0").rstrip(".") if "." in value else value
        for name, value in values.items()
    }


@cache
def words() -> Mapping[tuple[str, str], Mapping[str, str]]:
    """What the card calls things, by kind and name, in both languages."""
    with WORDS.open(encoding="utf-8", newline="") as file:
        return {(row["kind"], row["name"]): row for row in csv.DictReader(file)}


def field_name(term: Term, language: str) -> str:
    """What a term's field is called; its plain name where nobody has named it."""
    known = named_field(term)
    return known[language] if known else term.field.removesuffix("_cny").replace("_", " ")


def named_field(term: Term) -> Mapping[str, str] | None:
    """A field's name in both languages: our own word, a programme's, else the department's."""
    if (known := words().get(("field", term.field))) is not None:
        return known
    plain = term.field.removesuffix("_cny")
    for row in policy_rows("programme_names", DBT_PROJECT / REFERENCE):
        if plain == f"paid_{row['programme']}":
            return {"zh": f"实发{row['name_zh']}", "en": f"Paid: {row['name_en']}"}
    department, _, table = term.source.partition(".")
    contract = load_contracts().get((department, table))
    columns = contract.columns if contract else {}
    for column in (term.field, plain):
        if column in columns:
            return {"zh": columns[column].zh, "en": column.replace("_", " ")}
    return None
