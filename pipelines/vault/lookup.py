"""From keys back to people and households: which sealed frames to ask, and who wins.

Which columns hold what is read from the declarations. A sealed frame holds a table's identity
columns under their declared names and their keys under the lake's names. Opening the frames is
the vault's business; showing them masked is the lists'.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from pipelines.contracts.sources import Contract, load_contracts
from pipelines.settings import DEPARTMENTS

Identities = Callable[[str, str], pl.LazyFrame]

PEOPLE = {"person_key": pl.Binary, "id_no": pl.String, "name": pl.String}
KNOWN = {
    **PEOPLE, "received_on": pl.Date, "department": pl.String, "table": pl.String,
    "is_added_to": pl.Boolean,
}  # fmt: skip
DIFFERING = {
    "person_key": pl.Binary, "department": pl.String, "table": pl.String, "id_no": pl.String,
    "name": pl.String,
}  # fmt: skip
HOUSEHOLDS = {
    "household_key": pl.Binary, "household_no": pl.String, "head_key": pl.Binary,
    "head_id": pl.String, "head_name": pl.String, "address": pl.String, "phone": pl.String,
}  # fmt: skip
HOUSEHOLD_SPACES = ("household", "relapse_watch_household")
NUMBER_LENGTH = 18

NAMES_STAND_DAYS = 400
"""How long a name counts under which something was added: the rules look at twelve months of
payments, which are checked a month later. Default of 2026-11-27."""


@dataclass(frozen=True)
class KnownPeople:
    """Everybody whom department tables named until a day: unsealed once, asked more than once.

    Holds identities in memory for as long as somebody holds it.
    """

    rows: pl.DataFrame = field(repr=False)

    def people(self, keys: pl.Series) -> pl.DataFrame:
        """Number and newest name of every key found; on one day civil affairs wins."""
        wanted = keys.drop_nulls().unique()
        found = self.rows.filter(pl.col("person_key").is_in(wanted.implode()))
        precedence = {department: -place for place, department in enumerate(DEPARTMENTS)}
        return _newest(
            found, "person_key", pl.col("name").is_not_null(), pl.col("received_on"),
            pl.col("department").replace_strict(precedence, return_dtype=pl.Int8),
            pl.col("id_no"), pl.col("name"),
        ).select(*PEOPLE)  # fmt: skip

    @cached_property
    def differing_names(self) -> pl.DataFrame:
        """People whom tables know by different names: a row per person, table and name.

        Columns: `person_key`, `department`, `table`, `id_no`, `name`. Of a snapshot its newest
        name; of a table that is only added to every one that came new in the last
        `NAMES_STAND_DAYS`, too: what was added under another name stands there.
        """
        known = self.rows.lazy().filter(pl.col("name").is_not_null())
        # Nearly everybody has one name: a million texts are compared as numbers first.
        hashes = known.select(marked=pl.col("person_key").hash(), named=pl.col("name").hash())
        named = hashes.group_by("marked").agg(first=pl.min("named"), last=pl.max("named"))
        doubtful = named.filter(pl.col("first") != pl.col("last")).select("marked").collect()
        table = ("person_key", "department", "table")
        newest = known.select(pl.max("received_on")).collect().to_series()  # null without anybody
        stands = pl.col("received_on") >= pl.lit(newest) - pl.duration(days=NAMES_STAND_DAYS)
        names = (
            known.filter(pl.col("person_key").hash().is_in(doubtful["marked"].implode()))
            .collect()
            .sort("received_on", "name")
            .filter(pl.struct(table).is_last_distinct() | (pl.col("is_added_to") & stands))
            .unique([*table, "name"], keep="last", maintain_order=True)
        )
        return (
            names.filter(pl.col("name").n_unique().over("person_key") > 1)
            .sort(*table, "name")
            .select(*DIFFERING)
        )


def known_people(identities: Identities, wanted: pl.Series | None = None) -> KnownPeople:
    """Everybody in the sealed frames, or those of some keys; without a key nothing is unsealed."""
    if wanted is not None and wanted.is_empty():
        return KnownPeople(pl.DataFrame(schema=KNOWN))
    found = [
        frame.with_columns(
            department=pl.lit(contract.department),
            table=pl.lit(contract.table),
            is_added_to=pl.lit(contract.mode == "append"),
        )
        for contract in load_contracts().values()
        if any(_is_person(contract, column) for column in contract.columns)
        for frame in _people_in(contract, identities(contract.department, contract.table), wanted)
    ]
    return KnownPeople(pl.concat([pl.DataFrame(schema=KNOWN), *pl.collect_all(found)]))


def newest_households(keys: pl.Series, identities: Identities) -> pl.DataFrame:
    """Number, head and address of every key found; the register itself goes before mentions."""
    wanted = keys.drop_nulls().unique()
    if wanted.is_empty():
        return pl.DataFrame(schema=HOUSEHOLDS)
    found = [
        frame
        for contract in load_contracts().values()
        for column in contract.columns
        if contract.columns[column].key_space in HOUSEHOLD_SPACES
        for frame in _households_in(
            contract, column, identities(contract.department, contract.table), wanted
        )
    ]
    if not found:
        return pl.DataFrame(schema=HOUSEHOLDS)
    return _newest(
        pl.concat(pl.collect_all(found)), "household_key", pl.col("is_register"),
        pl.col("received_on"), pl.col("household_no"), pl.col("head_id"), pl.col("address"),
    ).select(*HOUSEHOLDS)  # fmt: skip


def _is_person(contract: Contract, column: str) -> bool:
    return contract.columns[column].is_number_of_a_person


def _people_in(
    contract: Contract, sealed: pl.LazyFrame, wanted: pl.Series | None = None
) -> Iterator[pl.LazyFrame]:
    there = set(sealed.collect_schema())
    names = {column.names: name for name, column in contract.columns.items() if column.names}
    for number, column in contract.columns.items():
        key = "person_key" if column.kind == "certificate" else column.becomes
        if not _is_person(contract, number) or not {number, key} <= there:
            continue
        name = pl.col(names[number]) if names.get(number) in there else pl.lit(None)
        asked = pl.lit(True) if wanted is None else pl.col(str(key)).is_in(wanted.implode())
        yield sealed.filter(asked).select(
            person_key=pl.col(str(key)),
            id_no=pl.col(number).str.slice(0, NUMBER_LENGTH),
            name=name.cast(pl.String),
            received_on=pl.col("received_on"),
        )


def _households_in(
    contract: Contract, number: str, sealed: pl.LazyFrame, wanted: pl.Series
) -> Iterator[pl.LazyFrame]:
    there = set(sealed.collect_schema())
    key = contract.columns[number].becomes
    if not {number, key} <= there:
        return
    known = {
        column: pl.col(column) if column in there else pl.lit(None, dtype=kind)
        for column, kind in HOUSEHOLDS.items()
        if column not in ("household_key", "household_no")
    }
    yield sealed.filter(pl.col(str(key)).is_in(wanted.implode())).select(
        household_key=pl.col(str(key)),
        household_no=pl.col(number),
        received_on=pl.col("received_on"),
        is_register=pl.lit("head_id" in contract.columns),
        **known,
    )


def _newest(frame: pl.DataFrame, key: str, *order: pl.Expr) -> pl.DataFrame:
    return (
        frame.sort(*order, nulls_last=False, maintain_order=True)
        .unique(key, keep="last", maintain_order=True)
        .sort(key)
    )
