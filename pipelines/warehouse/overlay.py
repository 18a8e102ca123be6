"""Numbers of the policy put over those in force on a day, to see what another policy would do.

Belongs here: reading what is asked for, finding the rows in force that it means, and writing it
over them in a work database that nobody else reads. Does not belong here: building and comparing
(`defs.simulation`), the policy itself (`seeds/policy/`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.settings import UsageError
from pipelines.warehouse.standing import open_to_write

FORM = re.compile(r"(standard|parameter)\.(\w+(?:\.\w+)*)=(\d{1,10}(?:\.\d{1,4})?)", re.ASCII)


@dataclass(frozen=True)
class Table:
    """A policy table: what names a row of it, and how its number is written anew."""

    name: str
    key: Sequence[str]
    value: str
    unit: Mapping[str, str]


TABLES = {
    "standard": Table(
        "assistance_standards",
        ("programme", "residence", "class"),
        "amount",
        {"unit": "yuan", "period": "month"},
    ),
    "parameter": Table("parameters", ("name",), "value", {}),
}
SEEDS = tuple(table.name for table in TABLES.values())


@dataclass(frozen=True)
class Change:
    """One number put over the rows in force: `was` are their numbers as the policy writes them.

    `rows` are the rows as text by column, `to` is in yuan a month for standards.
    """

    name: str
    table: Table
    rows: Sequence[Mapping[str, Any]]
    to: Decimal

    @property
    def was(self) -> list[str]:
        """What the rows say, each number once."""
        return sorted({str(row[self.table.value]) for row in self.rows})


def read_changes(texts: Sequence[str], project: Path, on_date: date) -> list[Change]:
    """What `--set` asks for, found in the policy of a day.

    Args:
        texts: as `standard.dibao.urban=980` (yuan a month; programme, then residence or class, or
            none for every row of the programme) and `parameter.marginal_line_multiple=1.4`.
        project: the dbt project whose policy rows hold.
        on_date: of several rows of one kind the one in force on this day is meant.

    Raises:
        UsageError: it cannot be read, or names no row of the policy; says which there are.
    """
    changes = []
    for text in texts:
        found = FORM.fullmatch(text.strip())
        if found is None:
            raise UsageError(
                f"--set {text} cannot be read; write it as standard.dibao.urban=980 (yuan a month) "
                "or parameter.marginal_line_multiple=1.4."
            )
        kind, name, to = found.groups()
        table = TABLES[kind]
        in_force = _in_force(table, project, on_date)
        rows = [row for row in in_force if _is_meant(table, row, name.split("."))]
        if not rows:
            named = ", ".join(dict.fromkeys(f"{kind}.{told}" for told in _names(table, in_force)))
            raise UsageError(f"--set {text} names no row in force on {on_date}; there are {named}.")
        changes.append(Change(f"{kind}.{name}", table, rows, Decimal(to)))
    return changes


def put_over(database: Path, changes: Sequence[Change]) -> None:
    """Write changes over the policy tables of a work database."""
    with open_to_write(database) as connection:
        for change in changes:
            table = change.table
            identity = [*table.key, "area_code", "effective_from"]
            told = {table.value: str(change.to), **table.unit}
            for row in change.rows:
                connection.execute(
                    f"update policy.{table.name} set {', '.join(f'{name} = ?' for name in told)} "
                    f"where {' and '.join(f'{name} is not distinct from ?' for name in identity)}",
                    [*told.values(), *(row[name] for name in identity)],
                )


def _in_force(table: Table, project: Path, on_date: date) -> list[dict[str, Any]]:
    file = project / "seeds" / "policy" / f"{table.name}.csv"
    return (
        pl.read_csv(file, infer_schema=False)
        .filter(pl.col("effective_from") <= on_date.isoformat())
        .sort("effective_from", maintain_order=True)
        .unique([*table.key, "area_code"], keep="last", maintain_order=True)
        .sort([*table.key, "area_code"])
        .to_dicts()
    )


def _is_meant(table: Table, row: Mapping[str, Any], names: Sequence[str]) -> bool:
    first, *others = table.key
    return row[first] == names[0] and {*names[1:]} <= {row[other] for other in others}


def _names(table: Table, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    return (".".join(row[part] for part in table.key if row[part]) for row in rows)
