"""The policy rows that an alert's evidence names: value, since when, on what basis.

Reads a folder of policy rows as it stands. Does not belong here: choosing the row a rule computes
with (the warehouse does); rows are only looked up again by the key and day the evidence names.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.contracts.policy_areas import EVERYWHERE
from pipelines.reporting.arithmetic import Term
from pipelines.settings import DBT_PROJECT, POLICY

SHIPPED = DBT_PROJECT / POLICY


@dataclass(frozen=True)
class PolicyRow:
    """A row of the policy as the card prints it."""

    table: str
    key: str
    value: str | None
    unit: str | None
    effective_from: str | None
    reference: str | None
    is_default: bool
    is_known: bool = True


def rows_used(
    terms: Sequence[Term], areas: Sequence[str], folder: Path = SHIPPED
) -> list[PolicyRow]:
    """The policy rows behind the terms, each once, in reading order; rules themselves left out.

    A term without a key rests on no row: nothing is due where nobody is entitled.
    """
    named = {
        (term.source.removeprefix("policy."), term.key): term.as_of or ""
        for term in terms
        if term.source.startswith("policy.") and term.source != "policy.rules" and term.key
    }
    return [look_up(table, key, as_of, areas, folder) for (table, key), as_of in named.items()]


def look_up(
    table: str, key: str, as_of: str, areas: Sequence[str], folder: Path = SHIPPED
) -> PolicyRow:
    """The row that a term names; without value and reference where no row is in force."""
    names = NAMES.get(table, _first_column)
    candidates = [
        row
        for row in policy_rows(table, folder)
        if names(row) == key
        and (row.get("area_code") or EVERYWHERE) in areas
        and (row.get("effective_from") or "") <= as_of
    ]
    if not candidates:
        return PolicyRow(table, key, None, None, None, None, is_default=False, is_known=False)
    row = max(
        candidates,
        key=lambda row: (
            -areas.index(row.get("area_code") or EVERYWHERE),
            row.get("effective_from") or "",
        ),
    )
    return PolicyRow(
        table=table,
        key=key,
        value=row.get("value") or row.get("amount"),
        unit="_a_".join(filter(None, [row.get("unit"), row.get("period")])) or None,
        effective_from=row.get("effective_from"),
        reference=row.get("reference"),
        is_default=row.get("is_default") == "true",
    )


@cache
def policy_rows(table: str, folder: Path = SHIPPED) -> tuple[Mapping[str, str], ...]:
    """The rows of one policy file as text; none where there is no such file."""
    path = folder / f"{table}.csv"
    if not path.exists():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def values_in_force(as_of: str, areas: Sequence[str], folder: Path = SHIPPED) -> dict[str, str]:
    """The value of every parameter in force on a day."""
    names = {row["name"] for row in policy_rows("parameters", folder)}
    found = {name: look_up("parameters", name, as_of, areas, folder).value for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _first_column(row: Mapping[str, str]) -> str:
    return next(iter(row.values()))


def _standard_version(row: Mapping[str, str]) -> str:
    parts = ("programme", "residence", "class", "area_code", "effective_from")
    return " ".join(row[part] for part in parts if row[part])


NAMES: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "assistance_standards": _standard_version,
    "exclusive_benefits": lambda row: f"{row['programme']}+{row['excluded_programme']}",
}
"""How the evidence names a row, where it is not by its first column."""
