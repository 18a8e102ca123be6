"""The work database: what of it is gone on with, and what is made anew."""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.contracts.sources import load_contracts
from pipelines.settings import Home
from pipelines.warehouse import work_database as of_a_day
from pipelines.warehouse.work_database import open_shelves, work_database

DAY = date(2024, 5, 2)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose work database holds a table that some model left there."""
    home = Home(tmp_path)
    open_again(home)
    with duckdb.connect(str(work_database(home))) as connection:
        connection.execute("create table left_by_a_model as select 1 as one")
    return home


def open_again(home: Home) -> None:
    """Open the shelves of a lake without any contract, as a day does first."""
    open_shelves(home, DAY, {}, (), {"run": pl.DataFrame({"on_date": [DAY]})})


def is_gone_on_with(home: Home) -> bool:
    """Whether what a model left is still there."""
    with duckdb.connect(str(work_database(home)), read_only=True) as connection:
        found = connection.execute(
            "select count(*) from duckdb_tables() where table_name = 'left_by_a_model'"
        ).fetchall()
    return found == [(1,)]


def test_the_work_database_is_gone_on_with(home: Home) -> None:
    open_again(home)
    assert is_gone_on_with(home)


def test_it_is_made_anew_after_the_machine_was_started_again(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = tmp_path / "boot_id"
    another.write_text("5f3c0f7e-0000-4000-8000-000000000000\n", encoding="ascii")
    monkeypatch.setattr(of_a_day, "START_OF_MACHINE", another)
    open_again(home)
    assert not is_gone_on_with(home)


def test_it_is_made_anew_by_each_process_where_a_start_is_not_told(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_a_day, "START_OF_MACHINE", tmp_path / "not_there")
    open_again(home)
    assert not is_gone_on_with(home)


def test_it_is_made_anew_when_it_cannot_be_read(home: Home) -> None:
    work_database(home).write_bytes(b"torn")
    open_again(home)
    assert not is_gone_on_with(home)


def test_only_shelves_of_accepted_deliveries_are_read(tmp_path: Path) -> None:
    home, payroll = Home(tmp_path), load_contracts()["finance", "payroll"]
    days = [date(2024, 4, 1), date(2024, 4, 2), date(2024, 4, 3)]
    for day in days:
        shelf = home.shelf("finance", "payroll", day)
        shelf.parent.mkdir(parents=True)
        row = pl.DataFrame({"received_on": [day]}).select(
            pl.col(name) if name == "received_on" else pl.lit(None, kind).alias(name)
            for name, kind in payroll.lake_schema.items()
        )
        row.write_parquet(shelf)
    contracts = {("finance", "payroll"): payroll}
    open_shelves(home, days[1], contracts, {("finance", days[0]), ("finance", days[2])}, {})
    with duckdb.connect(str(work_database(home)), read_only=True) as connection:
        found = connection.execute("select received_on from lake.finance__payroll").fetchall()
    assert found == [(days[0],)]
