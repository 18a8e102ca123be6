"""What an operator is told of deliveries that lie in landing and are not in the lake."""

import json
import sys
from datetime import date

import pytest
from dagster._utils.error import SerializableErrorInfo, serializable_error_info_from_exc_info
from filelock import Timeout

from pipelines.defs.day_report import came_late, gaps, report_of
from pipelines.defs.installation import HomeInUseError, Installation
from tests.unit.deliveries import FIRST, SECOND, THIRD, Office, payment_row, payroll_row


@pytest.fixture
def office(tmp_path):
    office = Office(tmp_path / "home")
    office.payroll(FIRST, payroll_row(1))
    office.payments(FIRST, payment_row("P1"))
    return office


def told(office: Office, on_date: date) -> list[str]:
    """Sentences on finance's deliveries."""
    sentences = gaps(Installation(office.home, "371500"), on_date)
    return [sentence for sentence in sentences if sentence.startswith("finance, delivery")]


def broken_second_day(office: Office) -> None:
    office.payments(SECOND, payment_row("P2"))
    office.file("finance", SECOND, "payroll.csv", b"")
    office.payroll(THIRD, payroll_row(1))
    office.receive()


def test_a_failed_delivery_is_told_though_a_later_one_was_accepted(office):
    broken_second_day(office)
    [sentence] = told(office, THIRD)
    assert sentence.startswith(f"finance, delivery of {SECOND}: payroll.csv: the file is empty")
    assert "no later delivery brings what it held" in sentence


def test_what_failed_before_the_first_delivery_came_with_that(tmp_path):
    office = Office(tmp_path / "home")
    office.file("finance", FIRST, "payroll.csv", b"")
    office.payroll(SECOND, payroll_row(1))
    office.receive()
    assert told(office, SECOND) == []


def test_it_is_told_no_more_once_it_is_mended(office):
    broken_second_day(office)
    office.payroll(SECOND, payroll_row(1))
    office.receive()
    assert told(office, THIRD) == []


def test_nor_once_it_was_taken_away(office):
    broken_second_day(office)
    folder = office.home.delivery("finance", SECOND)
    folder.rename(folder.with_name("taken away"))
    office.receive()
    assert told(office, THIRD) == []


def test_a_file_that_came_into_an_accepted_delivery_is_told(office):
    office.receive()
    assert told(office, FIRST) == []
    office.payments(FIRST, payment_row("P2"), name="payments_2.csv")
    office.receive()
    assert told(office, FIRST) == [
        f"finance, delivery of {FIRST}: payments_2.csv came after it was accepted and was not "
        "read; put it into the folder of a later date."
    ]


@pytest.mark.parametrize("amount", ["100.01", "1000.00"])
def test_another_content_in_the_place_of_a_file_that_was_read_is_told(office, amount):
    office.receive()
    office.payments(FIRST, payment_row("P1", amount=amount))
    office.receive()
    assert told(office, FIRST) == [
        f"finance, delivery of {FIRST}: payments.csv came after it was accepted and was not "
        "read; put it into the folder of a later date."
    ]


def test_what_is_of_no_table_is_not_told_again(office):
    office.file("finance", FIRST, "readme.txt", b"hello")
    office.receive()
    assert told(office, FIRST) == []


def publish(office: Office, day: date, *received: date) -> None:
    """A day that was judged with finance's deliveries of some days."""
    sources = [
        {"department": "finance", "received_on": str(on), "verdict": "accepted"} for on in received
    ]
    shown = office.home.published / ".versions" / str(day)
    shown.mkdir(parents=True)
    (shown / "manifest.json").write_text(json.dumps({"sources": sources}), encoding="utf-8")
    office.home.day(day).symlink_to(shown)


def test_a_delivery_of_a_day_that_was_judged_without_it_is_told_once(office):
    office.payroll(SECOND, payroll_row(1))
    office.receive()
    publish(office, FIRST, FIRST)
    publish(office, SECOND, FIRST)
    [sentence] = came_late(office.home, THIRD)
    assert f"finance of {SECOND}" in sentence
    assert f"`wendu run --date {SECOND}`" in sentence
    assert came_late(office.home, SECOND) == []
    publish(office, THIRD, FIRST, SECOND)
    assert came_late(office.home, date(2024, 4, 4)) == []


def test_a_table_that_was_refused_for_the_most_part_is_told_as_such(office):
    office.receive()
    office.payroll(SECOND, payroll_row(1))
    office.payments(
        SECOND, payment_row("P2"), *(payment_row(f"P{at}", amount="x") for at in range(3, 33))
    )
    office.receive()
    sentences = gaps(Installation(office.home, "371500"), SECOND)
    [refused] = [sentence for sentence in sentences if sentence.startswith("finance")]
    assert refused.startswith(f"finance: 30 of 31 rows of payments of {SECOND} were refused")


def as_recorded(fault: Exception) -> SerializableErrorInfo:
    """A fault as the orchestrator keeps it."""
    try:
        raise fault
    except Exception:
        return serializable_error_info_from_exc_info(sys.exc_info())


@pytest.mark.parametrize(
    ("cause", "tells"),
    [
        (Timeout("run.lock"), "The home is in use by process 7; wait."),
        (OSError(28, "No space left on device"), "is full"),
    ],
)
def test_what_was_foreseen_is_told_whatever_it_came_from(office, cause, tells):
    fault = HomeInUseError("The home is in use by process 7; wait.")
    fault.__cause__ = cause
    step = RuntimeError("a step")
    step.__cause__ = fault
    where = Installation(office.home, "371500")
    report = report_of(where, FIRST, False, [as_recorded(step)], {})
    assert tells in report.sentences[0]
