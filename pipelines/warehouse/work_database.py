"""The work database of one day: views on the lake's shelves and the tables that control the run.

The file is disposable and made anew for every run. What dbt calls the sources `lake` and
`control` is exactly what this module puts there; nothing received after the day is visible,
unless the day is judged again with what was received later (`as_corrected`).
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts.sources import PEOPLE_SCHEMA, Contract
from pipelines.settings import Home
from pipelines.warehouse.as_corrected import corrected_rows


def work_database(home: Home) -> Path:
    """Where the work database of a home lies."""
    return home.warehouse / "work.duckdb"


def open_shelves(
    home: Home,
    on_date: date,
    contracts: Mapping[tuple[str, str], Contract],
    control: Mapping[str, pl.DataFrame],
    known_on: date | None = None,
) -> Path:
    """Make the work database of a day and return its path.

    Args:
        home: where lake and warehouse lie.
        on_date: the day; shelves received later are left out.
        contracts: every declared table gets a relation `lake.<department>__<table>`, and every
            department `lake.<department>__people`, empty where nothing was received.
        control: frames that become the tables `control.<name>`.
        known_on: a later day: what was received until then corrects the day.
    """
    path = work_database(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in (path, path.with_suffix(".duckdb.wal")):
        leftover.unlink(missing_ok=True)
    schemas = {
        (department, table): contract.lake_schema
        for (department, table), contract in contracts.items()
    } | {(department, "people"): PEOPLE_SCHEMA for department, _ in contracts}
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema lake")
        connection.execute("create schema control")
        for (department, table), schema in schemas.items():
            relation = f"lake.{department}__{table}"
            shelves = shelves_until(home, department, table, known_on or on_date)
            contract = contracts.get((department, table))
            if shelves and known_on and contract:
                rows = corrected_rows(contract, shelves, on_date)
                connection.execute(f"create view {relation} as {rows}")
            elif shelves:
                files = ", ".join(sql_text(shelf.as_posix()) for shelf in shelves)
                connection.execute(
                    f"create view {relation} as "
                    f"select * from read_parquet([{files}], hive_partitioning = false)"
                )
            else:
                _create_table(connection, relation, schema.to_frame())
        for name, frame in control.items():
            _create_table(connection, f"control.{name}", frame)
    return path


def shelves_until(home: Home, department: str, table: str, on_date: date) -> list[Path]:
    """The table's shelves received on or before a day, oldest first."""
    return [
        shelf
        for shelf in sorted((home.lake / department / table).glob("received_on=*/part.parquet"))
        if shelf.parent.name.removeprefix("received_on=") <= on_date.isoformat()
    ]


def sql_text(text: str) -> str:
    """A text as SQL writes it, whatever it holds."""
    return "'" + text.replace("'", "''") + "'"


def _create_table(
    connection: duckdb.DuckDBPyConnection, relation: str, frame: pl.DataFrame
) -> None:
    connection.register("incoming", frame.to_arrow())
    connection.execute(f"create table {relation} as select * from incoming")
    connection.unregister("incoming")
