"""What the shared city's third day brings, before it is run.

The departments send their day, civil affairs besides a cremation of February that was told late,
and a township returns a list. No test stands here.
"""

import csv
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import polars as pl

from pipelines.outreach.layout import HEADER_ROW, REPLY_SHEETS
from pipelines.settings import DEPARTMENTS, Home
from tests.conftest import FIRST_DAY, SECOND_DAY

THIRD_DAY = SECOND_DAY + timedelta(days=1)
VISITED = datetime.combine(SECOND_DAY, datetime.min.time())
RETURNED = "回复.xlsx"


def bring_the_third_day(world: Home, home: Home) -> None:
    """Copy a home of two days and put into the copy what comes on the third."""
    shutil.copytree(world.root, home.root, symlinks=True)
    for department in DEPARTMENTS:
        shutil.copytree(home.delivery(department, SECOND_DAY), home.delivery(department, THIRD_DAY))
    database = home.delivery("civil_affairs", THIRD_DAY) / "civil_affairs.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute(
            "insert into cremations values (?, ?, '2024-02-10', '2024-02-12')",
            paid_in_april(home),
        )
    line = returned_line(home)
    answers = {line.line_id: {"走访结果": "纳入低保", "结果②": "未能核实", "走访日期": VISITED}}
    book = filled_in(home.day(SECOND_DAY) / "lists" / f"{line.office}.xlsx", answers)
    inbox = home.replies / "inbox"
    inbox.mkdir(parents=True)
    book.save(inbox / RETURNED)
    shutil.copy(inbox / RETURNED, home.root / RETURNED)


def paid_in_april(home: Home) -> tuple[str, str]:
    """Number and name of somebody who was paid the nursing allowance for April."""
    file = home.delivery("finance", FIRST_DAY) / "payments_2102_202404.csv"
    with file.open(encoding="gb18030", newline="") as rows:
        paid = next(row for row in csv.DictReader(rows) if row["发放状态"] == "1")
    return paid["证件号码"], paid["姓名"]


@dataclass(frozen=True)
class Line:
    """A line of a list of the second day, and the alerts that it shows."""

    office: str
    line_id: str
    alerts: tuple[str, ...]


def batches(home: Home) -> pl.DataFrame:
    """What stands on the lists of the second day."""
    return pl.read_parquet(home.day(SECOND_DAY) / "batches.parquet")


def returned_line(home: Home) -> Line:
    """The line that is answered: one that shows several reasons; the second came out otherwise."""
    of_alerts = batches(home).filter(pl.col("rule_id").is_not_null())
    line = of_alerts.filter(pl.col("position") == 2).sort("line_id").row(0, named=True)
    alerts = of_alerts.filter(pl.col("line_id") == line["line_id"]).sort("position")["alert_id"]
    return Line(line["office"], line["line_id"], tuple(alerts))


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
