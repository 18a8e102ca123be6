"""Large marts from day to day: what is written anew, what stands, and that readers see all rows."""

import os
from datetime import date, timedelta

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest

from pipelines.reporting.published import open_published
from pipelines.settings import Home, UsageError
from pipelines.warehouse.exports import MOST_MONTHS_REWRITTEN, Mart, export_marts, write_database
from pipelines.warehouse.publication import Building, clean_up, publish, write_manifest
from pipelines.warehouse.standing import TOLD, forget_told
from pipelines.warehouse.work_database import work_database

FIRST = date(2024, 5, 6)
LEDGER = Mart(
    "ledger",
    "Payments.",
    {"number": "Its number.", "period": "Its month.", "amount_cny": "Its amount."},
    ["number"],
    is_large=True,
)
SMALL = Mart("small", "Counts.", {"counted": "A count."})
ROWS = [
    (f"{month:02}-{place}", date(2024, month, 1), str(100 * month + place))
    for month in range(1, 11)
    for place in range(3)
]


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    home.warehouse.mkdir(parents=True)
    home.published.mkdir()
    return home


def build(home, rows, amount="amount_cny", made_of=None):
    """Makes the work database with these rows of the ledger."""
    work_database(home).unlink(missing_ok=True)
    with duckdb.connect(str(work_database(home))) as connection:
        connection.execute("create schema marts")
        connection.execute(
            f"create table marts.ledger (number text, period date, {amount} decimal(14, 2))"
        )
        for row in rows:
            connection.execute("insert into marts.ledger values (?, ?, ?)", row)
        connection.execute(
            "create view marts.small as select count(*) as counted from marts.ledger"
        )
    if made_of:
        with duckdb.connect(str(work_database(home))) as connection:
            forget_told(connection)
            connection.execute(f"insert into {TOLD} values (?, ?)", ['"marts"."ledger"', made_of])


def run(home, rows, day=0, made_of=None, **columns):
    """Publishes a day with these rows; gives what Parquet and database hold of the ledger."""
    build(home, rows, made_of=made_of, **columns)
    export_marts(home, [LEDGER, SMALL])
    ledger = LEDGER
    if columns:
        ledger = Mart("ledger", "Payments.", {}, ["number"], is_large=True)
    write_database(home, [ledger, SMALL])
    on_date = FIRST + timedelta(days=day)
    write_manifest(home, on_date, {})
    publish(home, on_date)
    with duckdb.connect(str(home.published / "warehouse.duckdb"), read_only=True) as connection:
        stored = connection.sql("from marts.ledger order by number").pl()
    return pl.read_parquet(home.published / "parquet" / "ledger.parquet"), stored


@pytest.mark.parametrize("is_newest", [True, False])
@pytest.mark.parametrize("cut_off", [True, False])
def test_running_a_day_again_puts_back_what_was_deleted_of_it(home, is_newest, cut_off):
    run(home, ROWS)
    if not is_newest:
        run(home, ROWS, day=1)
    lost = home.day(FIRST) / "manifest.json"
    told = lost.read_bytes()
    lost.write_bytes(b"{") if cut_off else lost.unlink()
    run(home, ROWS)
    assert lost.read_bytes() == told


@pytest.mark.parametrize(
    "lost", ["parquet/small.parquet", "parquet/ledger.parquet", "warehouse.duckdb"]
)
def test_running_the_newest_day_again_puts_back_what_was_deleted_for_analysts(home, lost):
    run(home, ROWS)
    (home.published / lost).resolve().unlink()
    clean_up(home)
    run(home, ROWS)
    assert (home.published / lost).is_file()


def test_a_warehouse_that_is_damaged_is_told_and_written_anew_once_it_is_deleted(home):
    run(home, ROWS)
    warehouse = (home.published / "warehouse.duckdb").resolve()
    warehouse.write_bytes(b"no database" * 1000)
    with pytest.raises(UsageError, match="delete it and run the newest day again"):
        open_published(home).__enter__()
    warehouse.unlink()
    clean_up(home)
    assert run(home, ROWS)[1].height == len(ROWS)


def changed(rows, number, amount):
    return [(one, month, amount if one == number else was) for one, month, was in rows]


def test_the_same_rows_in_another_order_give_the_same_bytes(home):
    files = []
    for rows in (ROWS, ROWS[::-1]):
        build(home, rows)
        export_marts(home, [LEDGER, SMALL])
        folder = Building(home).parquet
        files.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert files[0] == files[1]


def test_rows_of_a_file_stand_in_the_order_of_its_key(home):
    file, _ = run(home, ROWS[::-1])
    assert file["number"].to_list() == [number for number, *_ in ROWS]


def test_a_file_tells_plain_types_to_its_readers(home):
    run(home, ROWS)
    told = pa.parquet.read_schema(home.published / "parquet" / "ledger.parquet")
    assert list(map(str, told.types)) == ["string", "date32[day]", "decimal128(14, 2)"]


def test_a_large_mart_that_did_not_change_is_not_written_again(home):
    run(home, ROWS)
    before = (home.published / "parquet" / "ledger.parquet").stat().st_ino
    run(home, ROWS[::-1], day=1)
    assert (home.published / "parquet" / "ledger.parquet").stat().st_ino == before


def test_what_readers_are_shown_outlives_a_crash_of_the_machine(home, monkeypatch):
    on_disk = set()
    monkeypatch.setattr(os, "fsync", lambda opened: on_disk.add(os.fstat(opened).st_ino))
    run(home, ROWS)
    shown = [path for path in home.published.rglob("*") if path.is_file()]
    assert {path.suffix for path in shown} >= {".parquet", ".duckdb", ".json"}
    assert not [path for path in shown if path.stat().st_ino not in on_disk]


def test_a_large_mart_made_of_the_same_is_not_even_read(home):
    run(home, ROWS, made_of="these deliveries")
    file, stored = run(home, [], day=1, made_of="these deliveries")
    assert file.height == stored.height == len(ROWS)


def test_a_large_mart_made_of_something_else_is_read(home):
    run(home, ROWS, made_of="these deliveries")
    file, stored = run(home, ROWS[1:], day=1, made_of="other deliveries")
    assert file.height == stored.height == len(ROWS) - 1


WRITTEN = Mart("ledger", "Payments.", {}, ["number"], True, '"main"."paid"')


def run_written(home, rows, day=0, number="number"):
    """Publishes a day whose ledger is a view on rows kept elsewhere; gives what Parquet holds."""
    work_database(home).unlink(missing_ok=True)
    with duckdb.connect(str(work_database(home))) as connection:
        connection.execute("create schema marts")
        connection.execute("create table paid (number text, period date, amount decimal(14, 2))")
        for row in rows:
            connection.execute("insert into paid values (?, ?, ?)", row)
        connection.execute(
            f"create view marts.ledger as select {number} as number, period, amount from main.paid"
        )
    export_marts(home, [WRITTEN])
    write_database(home, [WRITTEN])
    write_manifest(home, FIRST + timedelta(days=day), {})
    publish(home, FIRST + timedelta(days=day))
    return pl.read_parquet(home.published / "parquet" / "ledger.parquet")


def test_of_a_mart_written_row_by_row_changed_rows_are_written(home):
    run_written(home, ROWS)
    before = (home.published / "parquet" / "ledger.parquet").stat().st_ino
    run_written(home, ROWS[::-1], day=1)
    assert (home.published / "parquet" / "ledger.parquet").stat().st_ino == before
    file = run_written(home, changed(ROWS, "03-1", "7"), day=2)
    assert file.filter(number="03-1")["amount"].to_list() == [7]
    assert file.height == len(ROWS)


def test_a_mart_that_is_written_in_another_way_is_written_whole(home):
    run_written(home, ROWS)
    file = run_written(home, ROWS, day=1, number="upper(number || 'a')")
    assert file["number"].to_list() == [f"{number}A" for number, *_ in ROWS]


NUMBERED = Mart(
    "ledger", "Payments.", {}, ["key"], True, '"main"."paid"', {'"main"."keys"': "number"}
)
PAID = [(place, date(2024, 1, 1), "10") for place in (1, 2, 3)]


def run_numbered(home, keys, day, paid=PAID):
    """Publishes a day whose ledger finds keys by number; gives the Parquet file and its rows."""
    work_database(home).unlink(missing_ok=True)
    with duckdb.connect(str(work_database(home))) as connection:
        connection.execute("create schema marts")
        connection.execute("create table keys (number integer, key text)")
        connection.execute("create table paid (number integer, period date, amount integer)")
        for number, key in enumerate(keys, start=1):
            connection.execute("insert into keys values (?, ?)", [number, key])
        for row in paid:
            connection.execute("insert into paid values (?, ?, ?)", row)
        connection.execute(
            "create view marts.ledger as "
            "select key, period, amount from paid inner join keys using (number)"
        )
    export_marts(home, [NUMBERED])
    write_database(home, [NUMBERED])
    write_manifest(home, FIRST + timedelta(days=day), {})
    publish(home, FIRST + timedelta(days=day))
    file = home.published / "parquet" / "ledger.parquet"
    return file.stat().st_ino, pl.read_parquet(file)["key"].to_list()


def test_a_mart_stands_while_the_keys_it_looks_up_only_become_more(home):
    first, _ = run_numbered(home, "abc", day=0)
    second, _ = run_numbered(home, "abcd", day=1)
    third, keys = run_numbered(home, "abcde", day=2)
    assert first == second == third
    assert keys == ["a", "b", "c"]


def test_a_row_for_a_key_that_came_later_is_written(home):
    run_numbered(home, "abc", day=0)
    _, keys = run_numbered(home, "abcd", day=1, paid=[*PAID, (4, date(2024, 1, 1), "10")])
    assert keys == ["a", "b", "c", "d"]


@pytest.mark.parametrize("keys", ["acd", "acb", "xbc", "xacb"])
def test_where_numbers_went_to_others_the_same_rows_are_written_for_those(home, keys):
    run_numbered(home, "abc", day=0)
    _, named = run_numbered(home, keys, day=1)
    assert named == sorted(keys[: len(PAID)])
    _, named = run_numbered(home, "abc", day=2)
    assert named == ["a", "b", "c"]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(changed(ROWS, "03-1", "7"), id="an amount"),
        pytest.param(ROWS[1:], id="a row that left"),
        pytest.param(ROWS[3:], id="a month that left"),
        pytest.param([*ROWS, ("11-0", date(2024, 11, 1), "5")], id="a month that came"),
        pytest.param([(n, m, "1") for n, m, _ in ROWS], id="all months"),
        pytest.param([], id="all rows left"),
    ],
)
def test_readers_of_both_forms_see_what_changed(home, rows):
    run(home, ROWS)
    expected = pl.DataFrame(
        rows, schema={"number": pl.String, "period": pl.Date, "amount_cny": pl.String}, orient="row"
    ).cast({"amount_cny": pl.Decimal(14, 2)})
    file, stored = run(home, rows, day=1)
    assert file.equals(expected)
    assert stored.equals(expected)


MIXED = [
    (f"{place}-{month:02}", date(2024, month, 1), str(100 * month + place))
    for month in range(1, 11)
    for place in range(3)
]
"""The months of these lie among each other in the order of the key."""


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(changed(MIXED, "1-03", "7"), id="an amount"),
        pytest.param([row for row in MIXED if row[0] != "2-10"], id="the last row left"),
        pytest.param([row for row in MIXED if row[1].month != 4], id="a month that left"),
        pytest.param([("0-00", date(2024, 11, 1), "5"), *MIXED], id="a month that came"),
        pytest.param(changed([("1-00", None, "3"), *MIXED], "1-03", "7"), id="one without a month"),
    ],
)
def test_months_put_among_standing_ones_give_the_bytes_of_a_whole_file(home, rows):
    nobody = [row for row in rows if row[1] is None]
    run(home, [*nobody, *MIXED])
    run(home, rows, day=1)
    file = home.published / "parquet" / "ledger.parquet"
    merged = file.read_bytes()
    (home.published / ".current").unlink()
    build(home, rows)
    export_marts(home, [LEDGER, SMALL])
    assert (Building(home).parquet / file.name).read_bytes() == merged


def test_a_row_without_a_month_is_written_too(home):
    run(home, ROWS)
    file, stored = run(home, [*ROWS, ("12-0", None, "5")], day=1)
    assert file.height == stored.height == len(ROWS) + 1


def test_a_column_of_another_name_is_noticed(home):
    run(home, ROWS)
    file, stored = run(home, ROWS, day=1, amount="paid_cny")
    assert file.columns == stored.columns == ["number", "period", "paid_cny"]


def test_the_months_of_these_tests_are_more_than_are_rewritten_one_by_one():
    assert len({month for _, month, _ in ROWS}) > MOST_MONTHS_REWRITTEN
