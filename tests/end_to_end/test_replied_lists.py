"""A township's workbook on its whole way: written, filled in, returned, judged, counted."""

import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from pipelines.outreach.layout import HEADER_ROW, REPLY_SHEETS, is_batch
from pipelines.settings import Home
from tests.conftest import SECOND_DAY

THIRD_DAY = SECOND_DAY + timedelta(days=1)
VISITED = datetime.combine(SECOND_DAY, datetime.min.time())


def batches(home: Home) -> pl.DataFrame:
    return pl.read_parquet(home.day(SECOND_DAY) / "batches.parquet")


def filled_in(path: Path, answers: dict[str, dict[str, object]]) -> openpyxl.Workbook:
    """The workbook with answers by number and header, wherever the lines stand."""
    book = openpyxl.load_workbook(path)
    for name in (sheet.name for sheet in REPLY_SHEETS):
        page = book[name]
        titles = [cell.value for cell in page[HEADER_ROW + 1]]
        for row in page.iter_rows(min_row=HEADER_ROW + 2):
            for header, value in answers.get(str(row[0].value), {}).items():
                row[titles.index(header)].value = value
    return book


@pytest.fixture(scope="module")
def third_day(world, wendu, tmp_path_factory):
    """The world with a list returned on its third day: the home, the alerts of the line, the run.

    The line is one that shows several reasons, of which the second came out otherwise.
    """
    home = Home(tmp_path_factory.mktemp("replied") / "home")
    shutil.copytree(world.home.root, home.root, symlinks=True)
    of_alerts = batches(home).filter(pl.col("rule_id").is_not_null())
    line = of_alerts.filter(pl.col("position") == 2).sort("line_id").row(0, named=True)
    alerts = of_alerts.filter(pl.col("line_id") == line["line_id"]).sort("position")["alert_id"]
    answers = {line["line_id"]: {"走访结果": "纳入低保", "结果②": "未能核实", "走访日期": VISITED}}
    book = filled_in(home.day(SECOND_DAY) / "lists" / f"{line['office']}.xlsx", answers)
    inbox = home.replies / "inbox"
    inbox.mkdir(parents=True)
    book.save(inbox / "回复.xlsx")
    shutil.copy(inbox / "回复.xlsx", home.root / "回复.xlsx")
    return home, alerts.to_list(), wendu("run", "--date", str(THIRD_DAY), home=home.root)


def test_the_run_of_a_day_takes_the_inbox_before_it_judges(third_day):
    home, alerts, ran = third_day
    assert f"1 returned lists, {len(alerts)} answers taken, 0 lines returned" in ran.err
    told = pl.read_parquet(home.published / "parquet" / "fct_alerts.parquet").filter(
        pl.col("alert_id").is_in(alerts)
    )
    found = {row["alert_id"]: (row["status"], row["outcome"]) for row in told.to_dicts()}
    assert found[alerts[0]] == ("closed", "taken_in_dibao")
    assert found[alerts[1]] == ("open", "not_verified")


def test_what_a_visit_confirmed_counts_for_its_rule(third_day):
    home, alerts, _ = third_day
    rule = batches(home).filter(pl.col("alert_id") == alerts[0])["rule_id"][0]
    fared = pl.read_parquet(home.published / "parquet" / "rpt_rule_performance.parquet")
    assert fared.filter(pl.col("rule_id") == rule).select("replied", "confirmed").row(0) == (1, 1)


def test_reading_the_file_again_is_told_and_changes_nothing(third_day, wendu):
    home, _, _ = third_day
    before = sorted(home.replies.rglob("*"))
    ran = wendu("replies", "--received-on", "2024-05-03", "回复.xlsx", home=home.root)
    assert ran.code == 2  # there is no such file here
    path = home.root / "回复.xlsx"
    ran = wendu("replies", "--received-on", "2024-05-03", str(path), home=home.root)
    assert (ran.code, "read before" in ran.out) == (0, True)
    assert sorted(home.replies.rglob("*")) == before


def test_a_home_that_is_not_run_day_by_day_asks_from_when_replies_count(third_day, wendu):
    home, _, _ = third_day
    ran = wendu("replies", home=home.root)
    assert (ran.code, f"--received-on {THIRD_DAY + timedelta(days=1)}" in ran.err) == (4, True)


def test_every_list_carries_the_mark_by_which_it_is_known(third_day):
    home, _, _ = third_day
    known = batches(home)
    assert all(is_batch(batch) for batch in known["batch_id"].unique())
    assert known["on_date"].unique().to_list() == [date(2024, 5, 1)]
