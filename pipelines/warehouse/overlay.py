"""Numbers put over a built policy, to see what another one would do.

Belongs here: reading what is asked for, finding the rows in force that it means, and writing it
over them in a work database that nobody else reads. Does not belong here: building and comparing
(`defs.simulation`), the policy itself (`seeds/policy/`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path

import duckdb
import polars as pl

from pipelines.settings import UsageError
from pipelines.warehouse.standing import open_to_write

FORM = re.compile(r"(standard|parameter)\.(\w+(?:\.\w+)*)=(\d{1,7}(?:\.\d{1,4})?)", re.ASCII)
DECIMALS = {"yuan": 2, "ratio": 4, "standard_deviation": 4}
"""Of numbers by their unit; those of any other are whole."""


@dataclass(frozen=True)
class Policy:
    """A model that holds policy rows in force by county and period, and the seed they come from.

    `named_by` are columns whose filled ones, with points between, name a row.
    """

    seed: str
    model: str
    value: str
    unit: str
    named_by: Sequence[str]

    @property
    def name(self) -> str:
        """The expression of a row's name."""
        return f"concat_ws('.', {', '.join(f'nullif({part}, $$$$)' for part in self.named_by)})"


POLICIES = {
    "standard": Policy(
        "assistance_standards",
        "int_measures__standards",
        "amount_cny",
        "'yuan'",
        ("programme", "residence", "class"),
    ),
    "parameter": Policy("parameters", "int_measures__parameters", "value", "unit", ("name",)),
}
MODELS = tuple(policy.model for policy in POLICIES.values())
MOST_ALIKE = 3


@dataclass(frozen=True)
class Change:
    """A number asked for, in yuan a month where it is a standard."""

    kind: str
    name: str
    to: Decimal

    def __str__(self) -> str:
        """As it is asked for."""
        return f"{self.kind}.{self.name}"

    def means(self, name: str) -> bool:
        """Whether it is about a row: a programme alone is about all its rows."""
        return name == self.name or name.startswith(f"{self.name}.")


@dataclass(frozen=True)
class Put:
    """A change that was put over numbers in force, each told once."""

    change: Change
    was: Sequence[Decimal]

    def __str__(self) -> str:
        """As people read it."""
        was = " and ".join(f"{number.normalize():f}" for number in self.was)
        return f"{self.change} {was} → {self.change.to.normalize():f}"


def read_changes(texts: Iterable[str]) -> list[Change]:
    """What `--set` asks for.

    Args:
        texts: as `standard.dibao.urban=980` (yuan a month; programme, then residence or class, or
            none for every row of the programme) and `parameter.marginal_line_multiple=1.4`.

    Raises:
        UsageError: one cannot be read, or two are about one row.
    """
    changes = []
    for text in texts:
        found = FORM.fullmatch(text.strip())
        if found is None:
            raise UsageError(
                f"--set {text} cannot be read; write it as standard.dibao.urban=980 (yuan a month) "
                "or parameter.marginal_line_multiple=1.4, below ten million, with 4 decimals at "
                "most."
            )
        kind, name, to = found.groups()
        changes.append(Change(kind, name, Decimal(to)))
    for one, other in combinations(changes, 2):
        if one.kind == other.kind and (one.means(other.name) or other.means(one.name)):
            raise UsageError(f"--set {one} and --set {other} are about the same row; ask for one.")
    return changes


def require_names(changes: Iterable[Change], seeds: Path) -> None:
    """Refuse a name that no policy row has, before anything is built for it.

    Args:
        changes: what is asked for.
        seeds: the folder of the day's policy rows.

    Raises:
        UsageError: there is no such name; says which are most like it.
    """
    for change in changes:
        policy = POLICIES[change.kind]
        named = pl.concat_str(policy.named_by, separator=".", ignore_nulls=True)
        rows = pl.read_csv(seeds / f"{policy.seed}.csv", infer_schema=False)
        names = rows.select(named.unique(maintain_order=True)).to_series().to_list()
        if not any(change.means(name) for name in names):
            alike = get_close_matches(change.name, names, MOST_ALIKE, cutoff=0)
            raise UsageError(
                f"--set {change} names no row of the policy; most like it are "
                f"{', '.join(f'{change.kind}.{name}' for name in alike)}."
            )


def carry_back(database: Path, changes: Iterable[Change], since: date, until: date) -> bool:
    """Let the numbers in force on a day hold since an earlier one; whether any was another then.

    Amounts due are counted of a month before the day. Where a number has changed since, what that
    month would cost with another one is held against what it would cost with today's.

    Args:
        database: the work database of a built day.
        changes: what is asked for; other numbers stay.
        since: the first of the month whose amounts due are counted.
        until: the day.
    """
    with open_to_write(database) as connection:
        carried = [_carry_back(connection, change, since, until) for change in changes]
    return any(carried)


def _carry_back(
    connection: duckdb.DuckDBPyConnection, change: Change, since: date, until: date
) -> bool:
    policy = POLICIES[change.kind]
    table = f"intermediate.{policy.model}"
    rows = connection.execute(f"select distinct {policy.name} from {table}").fetchall()
    names = [name for (name,) in rows if change.means(name)]
    changed = connection.execute(
        f"update {table} set {policy.value} = number_of_day from ("
        f"    select {policy.name} as name_of_day, county_code as county_of_day,"
        f"        {policy.value} as number_of_day"
        f"    from {table} where effective_from_on <= $until and effective_to_on > $until"
        f") as of_day where {policy.name} = name_of_day and county_code = county_of_day"
        f" and {policy.name} in $names and effective_to_on > $since"
        f" and effective_to_on <= $until and {policy.value} <> number_of_day returning 1",
        {"names": names, "since": since, "until": until},
    ).fetchall()
    return bool(changed)


def put_over(
    database: Path, changes: Sequence[Change], since: date, until: date, texts: Sequence[str]
) -> list[Put]:
    """Write changes over the policy rows in force from one day until another.

    Args:
        database: the work database of a built day.
        changes: what is asked for.
        since: the first of the month whose amounts due are counted.
        until: the day.
        texts: the compiled models that what is counted follows from; they name its parameters.

    Raises:
        UsageError: a name is none that is counted, says which there are; or its number should be
            whole or have fewer decimals.
    """
    with open_to_write(database) as connection:
        return [_put(connection, change, since, until, texts) for change in changes]


def _put(
    connection: duckdb.DuckDBPyConnection,
    change: Change,
    since: date,
    until: date,
    texts: Sequence[str],
) -> Put:
    policy = POLICIES[change.kind]
    in_force = "effective_from_on <= ? and effective_to_on > ?"
    rows = connection.execute(
        f"select {policy.name}, {policy.unit}, {policy.value} "
        f"from intermediate.{policy.model} where {in_force} order by all",
        [until, since],
    ).fetchall()
    if change.kind == "parameter":
        rows = [row for row in rows if any(f"'{row[0]}'" in text for text in texts)]
    meant = [row for row in rows if change.means(row[0])]
    if not meant:
        known = ", ".join(dict.fromkeys(f"{change.kind}.{name}" for name, *_ in rows))
        raise UsageError(
            f"--set {change} names no number in force on {until} from which lines, computed "
            f"categories or amounts due follow; there are {known}."
        )
    decimals = min(DECIMALS.get(unit, 0) for _, unit, _ in meant)
    if change.to != round(change.to, decimals):
        form = f"have {decimals} decimals at most" if decimals else "be a whole number"
        raise UsageError(f"--set {change}={change.to} must {form}.")
    names = [*dict.fromkeys(name for name, *_ in meant)]
    connection.execute(
        f"update intermediate.{policy.model} set {policy.value} = ? "
        f"where {policy.name} in ? and {in_force}",
        [change.to, names, until, since],
    )
    return Put(change, sorted({value for *_, value in meant}))
