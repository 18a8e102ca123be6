"""Tables that come again as they were: not read anew, and nothing differs for it."""

import sqlite3
import sys
from datetime import date
from pathlib import Path

import pytest

from pipelines.contracts.sources import contracts_of, load_contracts
from pipelines.ingest import Receipt
from tests.unit.deliveries import (
    FIRST,
    SECOND,
    THIRD,
    Office,
    member,
    number,
    payment_row,
    payroll_row,
)
from tests.unit.test_ingest import files, standing

MEMBERS = load_contracts()["civil_affairs", "members"]


def carried_over(receipts: list[Receipt], table: str = "payroll") -> list[date | None]:
    """From which delivery each receipt took a table's results."""
    return [receipt.tables[table].carried_over_from for receipt in receipts]


def shelves(office: Office) -> dict[str, bytes]:
    """Lake and quarantine without the receipts."""
    return {name: content for name, content in files(office.home.root).items()
            if "_receipts" not in name}  # fmt: skip


def test_a_table_sent_again_byte_for_byte_is_carried_over(office: Office) -> None:
    for day in (FIRST, SECOND, THIRD):
        office.payroll(day, payroll_row(1), payroll_row(2))
    assert carried_over(office.receive()) == [None, FIRST, SECOND]


def test_a_table_carried_over_is_not_judged_again(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1))
    office.payroll(SECOND, payroll_row(1))
    office.receive(until=FIRST)
    office.gate.rows.clear()
    office.receive()
    assert office.gate.rows == {}


def test_every_row_of_a_table_carried_over_is_unchanged(office: Office) -> None:
    for day in (FIRST, SECOND):
        office.payroll(day, payroll_row(1), payroll_row(1), payroll_row(2))
    counts = office.receive()[1].tables["payroll"]
    assert (counts.received, counts.exact_duplicates, counts.upserted, counts.unchanged) == (
        3, 1, 0, 2,
    )  # fmt: skip


def test_a_table_that_differs_by_one_byte_is_read(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1))
    path = office.payroll(SECOND, payroll_row(1))
    path.write_bytes(path.read_bytes() + b"\n")
    assert carried_over(office.receive()) == [None, None]


@pytest.mark.parametrize("faulty", [payroll_row(2, until="昨天"), payroll_row(2, "x")])
def test_a_table_with_a_fault_is_read_again(office: Office, faulty: str) -> None:
    office.payroll(FIRST, payroll_row(1), faulty)
    office.payroll(SECOND, payroll_row(1), faulty)
    assert carried_over(office.receive()) == [None, None]


def test_a_fault_that_time_has_mended_is_no_fault_any_more(office: Office) -> None:
    row = payment_row("P1", paid_on=SECOND.isoformat())
    office.payments(FIRST, row)
    office.payments(SECOND, row)
    receipts = office.receive()
    assert [receipt.tables["payments"].accepted for receipt in receipts] == [0, 1]


def test_a_stale_key_stays_stale_when_its_fault_comes_again(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2))
    for day in (SECOND, THIRD):
        office.payroll(day, payroll_row(1), payroll_row(2, "x"))
    office.receive()
    assert list(standing(office, THIRD).values()) == [False, True]


def test_a_table_is_compared_with_the_last_delivery_that_held_it(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1))
    office.payroll(SECOND, payroll_row(1, "6000"))
    office.payroll(THIRD, payroll_row(1))
    assert carried_over(office.receive()) == [None, None, None]


def test_a_table_is_read_again_when_its_declaration_has_changed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.payroll(FIRST, payroll_row(1))
    office.payroll(SECOND, payroll_row(1))
    office.receive(until=FIRST)
    changed = [
        contract.model_copy(update={"expectations": contract.expectations[1:]})
        for contract in contracts_of("finance")
    ]
    receiving = sys.modules["pipelines.ingest.receive"]
    monkeypatch.setattr(receiving, "contracts_of", lambda _: changed)
    assert carried_over(office.receive()) == [None]


def test_a_table_is_read_again_in_a_new_year(office: Office) -> None:
    days = (date(2024, 12, 31), date(2025, 1, 1))
    for day in days:
        office.payroll(day, payroll_row(1))
    assert carried_over(office.receive(until=days[1])) == [None, None]


def certificates(area_code: str, blank: str = "") -> bytes:
    titles = "cert_no,name,category,level,issued_on,status,area_code"
    row = f"{number(1)}43,张某,4,3,2020-01-01,1,{area_code}"
    return f"{titles}\n{row}\n{blank}".encode()


def test_carrying_over_leaves_the_bytes_that_reading_leaves(office: Office, tmp_path: Path) -> None:
    full = Office(tmp_path / "full")
    (full.home.vault / "key").write_bytes((office.home.vault / "key").read_bytes())
    (full.home.vault / "check.sealed").unlink()
    full.vault = type(full.vault).open(full.home)
    for place, blank in ((office, ""), (full, "\n")):
        for day, end in ((FIRST, ""), (SECOND, blank), (THIRD, "")):
            content = certificates("371599001001", end)
            place.file("disabled_federation", day, "certificates.csv", content)
            place.receive("disabled_federation")
    assert shelves(office) == shelves(full)


def test_remarks_on_kept_values_are_told_again_under_the_new_name(office: Office) -> None:
    for day in (FIRST, SECOND):
        name = f"certificates_{day}.csv"
        office.file("disabled_federation", day, name, certificates("371599001001"))
    office.receive("disabled_federation")
    faults = office.faults("disabled_federation", "certificates", SECOND)
    assert set(faults.select("file", "received_on").rows()) == {
        (f"certificates_{SECOND}.csv", SECOND)
    }


def household_file(office: Office, day: date, cases: int) -> Path:
    """Members that stay and homeless cases that differ, in one database."""
    path = office.database(day, "members", [member("J1", 1), member("J1", 2)])
    with sqlite3.connect(path) as connection:
        connection.execute("create table vagrants (case_no, station, received_on)")
        connection.executemany(
            "insert into vagrants values (?, '站', '2024-03-01')",
            [(str(case),) for case in range(cases)],
        )
    connection.close()
    return path


def test_of_a_database_only_the_tables_that_changed_are_read(office: Office) -> None:
    household_file(office, FIRST, 1)
    household_file(office, SECOND, 2)
    receipts = office.receive("civil_affairs")
    found = [carried_over(receipts, table)[1] for table in ("members", "vagrants")]
    assert found == [FIRST, None]


def test_a_database_table_without_rows_is_no_news_of_an_append_table(office: Office) -> None:
    household_file(office, FIRST, 0)
    (receipt,) = office.receive("civil_affairs")
    assert (receipt.verdict, receipt.tables["vagrants"].received) == ("accepted", 0)


def test_a_value_with_a_control_character_keeps_its_place(office: Office) -> None:
    rows = [member("J1", 1, name="张\x1f某"), member("J1", 2)]
    office.database(FIRST, "members", rows)
    (receipt,) = office.receive("civil_affairs")
    sealed = office.vault.identities("civil_affairs", "members")
    assert (receipt.tables["members"].accepted, set(sealed["name"])) == (2, {"张某"})


def test_a_table_that_holds_our_own_marks_is_read_again(office: Office) -> None:
    for day in (FIRST, SECOND):
        office.database(day, "members", [member("J1", 1, name="张\x1f某")])
    assert carried_over(office.receive("civil_affairs"), "members") == [None, None]
