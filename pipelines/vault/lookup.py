"""From keys back to people and households: which sealed frames to ask, and who wins.

Which columns hold what is read from the declarations. A sealed frame holds a table's identity
columns under their declared names and their keys under the lake's names. Opening the frames is
the vault's business; showing them masked is the lists'.
"""

from collections.abc import Callable, Iterator

import polars as pl

from pipelines.contracts.sources import Contract, load_contracts
from pipelines.settings import DEPARTMENTS

Identities = Callable[[str, str], pl.LazyFrame]

PEOPLE = {"person_key": pl.Binary, "id_no": pl.String, "name": pl.String}
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


def newest_people(keys: pl.Series, identities: Identities) -> pl.DataFrame:
    """Number and newest name of every key found; on one day civil affairs wins."""
    wanted = keys.drop_nulls().unique()
    if wanted.is_empty():
        return pl.DataFrame(schema=PEOPLE)
    found = [
        frame.with_columns(precedence=pl.lit(-DEPARTMENTS.index(contract.department)))
        for contract in load_contracts().values()
        if any(_is_person(contract, column) for column in contract.columns)
        for frame in _people_in(contract, identities(contract.department, contract.table), wanted)
    ]
    if not found:
        return pl.DataFrame(schema=PEOPLE)
    return _newest(
        pl.concat(pl.collect_all(found)), "person_key", pl.col("name").is_not_null(),
        pl.col("received_on"), pl.col("precedence"), pl.col("id_no"), pl.col("name"),
    ).select(*PEOPLE)  # fmt: skip


def differing_names(identities: Identities) -> pl.DataFrame:
    """People whom department tables know by different names: a row per person, table and name.

    Columns: `person_key`, `department`, `table`, `id_no`, `name`. Of a snapshot its newest name;
    of a table that is only added to every one that came new in the last `NAMES_STAND_DAYS`, too:
    what was added under another name stands there.
    """
    found = [
        frame.drop_nulls("name").with_columns(
            department=pl.lit(contract.department),
            table=pl.lit(contract.table),
            is_added_to=pl.lit(contract.mode == "append"),
        )
        for contract in load_contracts().values()
        if any(_is_person(contract, column) for column in contract.columns)
        for frame in _people_in(contract, identities(contract.department, contract.table))
    ]
    if not found:
        return pl.DataFrame(schema=DIFFERING)
    known = pl.concat(pl.collect_all(found))
    # Nearly everybody has one name: a million texts are compared as numbers first.
    known = known.with_columns(marked=pl.col("person_key").hash(), named=pl.col("name").hash())
    named = known.group_by("marked").agg(pl.min("named"), last=pl.max("named"))
    doubtful = named.filter(pl.col("named") != pl.col("last")).select("marked")
    table = ("person_key", "department", "table")
    stands = pl.col("received_on") >= known["received_on"].max() - pl.duration(
        days=NAMES_STAND_DAYS
    )
    names = (
        known.join(doubtful, on="marked", how="semi")
        .sort("received_on", "name")
        .filter(pl.struct(table).is_last_distinct() | (pl.col("is_added_to") & stands))
        .unique([*table, "name"], keep="last", maintain_order=True)
    )
    return (
        names.filter(pl.col("name").n_unique().over("person_key") > 1)
        .sort(*table, "name")
        .select(*DIFFERING)
    )


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
