"""Whatever arrives: no traceback, one clear sentence or exact refusals, and no row lost."""

import re
from datetime import date

import polars as pl
import pytest

from pipelines.contracts.city import City, Connection, load_city
from pipelines.ingest import Receipt, load_receipts, receive, state
from tests.unit.broken_deliveries import DATABASES, FILES, ROWS, Breakage, csv_bytes, good
from tests.unit.deliveries import FIRST, SECOND, THIRD, Office, number, payroll_row


def received(office: Office, breakage: Breakage, city: City, day: date = FIRST) -> Receipt:
    folder = office.home.delivery("finance", day)
    folder.mkdir(parents=True)
    breakage.make(folder)
    (receipt,) = receive(office.home, city, "finance", day, office.vault, office.gate)  # type: ignore[arg-type]
    return receipt


def check(office: Office, breakage: Breakage, receipt: Receipt) -> None:
    if breakage.fails:
        assert receipt.verdict == "failed"
        assert_is_one_sentence(receipt.message)
        assert state(office.home, "finance", "payroll", THIRD).is_empty()
        return
    assert receipt.verdict == "accepted", receipt.message
    counts = receipt.tables["payroll"]
    assert counts.received == counts.accepted + counts.quarantined + counts.exact_duplicates
    assert (counts.accepted, counts.exact_duplicates) == (breakage.accepted, breakage.duplicates)
    assert counts.quarantined == sum(breakage.refused.values())
    if counts.quarantined or breakage.values:
        faults = office.faults("finance", "payroll", FIRST)
        by_severity = dict(faults.group_by("severity").len().iter_rows())
        assert by_severity.get("value", 0) == breakage.values
        for reason, rows in breakage.refused.items():
            if reason:
                refused = faults.filter(pl.col("reason") == reason).select("file", "line").unique()
                assert refused.height == rows, faults["reason"].to_list()


def assert_is_one_sentence(sentence: str) -> None:
    assert sentence
    assert "\n" not in sentence
    assert not re.search(r"Traceback|Error:|Exception|0x[0-9a-f]{6}|\d{15}", sentence), sentence
    assert len(sentence) < 400


@pytest.mark.parametrize("breakage", FILES, ids=lambda breakage: breakage.name)
def test_a_broken_file_is_told_or_refused_exactly(office: Office, breakage: Breakage) -> None:
    check(office, breakage, received(office, breakage, load_city("371500")))


@pytest.mark.parametrize("breakage", DATABASES, ids=lambda breakage: breakage.name)
def test_a_broken_database_is_told_or_refused_exactly(office: Office, breakage: Breakage) -> None:
    city = load_city("371500")
    kept_here = Connection(form="database", url="sqlite:///{delivery}/finance.sqlite")
    city = city.model_copy(update={"departments": city.departments | {"finance": kept_here}})
    check(office, breakage, received(office, breakage, city))


def test_after_a_broken_delivery_the_state_before_stands(office: Office) -> None:
    office.file("finance", FIRST, "payroll.csv", csv_bytes(good()))
    office.receive(until=FIRST)
    office.file("finance", SECOND, "payroll.csv", b"\0")
    (receipt,) = office.receive(until=SECOND)
    assert receipt.verdict == "failed"
    assert state(office.home, "finance", "payroll", SECOND).height == ROWS


def test_yesterdays_file_again_changes_nothing(office: Office) -> None:
    for day in (FIRST, SECOND):
        office.file("finance", day, "payroll.csv", csv_bytes(good()))
    office.receive()
    (today,) = load_receipts(office.home, SECOND)[1:]
    counts = today.tables["payroll"]
    assert (counts.accepted, counts.upserted, counts.removed) == (ROWS, 0, 0)


def large(rows: range) -> list[str]:
    return [
        payroll_row(at % 1000, id_no=number(at % 1000, f"19{50 + at // 1000}0101")) for at in rows
    ]


@pytest.mark.parametrize(
    ("standing", "left", "verdict"),
    [
        (200, 139, "failed"),
        (200, 140, "accepted"),
        (199, 60, "accepted"),
        (2000, 1000, "failed"),
        (199, 39, "failed"),
        (20, 3, "failed"),
        (20, 4, "accepted"),
        (19, 1, "accepted"),
    ],
)
def test_a_snapshot_that_lost_too_much_is_held(
    office: Office, standing: int, left: int, verdict: str
) -> None:
    office.payroll(FIRST, *large(range(standing)))
    office.payroll(SECOND, *large(range(left)))
    receipts = office.receive(until=SECOND)
    assert [receipt.verdict for receipt in receipts] == ["accepted", verdict]
    stands = state(office.home, "finance", "payroll", SECOND).height
    assert stands == (left if verdict == "accepted" else standing)


def test_a_large_loss_that_somebody_signed_for_is_believed(office: Office) -> None:
    office.payroll(FIRST, *large(range(300)))
    office.payroll(SECOND, *large(range(10)))
    city = load_city("371500")
    signed = Connection(believed=(SECOND,))
    city = city.model_copy(update={"departments": city.departments | {"finance": signed}})
    receipts = receive(office.home, city, "finance", SECOND, office.vault, office.gate)  # type: ignore[arg-type]
    assert [receipt.verdict for receipt in receipts] == ["accepted", "accepted"]
