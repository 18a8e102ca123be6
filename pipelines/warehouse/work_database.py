"""The work database of one day: views on the lake's shelves and the tables that control the run.

The file is disposable: what of it still stands from the day before is used again (`standing`),
and without it everything is made anew. What dbt calls the sources `lake` and `control` is exactly
what this module puts there; nothing received after the day is visible, unless the day is judged
again with what was received later (`as_corrected`). Writing it waits for no disk: a killed process
leaves it whole, and after a crash of the machine nobody goes on with it.
"""

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts.sources import PEOPLE_SCHEMA, Contract
from pipelines.settings import Home, versions
from pipelines.warehouse.as_corrected import corrected_rows
from pipelines.warehouse.nodes import DAY
from pipelines.warehouse.standing import Given, Part, forget_told, hash_of, open_to_write

FORMAT = 1
"""Of the notes in it; raise it when what they say changes."""

START_OF_MACHINE = Path("/proc/sys/kernel/random/boot_id")
"""Another text after each start of the machine."""

OF_THIS_PROCESS = str(uuid.uuid4())
"""Stands for the start of a machine that does not tell it: each process begins anew."""

WORTH_COMPACTING = 4_000
"""Free blocks of 256 KiB below which a file is left as it is: a gigabyte."""


def work_database(home: Home) -> Path:
    """Where the work database of a home lies."""
    return home.warehouse / "work.duckdb"


def set_day(home: Home, on_date: date) -> None:
    """Let the models that are about to be built ask for a day.

    They ask `control.run_date()`, in texts that are the same every day.
    """
    with open_to_write(work_database(home)) as connection:
        connection.execute("create schema if not exists control")
        connection.execute(f"create or replace macro {DAY} as cast('{on_date}' as date)")
        forget_told(connection)


def open_shelves(
    home: Home,
    on_date: date,
    contracts: Mapping[tuple[str, str], Contract],
    accepted: Collection[tuple[str, date]],
    control: Mapping[str, pl.DataFrame],
    known_on: date | None = None,
) -> dict[str, Given]:
    """Put the sources of a day into the work database.

    Args:
        home: where lake and warehouse lie.
        on_date: the day; shelves received later are left out.
        contracts: every declared table gets a relation `lake.<department>__<table>`, and every
            department `lake.<department>__people`, empty where nothing was received.
        accepted: department and received date of every accepted delivery; a shelf of another one
            is what a fault or a kill left half-way.
        control: frames that become the tables `control.<name>`.
        known_on: a later day: what was received until then corrects the day.

    Returns:
        Of each relation by its full name what it is made of: the same text, the same rows.
    """
    path = work_database(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    given = {
        f"control.{name}": (Given(_sign_of(frame)), frame) for name, frame in control.items()
    } | {
        f"lake.{department}__{table}": _lake_relation(
            _shelves(home, department, table, accepted, known_on or on_date),
            contracts.get((department, table)), on_date, known_on,
        )
        for department, table in [*contracts, *((name, "people") for name, _ in contracts)]
    }  # fmt: skip
    with _opened(path) as connection:
        connection.execute("create schema if not exists lake")
        connection.execute("create schema if not exists control")
        standing = dict(connection.execute("select * from standing.given").fetchall())
        kinds = kinds_of_relations(connection)
        for relation, (made_of, content) in given.items():
            if standing.get(relation) == made_of.made_of:
                continue
            connection.execute("begin")
            if relation in kinds:
                connection.execute(f"drop {kinds[relation]} {relation}")
            if isinstance(content, str):
                connection.execute(f"create view {relation} as {content}")
            else:
                _create_table(connection, relation, content)
            connection.execute("delete from standing.given where relation = ?", [relation])
            connection.execute(
                "insert into standing.given values (?, ?)", [relation, made_of.made_of]
            )
            connection.execute("commit")
    return {relation: made_of for relation, (made_of, _) in given.items()}


def _opened(path: Path) -> duckdb.DuckDBPyConnection:
    """The work database, made anew where it is not worth going on with."""
    made_by = f"{FORMAT} {versions()} {_start_of_machine()}"
    if path.exists() and _is_worth_going_on(path, made_by):
        return open_to_write(path)
    for leftover in (path, path.with_suffix(".duckdb.wal")):
        leftover.unlink(missing_ok=True)
    connection = open_to_write(path)
    connection.execute("create schema standing")
    connection.execute("create table standing.given (relation varchar, made_of varchar)")
    connection.execute("create table standing.made_by as select ? as versions", [made_by])
    return connection


def _is_worth_going_on(path: Path, made_by: str) -> bool:
    """Whether a work database can be read, was made by the same, and holds more than it lost."""
    try:
        with open_to_write(path) as connection:
            told = connection.execute("select * from standing.made_by").fetchall()
            ((blocks, free),) = connection.execute(
                "select total_blocks, free_blocks from pragma_database_size()"
            ).fetchall()
    except duckdb.Error:
        return False
    return told == [(made_by,)] and (free < WORTH_COMPACTING or free * 2 < blocks)


def _start_of_machine() -> str:
    try:
        return START_OF_MACHINE.read_text(encoding="ascii").strip()
    except OSError:
        return OF_THIS_PROCESS


def kinds_of_relations(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Of every relation, by schema and name with a point between, whether it is table or view."""
    found = connection.execute(
        "select schema_name || '.' || table_name, 'table' from duckdb_tables() union all "
        "select schema_name || '.' || view_name, 'view' from duckdb_views() where not internal"
    ).fetchall()
    return dict(found)


def _lake_relation(
    shelves: Sequence[Path], contract: Contract | None, on_date: date, known_on: date | None
) -> tuple[Given, str | pl.DataFrame]:
    """What a relation of the lake is made of, and its query, or an empty table."""
    if not shelves:
        schema = contract.lake_schema if contract else PEOPLE_SCHEMA
        return Given(hash_of(repr(schema))), schema.to_frame()
    if known_on and contract:
        query = corrected_rows(contract, shelves, on_date)
    else:
        files = ", ".join(sql_text(shelf.as_posix()) for shelf in shelves)
        query = f"select * from read_parquet([{files}], hive_partitioning = false)"
    parts = tuple(
        Part(
            shelf.parent.name.removeprefix("received_on="),
            hash_of(f"{shelf} {state.st_size} {state.st_mtime_ns}"),
        )
        for shelf, state in zip(shelves, map(Path.stat, shelves), strict=True)
    )
    return Given(hash_of(query, *(part.made_of for part in parts)), parts), query


def _sign_of(frame: pl.DataFrame) -> str:
    rows = frame.write_ipc(None, compat_level=pl.CompatLevel.oldest()).getvalue()
    return hashlib.sha256(rows).hexdigest()


def _shelves(
    home: Home, department: str, table: str, accepted: Collection[tuple[str, date]], until: date
) -> list[Path]:
    """A table's shelves of accepted deliveries received by a day, oldest first."""
    days = sorted(day for name, day in accepted if name == department and day <= until)
    return [path for day in days if (path := home.shelf(department, table, day)).is_file()]


def sql_text(text: str) -> str:
    """A text as SQL writes it, whatever it holds."""
    return "'" + text.replace("'", "''") + "'"


def _create_table(
    connection: duckdb.DuckDBPyConnection, relation: str, frame: pl.DataFrame
) -> None:
    connection.register("incoming", frame.to_arrow())
    connection.execute(f"create table {relation} as select * from incoming")
    connection.unregister("incoming")
