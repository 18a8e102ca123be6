"""What is deleted after a time, and what stays."""

import os
from datetime import date, datetime, timedelta

import polars as pl

from pipelines.contracts.city import load_city
from pipelines.ingest import load_receipts
from pipelines.ingest.quarantine import load_rejections
from pipelines.ingest.retention import Deleted, delete_old
from pipelines.ingest.unread import unread_files
from pipelines.settings import TIME_ZONE
from tests.unit.deliveries import FIRST, SECOND, THIRD, Office, number, payment_row, payroll_row

DAYS = 31
CITY = load_city("371500")
LAST_KEPT = FIRST + timedelta(days=DAYS)


def test_a_delivery_is_kept_to_the_day_and_then_deleted_with_its_refused_content(office: Office):
    office.payroll(FIRST, payroll_row(1), payroll_row(2, wage="五千"))
    office.receive()
    rejections = load_rejections(office.home, THIRD)
    assert delete_old(office.home, CITY, LAST_KEPT, DAYS) == Deleted()
    assert delete_old(office.home, CITY, LAST_KEPT + timedelta(days=1), DAYS) == Deleted(1, 1, 0)
    assert not office.home.delivery("finance", FIRST).exists()
    assert office.faults("finance", "payroll", FIRST)["raw"].to_list() == [None]
    everything = b"".join(path.read_bytes() for path in office.home.quarantine.rglob("*.parquet"))
    assert number(2).encode() not in everything
    assert load_rejections(office.home, THIRD).equals(rejections)
    assert [receipt.verdict for receipt in load_receipts(office.home, THIRD)] == ["accepted"]
    assert delete_old(office.home, CITY, LAST_KEPT + timedelta(days=1), DAYS) == Deleted()


def test_a_delivery_that_was_not_accepted_stays(office: Office):
    office.payroll(FIRST, payroll_row(1))
    office.file("finance", SECOND, "payroll.csv", b"nothing")
    office.receive()
    delete_old(office.home, CITY, date(2025, 1, 1), DAYS)
    kept = [path.parent.name for path in office.home.landing.rglob("*.csv")]
    assert kept == ["2024-04-02"]


def test_a_file_that_came_after_its_delivery_was_accepted_stays_and_is_told(office: Office):
    office.payroll(FIRST, payroll_row(1))
    office.payments(FIRST, payment_row("P1"))
    (receipt,) = office.receive()
    late = office.payments(FIRST, payment_row("P2"), name="payments_late.csv")
    corrected = office.payments(FIRST, payment_row("P1", amount="1200.00"))
    on_date = LAST_KEPT + timedelta(days=1)
    assert delete_old(office.home, CITY, on_date, DAYS) == Deleted(1, 0, 0)
    assert {*office.home.delivery("finance", FIRST).iterdir()} == {late, corrected}
    assert delete_old(office.home, CITY, on_date, DAYS) == Deleted()
    told = unread_files(office.home, CITY, receipt, looks_inside=False)
    assert told == ["payments.csv", "payments_late.csv"]


def test_returned_lists_go_by_the_day_they_came_and_accepted_answers_stay(office: Office):
    for place, day in (("received", FIRST), ("received", LAST_KEPT), ("accepted", FIRST)):
        path = office.home.replies / place / f"{day}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame({"outcome": ["away"]}).write_parquet(path)
        at = datetime(day.year, day.month, day.day, 12, tzinfo=TIME_ZONE).timestamp()
        os.utime(path, (at, at))
    assert delete_old(office.home, CITY, LAST_KEPT + timedelta(days=1), DAYS).workbooks == 1
    left = sorted(path.relative_to(office.home.replies).as_posix()
                  for path in office.home.replies.rglob("*.parquet"))  # fmt: skip
    assert left == ["accepted/2024-04-01.parquet", "received/2024-05-02.parquet"]


def test_departments_workbooks_of_old_days_go_with_their_counts(office: Office):
    for day in (FIRST, LAST_KEPT):
        folder = office.home.corrections / str(day)
        folder.mkdir(parents=True)
        (folder / "finance.xlsx").write_bytes(b"book")
        (folder / "counts.json").write_text("{}")
    assert delete_old(office.home, CITY, LAST_KEPT + timedelta(days=1), DAYS).workbooks == 1
    assert [folder.name for folder in office.home.corrections.iterdir()] == [str(LAST_KEPT)]
