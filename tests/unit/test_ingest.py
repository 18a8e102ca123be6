"""Deliveries through the front door: rows accounted for, states kept, faults contained."""

import errno
import itertools
import os
import re
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import pipelines.ingest.receive  # noqa: F401 - its name is that of a function
from pipelines.ingest import clean_up, intake, load_receipts, state
from pipelines.ingest.quarantine import load_rejections, quarantine_shelf
from pipelines.ingest.read_ahead import one_ahead
from pipelines.settings import WenduError, put_in_place
from tests.unit.deliveries import (
    FIRST,
    SECOND,
    THIRD,
    Gate,
    Office,
    member,
    number,
    payment_row,
    payroll_row,
)

receiving = sys.modules["pipelines.ingest.receive"]


def key(office: Office, sequence: int) -> bytes:
    return office.vault.pseudonyms("person", pl.Series([number(sequence)]))[0]


def standing(office: Office, day: date, table: str = "payroll") -> dict[bytes, bool]:
    """Person keys that stand on a day, and whether stale."""
    department = "finance" if table == "payroll" else "civil_affairs"
    rows = state(office.home, department, table, day)
    return dict(rows.select("person_key", "is_stale").iter_rows())


def shelf(office: Office, day: date, table: str = "payroll") -> pl.DataFrame:
    return pl.read_parquet(office.home.shelf("finance", table, day))


def files(root: Path) -> dict[str, bytes]:
    """Every byte below the lake and quarantine."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for place in ("lake", "quarantine")
        for path in sorted((root / place).rglob("*"))
        if path.is_file()
    }


class PanicException(BaseException):
    """What a damaged file can make a library raise."""


@pytest.mark.parametrize("fault", [ZeroDivisionError("李某某"), PanicException("李某某")])
def test_a_fault_that_nobody_foresaw_costs_the_delivery_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise fault

    office.payroll(FIRST, payroll_row(1))
    with monkeypatch.context() as broken:
        broken.setattr(receiving, "open_delivery", fail)
        (receipt,) = office.receive()
    assert receipt.verdict == "failed"
    assert type(fault).__name__ in receipt.message
    assert "李某某" not in receipt.message
    (receipt,) = office.receive()
    assert receipt.verdict == "accepted"


def test_an_interrupt_is_no_fault_of_a_delivery(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    office.payroll(FIRST, payroll_row(1))
    monkeypatch.setattr(receiving, "open_delivery", stop)
    with pytest.raises(KeyboardInterrupt):
        office.receive()
    assert load_receipts(office.home, FIRST) == []


def test_numbers_that_a_spreadsheet_shortened_make_no_two_payments_one(office: Office) -> None:
    office.payments(
        FIRST,
        payment_row("5.00120E+16"),
        payment_row("5.00120E+16", 2),
        payment_row("P3", 3, account_no="9.99999E+18"),
        payment_row("P4", 4, household_no="5.0E+16"),
    )
    (receipt,) = office.receive()
    counts = receipt.tables["payments"]
    assert (counts.accepted, counts.quarantined, counts.value_faults) == (1, 3, 1)
    assert counts.reasons == {"id_lost_digits": 4}
    assert shelf(office, FIRST, "payments")["household_key"].to_list() == [None]


def test_every_row_is_accepted_refused_or_a_duplicate(office: Office) -> None:
    rows = [payroll_row(1), payroll_row(1), payroll_row(2), payroll_row(3, "x"), "短,行"]
    office.payroll(FIRST, *rows)
    (receipt,) = office.receive()
    counts = receipt.tables["payroll"]
    assert (counts.received, counts.accepted, counts.exact_duplicates, counts.quarantined) == (
        5, 2, 1, 2,
    )  # fmt: skip


def test_what_was_accepted_outlives_a_crash_of_the_machine(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda opened: on_disk.add(os.fstat(opened).st_ino))
    office.payroll(FIRST, payroll_row(1), "短,行")
    office.receive()
    places = (office.home.lake, office.home.vault / "finance", office.home.root / "quarantine")
    kept = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert {path.suffix for path in kept} >= {".parquet", ".sealed", ".json"}
    assert not [path for path in kept if path.stat().st_ino not in on_disk]


def test_a_drive_that_cannot_be_asked_about_its_folders_takes_deliveries(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(opened: int) -> None:
        if stat.S_ISDIR(os.fstat(opened).st_mode):
            raise OSError(errno.EINVAL, "")

    monkeypatch.setattr(os, "fsync", cannot)
    office.payroll(FIRST, payroll_row(1))
    assert [receipt.verdict for receipt in office.receive()] == ["accepted"]


def test_a_disk_that_loses_what_is_written_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def loses(opened: int) -> None:
        written.append(opened)
        if len(written) == 1:
            raise OSError(errno.EIO, "")

    monkeypatch.setattr(os, "fsync", loses)
    office.payroll(FIRST, payroll_row(1))
    (receipt,) = office.receive()
    assert receipt.verdict == "failed"
    assert "check the files and the disk" in receipt.message
    assert not standing(office, FIRST)


def test_short_and_long_form_of_a_number_are_one_row(office: Office) -> None:
    short = number(1)[:6] + number(1)[8:17]
    office.payroll(FIRST, payroll_row(1), payroll_row(1, id_no=short))
    (receipt,) = office.receive()
    assert receipt.tables["payroll"].exact_duplicates == 1


def test_all_rows_of_a_key_with_differing_content_are_refused(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1, "1"), payroll_row(1, "2"), payroll_row(2))
    (receipt,) = office.receive()
    assert receipt.tables["payroll"].reasons == {"duplicate_key": 2}


@pytest.mark.parametrize("rows_at_once", [10, 1])
def test_a_key_repeated_in_another_file_of_the_delivery_is_found(
    office: Office, monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    monkeypatch.setattr(intake, "ROWS_AT_ONCE", rows_at_once)
    office.payments(FIRST, payment_row("P1", amount="6"), name="payments_1.csv")
    office.payments(FIRST, payment_row("P1", amount="7"), name="payments_2.csv")
    office.payments(FIRST, payment_row("P2"), name="payments_3.csv")
    (receipt,) = office.receive()
    assert receipt.tables["payments"].reasons == {"duplicate_key": 2}
    kept = pl.read_parquet(quarantine_shelf(office.home, "finance", "payments", FIRST))
    assert kept["file"].to_list() == ["payments_1.csv", "payments_2.csv"]
    assert kept["raw"].str.json_path_match("$.amount").to_list() == ["6", "7"]


def test_rows_that_differ_only_in_a_restricted_value_are_a_conflict(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(1, employer="他局"), payroll_row(2))
    (receipt,) = office.receive()
    assert receipt.tables["payroll"].reasons == {"duplicate_key": 2}


def test_a_wrong_optional_value_is_null_and_recorded(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1, until="昨天"))
    office.receive()
    assert (
        shelf(office, FIRST)["until"].to_list(),
        office.faults("finance", "payroll", FIRST)["severity"].to_list(),
    ) == ([None], ["value"])


def test_a_refused_row_keeps_file_line_field_and_raw_text(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2, "abc"))
    office.receive()
    fault = office.faults("finance", "payroll", FIRST).row(0, named=True)
    assert (fault["file"], fault["line"], fault["field"], '"abc"' in fault["raw"]) == (
        "payroll.csv", 3, "monthly_wage", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"payment_no": ""}, "missing_required"),
        ({"id_no": "3.71502E+17"}, "id_lost_digits"),
        ({"id_no": "0" * 18}, "id_placeholder"),
        ({"period": "202413"}, "bad_month"),
        ({"amount": "1.234"}, "bad_money"),
        ({"paid_on": "2024-02-30"}, "bad_date"),
        ({"paid_on": "2024-04-02"}, "future_date"),
        ({"program": "9999"}, "unknown_code"),
    ],
)
def test_a_required_value_at_fault_refuses_its_row(
    office: Office, values: dict[str, str], reason: str
) -> None:
    office.payments(FIRST, payment_row("P1"), payment_row("P2", 2) if not values else
                    payment_row(**({"payment_no": "P2", "sequence": 2} | values)))  # fmt: skip
    (receipt,) = office.receive()
    assert receipt.tables["payments"].reasons == {reason: 1}


def test_a_recovery_is_a_negative_amount(office: Office) -> None:
    office.payments(FIRST, payment_row("P1", amount="-100"))
    (receipt,) = office.receive()
    assert receipt.tables["payments"].accepted == 1


def certificate(tail: str = "43", **values: str) -> bytes:
    cells = {"cert_no": number(1) + tail, "name": "张某", "category": "4", "level": "3",
             "issued_on": "2020-01-01", "status": "1", "area_code": "371502001001"}  # fmt: skip
    cells |= values
    good = cells | {"cert_no": number(2) + "43", "category": "4", "level": "3"}
    lines = [",".join(cells), ",".join(cells.values()), ",".join(good.values())]
    return "\n".join(lines).encode()


def test_a_certificate_that_disagrees_with_its_level_is_refused(office: Office) -> None:
    office.file("disabled_federation", FIRST, "certificates.csv", certificate(level="2"))
    (receipt,) = office.receive("disabled_federation")
    assert receipt.tables["certificates"].reasons == {"cert_id_mismatch": 1}


def test_a_certificate_is_filed_under_its_bearer(office: Office) -> None:
    office.file("disabled_federation", FIRST, "certificates.csv", certificate())
    office.receive("disabled_federation")
    rows = state(office.home, "disabled_federation", "certificates", FIRST)
    assert key(office, 1) in rows["person_key"].to_list()


def test_an_unknown_division_is_a_soft_flag(office: Office) -> None:
    content = certificate(area_code="371599001001")
    office.file("disabled_federation", FIRST, "certificates.csv", content)
    (receipt,) = office.receive("disabled_federation")
    counts = receipt.tables["certificates"]
    assert (counts.accepted, counts.soft_flags) == (2, 2)


def test_no_citizen_number_reaches_the_lake_inside_another_value(office: Office) -> None:
    office.payments(FIRST, payment_row(f"F{number(1)}01", fail_reason=f"卡号{'6' * 12}不符"))
    office.receive()
    row = shelf(office, FIRST, "payments").row(0, named=True)
    assert (number(1)[:17] in row["payment_no"], row["fail_reason"]) == (False, "卡号…不符")


def test_the_lake_has_exactly_the_declared_schema(office: Office) -> None:
    from pipelines.contracts.sources import load_contracts

    office.payments(FIRST, payment_row("P1"))
    office.receive()
    assert (
        shelf(office, FIRST, "payments").schema
        == load_contracts()["finance", "payments"].lake_schema
    )


def test_the_people_of_a_delivery_have_birth_date_and_sex(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1))
    office.receive()
    assert shelf(office, FIRST, "people").row(0) == (key(office, 1), date(1950, 1, 1), "M", FIRST)


def test_a_second_snapshot_stores_only_what_changed(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2), payroll_row(3))
    office.payroll(SECOND, payroll_row(1), payroll_row(2, "6000"))
    office.receive()
    changes = shelf(office, SECOND).select("person_key", "change", "supersedes")
    assert sorted(changes.rows()) == sorted(
        [(key(office, 2), "upsert", True), (key(office, 3), "remove", True)]
    )


def test_a_key_that_left_and_came_back_stands_again(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2))
    office.payroll(SECOND, payroll_row(1))
    office.payroll(THIRD, payroll_row(1), payroll_row(2))
    office.receive()
    assert [key(office, 2) in standing(office, day) for day in (FIRST, SECOND, THIRD)] == [
        True, False, True,
    ]  # fmt: skip


def test_a_key_whose_row_is_refused_stays_as_stale(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2))
    office.payroll(SECOND, payroll_row(1), payroll_row(2, "x"))
    office.receive()
    assert standing(office, SECOND) == {key(office, 1): False, key(office, 2): True}


def test_a_stale_key_is_fresh_again_when_its_row_is_mended(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2))
    office.payroll(SECOND, payroll_row(1), payroll_row(2, "x"))
    office.payroll(THIRD, payroll_row(1), payroll_row(2))
    office.receive()
    assert standing(office, THIRD) == {key(office, 1): False, key(office, 2): False}


def test_a_row_known_again_by_all_but_its_key_keeps_its_bearer(office: Office) -> None:
    wrong = number(2)[:17] + ("0" if number(2)[17] != "0" else "1")
    office.payroll(FIRST, payroll_row(1), payroll_row(2, "7777"), payroll_row(3, "8888"))
    office.payroll(SECOND, payroll_row(1), payroll_row(2, "7777", id_no=wrong))
    office.receive()
    assert standing(office, SECOND) == {key(office, 1): False, key(office, 2): True}


def test_whoever_s_number_has_a_wrong_check_character_alone_has_not_left(office: Office) -> None:
    wrong = number(2)[:17] + ("0" if number(2)[17] != "0" else "1")
    office.payroll(FIRST, payroll_row(1), payroll_row(2), payroll_row(3))
    office.payroll(SECOND, payroll_row(1, "6000"), payroll_row(2, "7000", id_no=f" {wrong}"))
    office.receive()
    assert standing(office, SECOND) == {key(office, 1): False, key(office, 2): True}


def line_of(sequence: int, printed: str, level: str) -> str:
    """A line of the certificates: the level printed in its number, and the one beside it."""
    return f"{number(sequence)}4{printed},张三,4,{level},2020-03-01,1,371522001200"


def certificates(office: Office, day: date, *lines: str) -> None:
    header = "残疾人证号,姓名,残疾类别,残疾等级,发证日期,证件状态,行政区划代码"
    content = "\n".join([header, *lines, ""]).encode()
    office.file("disabled_federation", day, "certificates.csv", content)


def test_a_certificate_that_came_under_a_number_not_its_own_has_not_left(office: Office) -> None:
    certificates(office, FIRST, *(line_of(who, "2", "2") for who in (1, 2, 3)))
    certificates(office, SECOND, line_of(1, "2", "2"), line_of(2, "3", "2"))
    certificates(office, THIRD, line_of(1, "2", "2"), line_of(2, "2", "2"))
    office.receive("disabled_federation")
    stand = [
        dict(
            state(office.home, "disabled_federation", "certificates", day)
            .select("person_key", "is_stale")
            .iter_rows()
        )
        for day in (SECOND, THIRD)
    ]
    assert stand == [
        {key(office, 1): False, key(office, 2): True},
        {key(office, 1): False, key(office, 2): False},
    ]


def test_members_of_a_household_with_an_unreadable_member_stay(office: Office) -> None:
    office.database(FIRST, "members", [member("J1", 1), member("J1", 2), member("J2", 3)])
    office.database(SECOND, "members", [member("J1", 1), member("J1", 2, id_no="3.7E+17")])
    office.receive("civil_affairs")
    assert standing(office, SECOND, "members") == {key(office, 1): False, key(office, 2): True}


@pytest.mark.parametrize(
    "line",
    [
        f"{payroll_row(2)},x".encode(),
        payroll_row(2).rpartition(",")[0].encode(),
        payroll_row(2, name="张").encode() + b"\xff",
        payroll_row(2, name='"张').encode(),
    ],
)
def test_a_key_in_a_line_that_is_no_row_stays_as_stale(office: Office, line: bytes) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2), payroll_row(3))
    with office.payroll(SECOND, payroll_row(1)).open("ab") as file:
        file.write(line + b"\n")
    (_, receipt) = office.receive()
    counts = receipt.tables["payroll"]
    assert (counts.quarantined, counts.stale, counts.removed) == (1, 1, 1)
    assert standing(office, SECOND) == {key(office, 1): False, key(office, 2): True}


def test_a_certificate_in_a_line_that_is_no_row_has_not_left(office: Office) -> None:
    certificates(office, FIRST, *(line_of(who, "2", "2") for who in (1, 2)))
    certificates(office, SECOND, line_of(1, "2", "2"), line_of(2, "2", "2") + ",x")
    office.receive("disabled_federation")
    stand = state(office.home, "disabled_federation", "certificates", SECOND)
    assert dict(stand.select("person_key", "is_stale").iter_rows()) == {
        key(office, 1): False, key(office, 2): True,
    }  # fmt: skip


def test_a_member_in_a_row_that_is_no_text_has_not_left(office: Office) -> None:
    office.database(FIRST, "members", [member("J1", 1), member("J1", 2), member("J2", 3)])
    office.database(SECOND, "members", [member("J1", 1), member("J1", 2, name="\x00")])
    path = office.home.delivery("civil_affairs", SECOND) / "civil_affairs.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("update members set name = cast(x'c1c4' as text) where name <> '张某'")
    connection.close()
    office.receive("civil_affairs")
    assert standing(office, SECOND, "members") == {key(office, 1): False, key(office, 2): True}


def test_a_watched_household_in_a_record_that_is_cut_short_has_not_left(office: Office) -> None:
    record = (
        '{"monitor_no": "M%d", "kind": 1, "area_code": "371502001001", '
        '"identified_on": "2023-01-01", "risk_removed": "否"}'
    )
    for day, lines in ((FIRST, [record % 1, record % 2, record % 3]),
                       (SECOND, [record % 1, (record % 2)[:-9], ""])):  # fmt: skip
        name = "monitored_households.ndjson"
        office.file("agriculture", day, name, "\n".join(lines).encode() + b"\n")
    (_, receipt) = office.receive("agriculture")
    counts = receipt.tables["monitored_households"]
    assert (counts.quarantined, counts.stale, counts.removed) == (1, 1, 1)


def test_an_appended_key_seen_again_replaces_the_older_row(office: Office) -> None:
    office.payments(FIRST, payment_row("P1"), payment_row("P2"))
    office.payments(SECOND, payment_row("P1", status="3"), payment_row("P2"), payment_row("P3"))
    office.receive()
    rows = shelf(office, SECOND, "payments").select("payment_no", "supersedes").rows()
    assert rows == [("P1", True), ("P3", False)]


def test_a_header_without_rows_fails_a_snapshot(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1))
    office.payroll(SECOND)
    office.receive()
    assert standing(office, SECOND) == {key(office, 1): False}


def test_a_header_without_rows_is_no_news_of_an_append_table(office: Office) -> None:
    office.payments(FIRST)
    (receipt,) = office.receive()
    assert (receipt.verdict, receipt.tables["payments"].received) == ("accepted", 0)


def test_a_snapshot_that_was_not_sent_is_named(office: Office) -> None:
    office.payments(FIRST, payment_row("P1"))
    (receipt,) = office.receive()
    assert "payroll" in receipt.message


def test_a_closed_gate_fails_the_delivery_and_shelves_nothing(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1))
    office.gate = Gate(is_open=False)
    (receipt,) = office.receive()
    assert (receipt.verdict, list(office.home.lake.glob("finance/*"))) == ("failed", [])


def test_the_gate_sees_accepted_rows_without_duplicates(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(1), payroll_row(2, "x"))
    office.receive()
    assert office.gate.rows == {"finance.payroll": 1}


def test_a_failed_delivery_is_tried_again(office: Office) -> None:
    path = office.payroll(FIRST)
    office.receive()
    path.unlink()
    office.payroll(FIRST, payroll_row(1))
    (receipt,) = office.receive()
    assert receipt.verdict == "accepted"


def test_an_accepted_delivery_is_not_received_again(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1))
    office.receive()
    assert office.receive() == []


def test_deliveries_after_the_day_wait(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1))
    office.payroll(SECOND, payroll_row(1))
    assert [receipt.received_on for receipt in office.receive(until=FIRST)] == [FIRST]


def test_the_order_of_arrival_changes_no_byte(office: Office, tmp_path: Path) -> None:
    days = {
        FIRST: [payroll_row(1), payroll_row(2)],
        SECOND: [payroll_row(1, "6000"), payroll_row(3), payroll_row(4, "x")],
        THIRD: [payroll_row(1, "6000"), payroll_row(2, "x"), payroll_row(4)],
    }
    late = Office(tmp_path / "late")
    (late.home.vault / "key").write_bytes((office.home.vault / "key").read_bytes())
    (late.home.vault / "check.sealed").unlink()
    late.vault = type(late.vault).open(late.home)
    for day, rows in days.items():
        office.payroll(day, *rows)
    office.receive()
    for day in (FIRST, THIRD, SECOND):
        late.payroll(day, *days[day])
        late.receive()
    assert files(late.home.root) == files(office.home.root)


def test_what_has_no_receipt_is_cleaned_up(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2, "x"))
    office.payroll(SECOND, payroll_row(1), payroll_row(3))
    office.receive(until=FIRST)
    before = files(office.home.root)
    office.receive()
    office.home.receipt("finance", SECOND).unlink()
    (office.home.lake / "_incoming" / "finance-2024-04-02").mkdir(parents=True)
    clean_up(office.home)
    assert files(office.home.root) == before


def test_what_a_killed_run_was_fetching_is_cleaned_up(office: Office) -> None:
    named = office.payroll(FIRST, payroll_row(1))
    fetched = named.parent.with_name(f".fetching-{SECOND}")
    fetched.mkdir()
    (fetched / "payroll.csv").write_bytes(named.read_bytes())
    clean_up(office.home)
    assert named.exists()
    assert not fetched.exists()


def test_what_a_killed_run_was_sealing_is_cleaned_up(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2, "x"))
    office.receive()
    whole = {path for path in office.home.root.rglob("*") if path.is_file()}
    sealed = office.home.vault / "finance" / "payroll" / f"received_on={FIRST}.sealed"
    (sealed.parent / f".{sealed.name}.4711").write_bytes(sealed.read_bytes())
    (office.home.vault / ".forgotten.sealed.4711").write_bytes(b"half")
    refused = quarantine_shelf(office.home, "finance", "payroll", FIRST)
    refused.with_suffix(".unfinished").write_bytes(refused.read_bytes())
    clean_up(office.home)
    assert {path for path in office.home.root.rglob("*") if path.is_file()} == whole


def test_a_changed_restricted_value_reaches_the_vault(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2))
    office.payroll(SECOND, payroll_row(1, employer="他局"), payroll_row(2))
    office.receive()
    sealed = office.vault.identities("finance", "payroll").filter(pl.col("received_on") == SECOND)
    assert sealed["employer"].to_list() == ["他局"]


def test_lake_receipts_and_rejections_hold_no_citizen_number(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2, "x"), number(3))
    office.payments(FIRST, payment_row(number(1)), payment_row("P2", account_no=number(2)))
    office.receive()
    written = b"".join(content for name, content in files(office.home.root).items()
                       if name.startswith("lake"))  # fmt: skip
    shown = load_rejections(office.home, FIRST).write_csv().encode()
    assert re.findall(rb"371599\d{11}", written + shown) == []


def test_receipts_come_back_as_they_were_given(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1))
    assert office.receive() == load_receipts(office.home, FIRST)


def test_the_quarantine_can_be_read_by_its_owner_alone(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2, "x"))
    office.receive()
    place = office.home.quarantine / "finance" / "payroll" / f"received_on={FIRST}"
    assert [path.stat().st_mode & 0o077 for path in (place, place / "part.parquet")] == [0, 0]


def test_a_full_disk_is_told_with_its_folder_and_leaves_the_old_state(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "")

    office.payroll(FIRST, payroll_row(1))
    office.receive()
    before = standing(office, SECOND)
    office.payroll(SECOND, payroll_row(1, "6000"))
    monkeypatch.setattr(office.vault, "seal", no_room)
    (receipt,) = office.receive()
    told = [words in receipt.message for words in ("is full", str(office.home.root))]
    assert (receipt.verdict, told, standing(office, SECOND)) == ("failed", [True] * 2, before)


def test_a_delivery_that_cannot_be_put_in_place_whole_leaves_nothing_behind(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.payroll(FIRST, payroll_row(1))
    office.receive()
    before = files(office.home.root)
    office.payroll(SECOND, payroll_row(1), payroll_row(2))
    office.payments(SECOND, payment_row("P1", 3))
    with monkeypatch.context() as broken:
        broken.setattr(receiving, "put_in_place", once(put_in_place, then=errno.EACCES))
        (receipt,) = office.receive()
    kept = files(office.home.root)
    told = str(office.home.receipt("finance", SECOND).relative_to(office.home.root))
    assert (receipt.verdict, kept.pop(told, b"") != b"", kept) == ("failed", True, before)


def test_later_deliveries_are_received_again_though_the_late_one_fails(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (FIRST, THIRD):
        office.payroll(day, payroll_row(1), payroll_row(day.day))
        office.receive()
    before = standing(office, THIRD)
    office.payroll(SECOND, payroll_row(1, "6000"))
    with monkeypatch.context() as broken:
        broken.setattr(receiving, "put_in_place", once(put_in_place, then=errno.EACCES, times=0))
        receipts = office.receive()
    told = [(receipt.received_on, receipt.verdict) for receipt in receipts]
    assert (told, standing(office, THIRD)) == ([(SECOND, "failed"), (THIRD, "accepted")], before)


def once(move: Callable[..., None], then: int, times: int = 1) -> Callable[..., None]:
    """A move that fails once, after it went well some times."""
    calls = itertools.count()

    def moved(*arguments: object) -> None:
        if next(calls) == times:
            raise OSError(then, "")
        move(*arguments)

    return moved


def test_a_shelf_that_cannot_be_written_fails_its_delivery_alone(office: Office) -> None:
    office.home.lake.mkdir()
    (office.home.lake / "finance").write_bytes(b"")
    office.payroll(FIRST, payroll_row(1))
    (receipt,) = office.receive()
    assert (receipt.verdict, str(office.home.root) in receipt.message) == ("failed", True)


def test_a_receipt_that_cannot_be_written_is_told_in_one_sentence(office: Office) -> None:
    office.home.lake.mkdir()
    office.home.receipts.write_bytes(b"")
    office.payroll(FIRST, payroll_row(1))
    with pytest.raises(WenduError, match=re.escape(str(office.home.root))):
        office.receive()


def test_what_is_read_ahead_comes_in_order() -> None:
    assert list(one_ahead(iter(range(1, 6)))) == [1, 2, 3, 4, 5]


def test_a_fault_while_reading_ahead_is_raised_where_it_stands() -> None:
    def faulty() -> Iterator[int]:
        yield 1
        raise WenduError("2")

    parts = one_ahead(faulty())
    assert next(parts) == 1
    with pytest.raises(WenduError):
        next(parts)
