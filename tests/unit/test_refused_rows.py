"""Whom refused rows name, until a later delivery mends them: keys as in the lake, no value."""

from datetime import date

import polars as pl

from pipelines.contracts.sources import load_contracts
from pipelines.ingest import load_receipts
from pipelines.ingest.refused_rows import REFUSED_ROWS, refused_rows
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


def refused(office: Office, on_date: date) -> list[dict[str, object]]:
    found = refused_rows(
        office.home, load_contracts(), load_receipts(office.home, on_date), on_date, office.vault
    )
    assert found.schema == REFUSED_ROWS
    return found.to_dicts()


def key(office: Office, sequence: int) -> bytes:
    return bytes(office.vault.pseudonyms("person", pl.Series([number(sequence)]))[0])


def family(office: Office, household_no: str) -> bytes:
    return bytes(office.vault.pseudonyms("household", pl.Series([household_no]))[0])


def test_a_refused_payment_names_payee_family_programme_and_month(office):
    office.payments(FIRST, payment_row("P1", amount="一百"), payment_row("P2", 2))
    office.receive()
    assert refused(office, FIRST) == [
        {
            "row_no": 0, "department": "finance", "table_name": "payments",
            "title_zh": "一卡通发放明细", "received_on": FIRST, "person_key": key(office, 1),
            "household_key": family(office, "J1"), "number": "P1", "program": "1101",
            "period": date(2024, 3, 1),
        }
    ]  # fmt: skip


def test_a_line_that_is_no_row_names_whoever_it_may_be_about(office):
    office.payments(FIRST, payment_row("P1") + ",x", payment_row("P2", 2), "P3,too short")
    office.receive()
    found = [(row["row_no"], row["person_key"], row["number"]) for row in refused(office, FIRST)]
    assert sorted(found, key=str) == [(0, key(office, 1), None), (1, None, None)]


def test_a_row_with_two_faults_is_one_row(office):
    office.payments(FIRST, payment_row("P1", amount="一百", paid_on="昨天"), payment_row("P2", 2))
    office.receive()
    assert [row["number"] for row in refused(office, FIRST)] == ["P1"]


def test_of_a_number_that_came_for_two_people_both_are_named(office):
    office.payments(FIRST, payment_row("P1"), payment_row("P1", 2), payment_row("P2", 3))
    office.receive()
    found = refused(office, FIRST)
    assert [row["person_key"] for row in found] == [key(office, 1), key(office, 2)]
    assert [row["row_no"] for row in found] == [0, 1]


def test_a_mended_row_is_no_longer_among_them(office):
    office.payments(FIRST, payment_row("P1", amount="一百"), payment_row("P2", 2))
    office.payments(SECOND, payment_row("P1"))
    office.receive()
    assert len(refused(office, FIRST)) == 1
    assert refused(office, SECOND) == []


def test_of_a_snapshot_the_newest_delivery_counts(office):
    office.payroll(FIRST, payroll_row(1), payroll_row(2, wage="五千"))
    office.payroll(SECOND, payroll_row(1), payroll_row(2), payroll_row(3, wage="六千"))
    office.receive()
    assert [row["person_key"] for row in refused(office, SECOND)] == [key(office, 3)]
    assert [row["received_on"] for row in refused(office, THIRD)] == [SECOND]


def test_who_cannot_be_read_is_null_and_the_family_stays(office):
    broken = member("J1", 2) | {"id_no": number(2)[:-1] + "?"}
    office.database(FIRST, "members", [member("J1", 1), broken])
    office.receive("civil_affairs")
    (row,) = refused(office, FIRST)
    assert (row["person_key"], row["household_key"]) == (None, family(office, "J1"))


def test_a_marriage_names_both(office):
    row = {
        "certificate_no": "M1", "kind": "1", "id_a": number(1), "id_b": number(2),
        "registered_on": "2024-03-01",
    }  # fmt: skip
    office.database(FIRST, "marriages", [row | {"kind": "？"}, row | {"certificate_no": "M2"}])
    office.receive("civil_affairs")
    found = refused(office, FIRST)
    assert {row["person_key"] for row in found} == {key(office, 1), key(office, 2)}
    assert {(row["row_no"], row["number"]) for row in found} == {(0, "M1")}


def test_what_was_refused_of_a_value_alone_is_no_refused_row(office):
    office.payroll(FIRST, payroll_row(1), payroll_row(2, until="昨天"))
    (receipt,) = office.receive()
    assert receipt.tables["payroll"].value_faults == 1
    assert refused(office, FIRST) == []
