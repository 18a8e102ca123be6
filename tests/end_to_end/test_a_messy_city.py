"""A city damaged on purpose: every fault is found, and the day is published."""

from datetime import date

import polars as pl
import pytest

from pipelines.ingest import load_receipts
from pipelines.settings import Home
from tests.conftest import run_wendu

DAY = date(2024, 4, 30)


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("messy") / "home")
    made = run_wendu(
        "make-city", "--out", str(home.root), "--from", str(DAY), "--to", str(DAY),
        "--scale", "0.005", "--messy", "0.02",
    )  # fmt: skip
    assert made.code == 0, made.err
    return home, run_wendu("run", "--date", str(DAY), home=home.root)


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
