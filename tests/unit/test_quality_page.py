"""The quality page and the records it is drawn from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.quality import ExpectationResult, Verdict, store_results
from pipelines.quality.record import read_records
from pipelines.settings import Home

DAY = date(2024, 4, 30)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def result(
    passed: bool = True, severity: str = "critical", subject: str = "person_key", **more: object
) -> ExpectationResult:
    return ExpectationResult(**{
        "type": "expect_column_values_to_not_be_null", "subject": subject, "severity": severity,
        "passed": passed, "element_count": 2000, "unexpected_count": 0 if passed else 1234,
        "reason": "a < b & c", "since": "2024-04-30",
    } | more)  # type: ignore[arg-type]  # fmt: skip


@dataclass(frozen=True)
class Table:
    gate: Sequence[Any]


@dataclass(frozen=True)
class Receipt:
    received_on: date
    tables: Mapping[str, Table]
    department: str = "finance"
    verdict: str = "accepted"
    message: str = ""


def page_of(home: Home, *days: tuple[date, Sequence[ExpectationResult]]) -> str:
    """The page after days of one table in and one mart out."""
    for day, results in days:
        receipt = Receipt(day, {"payroll": Table([asdict(each) for each in results])})
        page = store_results(home, day, [receipt], {"dim_people": Verdict.of(results)})
    return page.read_text(encoding="utf-8")


def test_a_record_comes_back_as_it_was_kept(home: Home) -> None:
    results = (result(), result(passed=False, fault="BinderException", subject="name_key"))
    page_of(home, (DAY, results))
    [kept] = read_records(home, 1)
    assert [judged.results for judged in kept.judged] == [results, results]


def test_each_day_keeps_the_newest_delivery_received_by_then(home: Home) -> None:
    older = Receipt(DAY - timedelta(days=1), {"payroll": Table([result(passed=False)])})
    newer = Receipt(DAY, {"payroll": Table([result()])})
    store_results(home, DAY, [newer, older], {})
    [kept] = read_records(home, 1)
    assert [judged.received_on for judged in kept.judged] == [DAY]


def test_a_delivery_that_was_not_taken_in_is_told(home: Home) -> None:
    failed = Receipt(DAY, {}, verdict="failed", message="payroll.csv is empty; send it again.")
    page = store_results(home, DAY, [failed], {}).read_text(encoding="utf-8")
    assert "payroll.csv is empty" in page


def test_the_same_answers_give_the_same_bytes(home: Home) -> None:
    first = page_of(home, (DAY, [result()]))
    assert page_of(home, (DAY, [result()])) == first


def test_the_order_of_receipts_changes_no_byte(home: Home) -> None:
    receipts = [Receipt(DAY, {table: Table([result()])}) for table in ("payroll", "payments")]
    first = store_results(home, DAY, receipts, {}).read_bytes()
    assert store_results(home, DAY, receipts[::-1], {}).read_bytes() == first


def test_the_page_shows_each_table_in_both_languages(home: Home) -> None:
    page = page_of(home, (DAY, [result()]))
    assert "财政供养人员" in page
    assert "payroll" in page


def test_a_closed_gate_is_marked_and_its_rows_counted(home: Home) -> None:
    assert "✗ 1,234" in page_of(home, (DAY, [result(passed=False)]))


def test_a_warning_is_not_shown_as_a_closed_gate(home: Home) -> None:
    page = page_of(home, (DAY, [result(passed=False, severity="warning")]))
    assert "! 1,234" in page
    assert "✗ 1,234" not in page


def test_what_could_not_be_judged_shows_its_error(home: Home) -> None:
    failed = result(passed=False, unexpected_count=None, fault="BinderException")
    assert "✗ BinderException" in page_of(home, (DAY, [failed]))


def test_text_is_escaped(home: Home) -> None:
    assert "a &lt; b &amp; c" in page_of(home, (DAY, [result()]))


def test_the_page_loads_nothing(home: Home) -> None:
    page = page_of(home, (DAY, [result()]))
    assert not re.search(r"https?:|<script|<link|src=|url\(|@import", page)


def test_the_page_shows_the_last_thirty_days(home: Home) -> None:
    days = [DAY + timedelta(days=day) for day in range(31)]
    page = page_of(home, *[(day, [result()]) for day in days])
    assert f"<td>{days[-1]}</td>" in page
    assert f"<td>{days[1]}</td>" in page
    assert f"<td>{days[0]}</td>" not in page


def test_a_day_without_an_answer_stays_blank(home: Home) -> None:
    second = (DAY + timedelta(days=1), [result(subject="name_key")])
    assert "<td></td>" in page_of(home, (DAY, [result()]), second)


def test_nothing_is_left_beside_record_and_page(home: Home) -> None:
    page_of(home, (DAY, [result()]))
    assert sorted(path.name for path in home.quality.iterdir()) == [f"{DAY}.json", "index.html"]
