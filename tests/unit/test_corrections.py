"""What departments are asked to mend: open until a later delivery mends it, and theirs alone."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from pipelines.contracts.replies import OUTCOMES
from pipelines.contracts.sources import load_contracts
from pipelines.defs.corrections import correction_sentences, write_corrections_of_day
from pipelines.defs.installation import Installation
from pipelines.ingest.open_faults import TOLD_DAYS
from pipelines.ingest.receipts import Receipt, TableReceipt, write_receipt
from pipelines.settings import Home, UsageError
from pipelines.warehouse import history
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
from tests.unit.returned_lists import code, publish

Rows = list[tuple[object, ...]]


def counts(office: Office, on_date: date) -> dict[str, dict[str, int]]:
    installation = Installation(office.home, "371500")
    try:
        return write_corrections_of_day(installation, on_date)
    finally:
        installation.close()


def open_new_mended(office: Office, on_date: date, department: str = "finance") -> list[int]:
    told = counts(office, on_date).get(department, {"open": 0, "new": 0, "mended": 0})
    return [told[name] for name in ("open", "new", "mended")]


def workbook(home: Home, on_date: date, department: str = "finance") -> Path:
    return home.corrections / str(on_date) / f"{department}.xlsx"


def rows(home: Home, on_date: date, sheet: str, department: str = "finance") -> Rows:
    """The rows of a sheet under its header."""
    book = openpyxl.load_workbook(workbook(home, on_date, department))
    return [row for row in book[sheet].iter_rows(min_row=3, values_only=True) if row[0]]


def test_a_row_at_fault_is_told_with_its_own_key_value_place_and_what_is_expected(office):
    office.payroll(FIRST, payroll_row(1), payroll_row(2, wage="五千"))
    office.receive()
    assert open_new_mended(office, FIRST) == [1, 1, 0]
    (row,) = rows(office.home, FIRST, "更正清单")
    assert row == (
        "财政供养人员", "证件号码", number(2), "月工资", "五千", "不是有效金额", "元，最多两位小数",
        "整行未采用，以前报送的继续有效", "payroll.csv", "3", "2024-04-01", 0,
    )  # fmt: skip


def test_rows_whose_keys_lost_their_digits_are_counted_each_though_all_have_one_key(office):
    lost = [payroll_row(0, str(wage), id_no="3.71599E+17") for wage in range(5001, 5008)]
    office.payroll(FIRST, payroll_row(1), *lost)
    office.receive()
    assert counts(office, FIRST)["finance"] | {"names": 0} == {
        "open": 1, "rows": 7, "new": 1, "mended": 0, "deliveries": 0, "visits": 0, "names": 0,
    }  # fmt: skip
    [summed] = [row for row in rows(office.home, FIRST, "汇总") if row[0] == "财政供养人员"]
    assert summed[3:5] == (1, 7)
    assert "1 faults in 7 rows, 1 of them new" in " ".join(correction_sentences(office.home, FIRST))


def test_a_fault_of_a_snapshot_is_open_from_its_first_day_until_a_delivery_is_without_it(office):
    for day in (FIRST, SECOND):
        office.payroll(day, payroll_row(1), payroll_row(2, wage="五千"))
    office.payroll(THIRD, payroll_row(1), payroll_row(2))
    office.receive()
    assert open_new_mended(office, SECOND) == [1, 0, 0]
    (row,) = rows(office.home, SECOND, "更正清单")
    assert row[-2:] == ("2024-04-01", 1)
    assert open_new_mended(office, THIRD) == [0, 0, 1]
    assert open_new_mended(office, THIRD + timedelta(days=1)) == [0, 0, 0]


def test_a_fault_that_comes_back_is_new_again(office):
    for day, wage in ((FIRST, "五千"), (SECOND, "5000"), (THIRD, "五千")):
        office.payroll(day, payroll_row(1), payroll_row(2, wage=wage))
    office.receive()
    assert open_new_mended(office, THIRD) == [1, 1, 0]


def test_a_fault_is_as_old_as_the_deliveries_in_a_row_that_had_it(office):
    days = [FIRST + timedelta(days=n) for n in range(9)]
    # Some are at fault from a delivery on, the others in all but the one before it.
    begun = {person: person % len(days) for person in range(2 * len(days))}
    for n, day in enumerate(days):
        at_fault = [
            n >= begins if person < len(days) else n != begins - 1
            for person, begins in begun.items()
        ]
        wages = ["五千" if is_wrong else "5000" for is_wrong in at_fault]
        right = [payroll_row(100 + other) for other in range(2 * len(begun))]
        office.payroll(day, *right, *map(payroll_row, begun, wages))
    office.receive(until=days[-1])
    assert open_new_mended(office, days[-1]) == [18, 2, 0]
    since = {row[2]: row[-2] for row in rows(office.home, days[-1], "更正清单")}
    assert since == {number(person): str(days[n]) for person, n in begun.items()}


def test_a_snapshot_that_does_not_come_mends_nothing(office):
    office.payroll(FIRST, payroll_row(1), payroll_row(2, wage="五千"))
    office.payments(SECOND, payment_row("P1"))
    office.receive()
    assert open_new_mended(office, SECOND) == [1, 0, 0]
    assert rows(office.home, SECOND, "整次报送") == [
        ("2024-04-02", "本次缺少数据表", "财政供养人员")
    ]


@pytest.mark.parametrize("wrong", [{"amount": "一百"}, {"household_no": "J1", "period": "二月"}])
def test_a_fault_of_news_is_open_until_a_row_of_its_key_is_accepted(office, wrong):
    office.payments(FIRST, payment_row("P1", **wrong), payment_row("P2"))
    office.payments(SECOND, payment_row("P3"))
    office.payments(THIRD, payment_row(" P1 "))
    office.receive()
    assert open_new_mended(office, FIRST) == [1, 1, 0]
    assert open_new_mended(office, SECOND) == [1, 0, 0]
    assert open_new_mended(office, THIRD) == [0, 0, 1]


def test_a_key_written_in_another_form_is_the_same_record(office):
    def cremation(day: date, id_no: str, died_on: str) -> None:
        row = {"id_no": id_no, "name": "张某", "died_on": died_on, "cremated_on": "2024-03-03"}
        office.database(
            day, "cremations", [row, row | {"id_no": number(9), "died_on": "2024-03-01"}]
        )

    cremation(FIRST, number(1), "三月")
    cremation(SECOND, f" {number(1)[:6]}{number(1)[8:17]} ", "2024-03-01")
    office.receive("civil_affairs")
    assert open_new_mended(office, FIRST, "civil_affairs") == [1, 1, 0]
    assert open_new_mended(office, SECOND, "civil_affairs") == [0, 0, 1]


def test_a_row_whose_key_cannot_be_read_is_told_for_a_month_and_then_only_counted(office):
    office.payments(FIRST, payment_row(""), payment_row("P2"))
    office.receive()
    assert open_new_mended(office, FIRST) == [1, 1, 0]
    later = FIRST + timedelta(days=TOLD_DAYS)
    assert open_new_mended(office, later - timedelta(days=1)) == [1, 0, 0]
    assert len(rows(office.home, later - timedelta(days=1), "更正清单")) == 1
    assert open_new_mended(office, later) == [1, 0, 0]
    book = openpyxl.load_workbook(workbook(office.home, later))
    assert "更正清单" not in book.sheetnames
    assert any("主键无法识别" in str(cell.value) for cell in book["汇总"]["A"])


def test_rows_of_one_key_that_contradict_each_other_are_told_as_one_with_both_places(office):
    office.payments(FIRST, payment_row("P1"), payment_row("P1", amount="90.00"), payment_row("P2"))
    office.receive()
    assert open_new_mended(office, FIRST) == [1, 1, 0]
    (row,) = rows(office.home, FIRST, "更正清单")
    assert (row[2], row[5], row[9]) == ("P1", "同一主键有多行且内容不同", "2、3")


def test_a_key_of_several_fields_is_named_in_words(office):
    office.database(FIRST, "members", [member("J1", 1), member("J1", 1, relation="10"),
                                       member("J1", 2)])  # fmt: skip
    office.receive("civil_affairs")
    assert open_new_mended(office, FIRST, "civil_affairs") == [1, 1, 0]
    (row,) = rows(office.home, FIRST, "更正清单", "civil_affairs")
    assert (row[1], row[2], row[3]) == (
        "家庭编号；证件号码", f"J1；{number(1)}", "家庭编号；证件号码",
    )  # fmt: skip


def test_a_line_that_is_no_row_shows_itself(office):
    office.payroll(FIRST, payroll_row(1), "只有一列")
    office.receive()
    assert open_new_mended(office, FIRST) == [1, 1, 0]
    (row,) = rows(office.home, FIRST, "更正清单")
    assert ("只有一列" in str(row[2]), row[3], row[5]) == (True, "（整行）", "列数与表头不符")


def test_a_delivery_that_failed_is_told_until_one_is_accepted(office):
    office.payroll(FIRST, payroll_row(1))
    office.file("finance", SECOND, "payroll.csv", "证件号码\n".encode())
    office.receive(until=SECOND)
    assert counts(office, SECOND)["finance"]["deliveries"] == 1
    ((day, what, told),) = rows(office.home, SECOND, "整次报送")
    assert (day, what, "payroll" in str(told)) == ("2024-04-02", "整次报送未能接收", True)
    office.payroll(THIRD, payroll_row(1))
    office.receive()
    assert counts(office, THIRD) == {}


def test_a_file_that_bears_the_name_of_no_table_is_told_as_not_read(office):
    office.payroll(FIRST, payroll_row(1))
    office.payments(FIRST, payment_row("P1"), name="一卡通.csv")
    office.receive(until=FIRST)
    assert counts(office, FIRST)["finance"]["deliveries"] == 1
    assert rows(office.home, FIRST, "整次报送") == [
        ("2024-04-01", "有名称未约定的文件或数据表（未读取）", "一卡通.csv")
    ]


@pytest.mark.parametrize(("missing", "told"), [("vagrants", 1), ("", 0)])
def test_another_table_of_a_database_is_told_only_where_one_is_missing(office, missing, told):
    nothing = TableReceipt(files=[], received=0, accepted=0, exact_duplicates=0, quarantined=0)
    tables = [name for department, name in load_contracts() if department == "civil_affairs"]
    receipt = Receipt(
        department="civil_affairs",
        received_on=FIRST,
        form="database",
        verdict="accepted",
        unknown=["a_table_of_theirs"],
        tables={name: nothing for name in tables if name != missing},
    )
    write_receipt(office.home, receipt)
    assert counts(office, FIRST).get("civil_affairs", {"deliveries": 0})["deliveries"] == told


def test_names_that_differ_go_to_each_department_with_its_own_name_alone(office):
    office.payroll(FIRST, payroll_row(1, name="欧阳某"))
    office.database(FIRST, "members", [member("J1", 1, name="司马某")])
    office.receive()
    office.receive("civil_affairs")
    assert {name: told["names"] for name, told in counts(office, FIRST).items()} == {
        "civil_affairs": 1, "finance": 1,
    }  # fmt: skip
    for department, own, other in (
        ("finance", "欧阳某", "司马某"),
        ("civil_affairs", "司马某", "欧阳某"),
    ):
        (row,) = rows(office.home, FIRST, "姓名不一致", department)
        assert row[1:3] == (number(1), own)
        book = openpyxl.load_workbook(workbook(office.home, FIRST, department))
        cells = [str(cell.value) for sheet in book for line in sheet for cell in line]
        assert not [cell for cell in cells if other in cell]


def test_what_a_visit_found_wrong_goes_to_the_department_whose_record_it_is(office):
    office.payments(FIRST, payment_row("P1"))
    office.payroll(FIRST, payroll_row(1))
    office.receive()
    pseudonym = office.vault.pseudonyms("person", pl.Series([number(1)]))[0].hex()
    evidence = [
        ("finance.payroll", pseudonym, "monthly_wage", "5000.00"),
        ("finance.payments", "P1", "paid_cny", "100.00"),
        ("civil_affairs.members", pseudonym, "covered", "true"),
        ("policy.parameters", "r26_tolerance_cny", "value", "1.0000"),
    ]
    alert = dict.fromkeys(history.ALERTS.names()) | {
        "alert_id": code(1),
        "evidence": json.dumps(
            [dict(zip(("source", "key", "field", "value"), term, strict=True)) | {"unit": None}
             for term in evidence]
        ),
    }  # fmt: skip
    kept = history.file_of(office.home, THIRD, "alerts")
    kept.parent.mkdir(parents=True)
    pl.DataFrame([alert], schema=history.ALERTS).write_parquet(kept)
    batch = publish(office.home, {1: [1]}, FIRST)
    accepted = office.home.replies / "accepted"
    accepted.mkdir(parents=True)
    reply = (code(1), "data_error", SECOND, THIRD, batch)
    pl.DataFrame([reply], schema=OUTCOMES, orient="row").write_parquet(accepted / "a.parquet")
    told = counts(office, THIRD)
    assert {name: of_department["visits"] for name, of_department in told.items()} == {
        "civil_affairs": 1, "finance": 2,
    }  # fmt: skip
    assert rows(office.home, THIRD, "走访反馈") == [
        ("一卡通发放明细", "P1", None, None, "2024-04-02", "2024-04-03", code(1)),
        ("财政供养人员", number(1), "月工资", "5000.00", "2024-04-02", "2024-04-03", code(1)),
    ]
    later = THIRD + timedelta(days=1)
    shutil.copytree(kept.parent, kept.parent.with_name(str(later)))
    office.payroll(later, payroll_row(1, wage="4000"))
    office.receive(until=later)
    assert counts(office, later)["finance"]["visits"] == 1
    assert [row[0] for row in rows(office.home, later, "走访反馈")] == ["一卡通发放明细"]


def test_workbooks_are_for_the_owner_alone_and_the_same_day_gives_the_same_bytes(office):
    office.payroll(FIRST, payroll_row(1), payroll_row(2, wage="五千"))
    office.receive()
    counts(office, FIRST)
    path = workbook(office.home, FIRST)
    once = path.read_bytes()
    assert [place.stat().st_mode & 0o077 for place in (path, path.parent, path.parent.parent)] == [
        0, 0, 0,
    ]  # fmt: skip
    counts(office, FIRST)
    assert path.read_bytes() == once


def test_a_formula_is_shown_and_not_run(office):
    office.payroll(FIRST, payroll_row(1), payroll_row(2, wage="=1+1"))
    office.receive()
    counts(office, FIRST)
    cell = openpyxl.load_workbook(workbook(office.home, FIRST))["更正清单"]["E3"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_what_was_deleted_as_old_is_not_told_as_a_day_that_was_not_run(office):
    day = office.home.day(FIRST)
    day.mkdir(parents=True)
    (day / "manifest.json").write_text('{"on_date": ""}', encoding="utf-8")
    with pytest.raises(UsageError, match=f"on {FIRST} is not kept any more"):
        correction_sentences(office.home, FIRST)


def test_the_operator_is_told_counts_and_no_person(office):
    office.payroll(FIRST, payroll_row(1), payroll_row(2, wage="五千"))
    office.receive()
    with pytest.raises(UsageError, match="was not run"):
        correction_sentences(office.home, FIRST)
    counts(office, FIRST)
    (told,) = correction_sentences(office.home, FIRST)
    assert "To correct by finance: 1 faults, 1 of them new, 0 mended" in told
    assert number(2) not in (workbook(office.home, FIRST).parent / "counts.json").read_text()
