"""A city damaged on purpose: every fault is found, the day is published, and nobody is named.

Among its people is one whose every value is known: none of them may stand in anything a run
writes but vault and quarantine, not even where a delivery broke on it.
"""

import re
import zipfile
from datetime import date

import openpyxl
import polars as pl
import pytest

from pipelines.ingest import load_receipts
from pipelines.settings import DEPARTMENTS, Home
from pipelines.vault import Vault
from tests.commands import run_here, run_wendu
from tests.end_to_end.canaries import BROKEN_DAY, CANARIES, leaks, plant

DAY = date(2024, 4, 30)


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("messy") / "home")
    made = run_here(
        "make-city", "--out", str(home.root), "--from", str(DAY), "--to", str(DAY),
        "--scale", "0.005", "--messy", "0.02",
    )  # fmt: skip
    assert made.code == 0, made.err
    plant(home, DAY)
    temporary = home.root.with_name("temporary")
    temporary.mkdir()
    told = run_wendu("run", "--date", str(DAY), home=home.root, TMPDIR=str(temporary))
    return home, told


def test_a_messy_day_is_published(messy):
    _, ran = messy
    assert (ran.code, "Traceback" in ran.err) == (0, False), ran.err


def test_received_is_accepted_and_quarantined_and_exact_duplicates(messy):
    home, _ = messy
    tables = [table for receipt in load_receipts(home, DAY) for table in receipt.tables.values()]
    assert sum(table.quarantined for table in tables) > 0
    for table in tables:
        assert table.received == table.accepted + table.quarantined + table.exact_duplicates


def test_every_injected_fault_is_recorded_with_its_reason(messy):
    home, _ = messy
    injected = pl.read_parquet(home.truth / "faults.parquet").select("table", "line", "reason")
    recorded = pl.concat(
        pl.read_parquet(shelf, columns=["table", "line", "reason"])
        for shelf in home.quarantine.glob("*/*/*/part.parquet")
    )
    assert injected.height > 0
    assert injected.join(recorded, on=["table", "line", "reason"], how="anti").height == 0


def test_refusals_are_published_without_any_value(messy):
    home, _ = messy
    published = pl.read_parquet(home.published / "parquet" / "quality_rejections.parquet")
    assert published.height > 0
    assert set(published.columns) == {
        "department", "table", "received_on", "file", "line", "field", "reason",
    }  # fmt: skip


def test_an_alert_whose_rows_may_have_been_refused_says_so_first(messy):
    home, _ = messy
    refused = pl.concat(
        pl.read_parquet(shelf, columns=["severity", "raw"])
        for shelf in (home.quarantine / "finance" / "payments").glob("*/part.parquet")
    ).filter(pl.col("severity") == "row")
    numbers = refused["raw"].str.json_path_match("$.id_no").unique()
    keys = Vault.open(home).pseudonyms("person", numbers).bin.encode("hex")
    alerts = pl.read_parquet(home.published / "parquet" / "fct_alerts.parquet").filter(
        (pl.col("rule_id") == "R26") & (pl.col("program") != "dibao")
    )
    told = pl.col("unknown_zh").str.contains("^报送数据有误被退回、尚未更正（.*一卡通发放明细")
    is_named = pl.col("subject").is_in(keys.implode())
    assert alerts.filter(is_named).height > 0
    assert alerts.filter(is_named & ~told).height == 0
    # Another way to write a number, or a family's row, names a few more.
    assert alerts.filter(~is_named & ~told).height > alerts.filter(~is_named & told).height


def files_below(*places):
    return [path for place in places for path in place.rglob("*") if path.is_file()]


def test_the_canaries_can_be_found_where_they_were_put(messy):
    home, _ = messy
    found = leaks(files_below(home.landing, home.quarantine))
    assert {leak.canary for leak in found} == set(CANARIES)
    forms = {place.place.rpartition(".")[2].split(" ")[0] for place in found}
    assert forms >= {"csv", "sqlite", "ndjson", "xlsx", "parquet"}


def test_the_canary_family_was_taken_in(messy):
    home, _ = messy
    people = Vault.open(home).people(
        Vault.open(home).pseudonyms("person", pl.Series([CANARIES["number"]]))
    )
    assert people["name"].to_list() == [CANARIES["name"]]
    broken = load_receipts(home, BROKEN_DAY)
    assert [receipt.verdict for receipt in broken] == ["failed"] * 4


def test_no_canary_stands_in_anything_else_a_run_wrote(messy):
    home, _ = messy
    closed = (home.vault, home.landing, home.quarantine, home.corrections, home.truth)
    written = [
        path for path in files_below(home.root, home.root.with_name("temporary"))
        if not any(place in path.parents for place in closed)
    ]  # fmt: skip
    kinds = {path.suffix for path in written}
    assert kinds >= {".parquet", ".duckdb", ".json", ".db", ".xlsx", ".html"}
    assert leaks(written) == []


def test_no_canary_was_said(messy):
    _, ran = messy
    said = ran.out + ran.err
    assert [name for name, value in CANARIES.items() if value in said] == []


def test_no_cell_of_a_list_is_a_formula(messy):
    home, _ = messy
    books = sorted((home.day(DAY) / "lists").glob("*.xlsx"))
    assert books
    for path in books:
        with zipfile.ZipFile(path) as book:
            sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
            assert sheets
            assert not any(re.search(rb"<f[ >]", book.read(name)) for name in sheets)


def test_each_department_gets_back_what_was_refused_of_its_own_and_nothing_else(messy):
    home, ran = messy
    refused = pl.concat(
        pl.read_parquet(shelf, columns=["department", "table", "file", "line", "severity"])
        for shelf in home.quarantine.glob("*/*/received_on=2024-04-30/part.parquet")
    ).filter(pl.col("severity") == "row")
    for department in DEPARTMENTS:
        file = home.corrections / str(DAY) / f"{department}.xlsx"
        book = openpyxl.load_workbook(file, read_only=True)
        listed = {
            (file, int(line))
            for row in book["更正清单"].iter_rows(min_row=3, values_only=True)
            for file in str(row[8]).split("、")
            for line in str(row[9]).split("、")
        }
        own = refused.filter(pl.col("department") == department)
        other = refused.filter(pl.col("department") != department)
        assert set(own.select("file", "line").iter_rows()) - listed == set()
        assert not {file for file, _ in listed} & set(other["file"]) - set(own["file"])
        assert f"To correct by {department}: " in ran.err
