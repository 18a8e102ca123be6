"""Both gates through their public face: what is asked, what is answered, and by which process."""

import ast
import importlib.metadata
import importlib.util
import os
import pickle
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.contracts.sources import Contract, Expectation, load_contracts
from pipelines.quality import (
    Judge,
    QualityError,
    derived_expectations,
    gate_expectations,
    judge_marts,
    load_mart_promises,
)
from pipelines.quality.conditions import as_aggregate
from pipelines.quality.promises import no_citizen_number
from pipelines.settings import PROJECT, UsageError

CONTRACTS = load_contracts()
PAYROLL = CONTRACTS["finance", "payroll"]
ENGINE_SOURCE = "execution_engine/sqlalchemy_execution_engine.py"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge() as opened:
        yield opened


def citizen_number(birth: str = "19800101", sequence: str = "001") -> str:
    digits = f"371599{birth}{sequence}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True))
    return digits + "10X98765432"[total % 11]


def rows_of(contract: Contract, count: int, **columns: Any) -> pl.DataFrame:
    """Rows that meet the contract, with the given columns in place of the plain ones."""
    values: dict[str, Any] = {}
    declared = {lake: contract.columns[name] for name, lake in contract.lake_columns.items()}
    for name, kind in contract.lake_schema.items():
        column = declared.get(name)
        if kind == pl.Binary():
            values[name] = [place.to_bytes(16, "big") for place in range(count)]
        elif column is not None and isinstance(column.codes, dict):
            values[name] = [next(iter(column.codes))] * count
        elif column is not None and column.kind == "area":
            values[name] = ["371502001"] * count
        elif kind == pl.String():
            values[name] = [f"{place}" for place in range(count)]
        elif kind.is_numeric():
            values[name] = [2020 if name == "year" else 1000] * count
        elif kind == pl.Boolean():
            values[name] = [True] * count
        else:
            values[name] = [None if not column or not column.required else "2024-01-01"] * count
    frame = pl.DataFrame(values | columns)
    return frame.with_columns(
        pl.col(name).str.to_date()
        if kind == pl.Date() and frame[name].dtype == pl.String()
        else pl.col(name).str.to_datetime()
        if frame[name].dtype == pl.String() and kind.is_temporal()
        else pl.col(name).cast(kind)
        for name, kind in contract.lake_schema.items()
    )


def saved(frame: pl.DataFrame, folder: Path) -> Path:
    path = folder / "part.parquet"
    frame.write_parquet(path)
    return path


def failed_subjects(judge: Judge, contract: Contract, frame: pl.DataFrame, folder: Path) -> set:
    verdict = judge.judge(gate_expectations(contract), saved(frame, folder), contract.table)
    return {result.subject for result in verdict.blocking()}


def query(sql: str, severity: str = "critical") -> Expectation:
    return Expectation.model_validate({
        "type": "unexpected_rows_expectation", "severity": severity, "reason": "a test",
        "since": "2024-04-30", "kwargs": {"label": "asked", "unexpected_rows_query": sql},
    })  # fmt: skip


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.table)
def test_a_dozen_plain_rows_pass_and_everything_could_be_judged(
    judge: Judge, contract: Contract, tmp_path: Path
) -> None:
    path = saved(rows_of(contract, 12), tmp_path)
    verdict = judge.judge(gate_expectations(contract), path, contract.table)
    assert verdict.sentence() == ""


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.table)
def test_only_a_snapshot_must_have_rows(judge: Judge, contract: Contract, tmp_path: Path) -> None:
    failed = failed_subjects(judge, contract, rows_of(contract, 0), tmp_path)
    assert failed == ({"table"} if contract.mode == "snapshot" else set())


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.table)
def test_every_expectation_of_a_table_can_be_told_apart(contract: Contract) -> None:
    expectations = gate_expectations(contract)
    told = {
        (each.type, each.severity, each.kwargs.get("label"), each.kwargs.get("column"))
        for each in expectations
    }
    assert len(told) == len(expectations)


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.table)
def test_every_table_has_a_judgement_of_its_own(contract: Contract) -> None:
    assert contract.expectations


def test_nothing_a_contract_says_is_typed_a_second_time() -> None:
    repeated = [
        (contract.table, each.type, each.kwargs)
        for contract in CONTRACTS.values()
        for derived in derived_expectations(contract)
        for each in contract.expectations
        if (each.type, each.kwargs) == (derived.type, derived.kwargs)
    ]
    assert repeated == []


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("person_key", [b"0" * 16, b"0" * 16]),
        ("person_key", [b"0" * 16, None]),
        ("monthly_wage", [1000, None]),
        ("monthly_wage", [1000, -1]),
    ],
)
def test_what_breaks_the_contract_closes_the_gate(
    judge: Judge, tmp_path: Path, column: str, values: list[Any]
) -> None:
    failed = failed_subjects(judge, PAYROLL, rows_of(PAYROLL, 2, **{column: values}), tmp_path)
    assert column in failed


def test_a_key_of_the_wrong_length_closes_the_gate(judge: Judge, tmp_path: Path) -> None:
    frame = rows_of(PAYROLL, 2, person_key=[b"0" * 16, b"1" * 15])
    assert failed_subjects(judge, PAYROLL, frame, tmp_path) == {"keys"}


def test_a_code_outside_the_list_closes_the_gate(judge: Judge, tmp_path: Path) -> None:
    contract = CONTRACTS["disabled_federation", "employment"]
    frame = rows_of(contract, 2, status=["1", "9"])
    assert failed_subjects(judge, contract, frame, tmp_path) == {"status"}


def test_a_month_that_is_no_first_of_a_month_closes_the_gate(judge: Judge, tmp_path: Path) -> None:
    contract = CONTRACTS["finance", "allocations"]
    frame = rows_of(contract, 2, period=["2024-01-01", "2024-01-02"])
    assert failed_subjects(judge, contract, frame, tmp_path) == {"months"}


def test_an_area_code_of_the_wrong_length_closes_the_gate(judge: Judge, tmp_path: Path) -> None:
    contract = CONTRACTS["finance", "allocations"]
    frame = rows_of(contract, 2, area_code=["371502", "37150"])
    assert failed_subjects(judge, contract, frame, tmp_path) == {"areas"}


@pytest.mark.parametrize("around", ["{}", "no {}.", "x{}", "{}41", "{}41B1"])
def test_a_text_with_a_citizen_number_closes_the_gate(
    judge: Judge, tmp_path: Path, around: str
) -> None:
    contract = CONTRACTS["agriculture", "machinery"]
    frame = rows_of(contract, 2, machine=["tractor", around.format(citizen_number())])
    assert failed_subjects(judge, contract, frame, tmp_path) == {"no citizen number"}


def test_a_citizen_number_behind_a_serial_number_is_found(judge: Judge, tmp_path: Path) -> None:
    text = f"{wrong_check_character()} and {citizen_number()}"
    path = saved(pl.DataFrame({"text": [text]}), tmp_path)
    assert not judge.judge([no_citizen_number(["text"])], path, "texts").passed


def wrong_check_character() -> str:
    number = citizen_number()
    return number[:-1] + ("1" if number[-1] != "1" else "2")


@pytest.mark.parametrize("text", [wrong_check_character(), "9" + citizen_number(), None, ""])
def test_a_serial_number_is_not_taken_for_a_citizen_number(
    judge: Judge, tmp_path: Path, text: str | None
) -> None:
    path = saved(pl.DataFrame({"text": [text]}, schema={"text": pl.String}), tmp_path)
    assert judge.judge([no_citizen_number(["text"])], path, "texts").passed


def test_a_unit_changed_in_a_large_payroll_closes_the_gate(judge: Judge, tmp_path: Path) -> None:
    frame = rows_of(PAYROLL, 300, monthly_wage=[600_000] * 300)
    assert failed_subjects(judge, PAYROLL, frame, tmp_path) == {"monthly wage in yuan"}


def test_one_odd_wage_in_a_tiny_payroll_does_not_close_the_gate(
    judge: Judge, tmp_path: Path
) -> None:
    frame = rows_of(PAYROLL, 12, monthly_wage=[600_000, *[5000] * 11])
    assert failed_subjects(judge, PAYROLL, frame, tmp_path) == set()


def test_a_warning_is_told_and_lets_the_table_pass(judge: Judge, tmp_path: Path) -> None:
    frame = rows_of(PAYROLL, 2, since=["2024-01-01"] * 2, until=["2023-01-01", None])
    verdict = judge.judge(gate_expectations(PAYROLL), saved(frame, tmp_path), "payroll")
    failed = [(each.subject, each.unexpected_count) for each in verdict.results if not each.passed]
    assert verdict.passed
    assert failed == [("left after entered", 1)]


def test_results_come_in_the_order_in_which_they_were_asked(judge: Judge, tmp_path: Path) -> None:
    expectations = gate_expectations(PAYROLL)
    verdict = judge.judge(expectations, saved(rows_of(PAYROLL, 3), tmp_path), "payroll")
    assert [each.type for each in verdict.results] == [each.type for each in expectations]


def test_results_count_rows(judge: Judge, tmp_path: Path) -> None:
    frame = rows_of(PAYROLL, 5, monthly_wage=[1000, None, None, 1000, 1000])
    verdict = judge.judge(gate_expectations(PAYROLL), saved(frame, tmp_path), "payroll")
    [counted] = verdict.blocking()
    assert (counted.element_count, counted.unexpected_count) == (5, 2)


def test_a_verdict_holds_no_value_of_the_data(judge: Judge, tmp_path: Path) -> None:
    contract = CONTRACTS["agriculture", "machinery"]
    frame = rows_of(contract, 3, machine=[f"tractor {citizen_number()}"] * 3, price=[-77123] * 3)
    verdict = judge.judge(gate_expectations(contract), saved(frame, tmp_path), "machinery")
    assert not verdict.passed
    assert "tractor" not in repr(verdict)
    assert "77123" not in repr(verdict)


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_what_could_not_be_judged_closes_the_gate_at_any_severity(
    judge: Judge, tmp_path: Path, severity: str
) -> None:
    path = saved(pl.DataFrame({"text": ["secret"]}), tmp_path)
    asked = query("select 1 from {batch} where cast(text as integer) > 0", severity)
    verdict = judge.judge([asked], path, "texts")
    assert not verdict.passed
    assert "secret" not in repr(verdict)


def test_the_class_of_an_error_is_told(judge: Judge, tmp_path: Path) -> None:
    path = saved(pl.DataFrame({"text": ["a"]}), tmp_path)
    verdict = judge.judge([query("select 1 from {batch} where nonsense")], path, "texts")
    assert verdict.sentence() == "asked: could not be judged (BinderException)"


def test_an_error_on_one_table_does_not_reach_the_next(judge: Judge, tmp_path: Path) -> None:
    path = saved(pl.DataFrame({"text": ["a"]}), tmp_path)
    judge.judge([query("select 1 from {batch} where nonsense")], path, "texts")
    assert judge.judge([query("select 1 from {batch} where false")], path, "texts").passed


def test_the_same_question_of_other_rows_is_counted_anew(judge: Judge, tmp_path: Path) -> None:
    counted = []
    for wages in ([1000, 1000], [1000, None, -1], [1000]):
        frame = rows_of(PAYROLL, len(wages), monthly_wage=wages)
        verdict = judge.judge(gate_expectations(PAYROLL), saved(frame, tmp_path), "payroll")
        failed = [each.unexpected_count for each in verdict.blocking()]
        counted.append((verdict.results[1].element_count, failed))
    assert counted == [(2, []), (3, [1, 1]), (1, [])]


def test_the_same_question_of_other_columns_is_worked_out_anew(
    judge: Judge, tmp_path: Path
) -> None:
    asked, told = gate_expectations(PAYROLL), []
    frame = rows_of(PAYROLL, 2)
    for columns in (frame, frame.drop("monthly_wage"), frame):
        told.append(judge.judge(asked, saved(columns, tmp_path), "payroll").passed)
    assert told == [True, False, True]


def test_what_could_not_be_counted_once_is_counted_again(judge: Judge, tmp_path: Path) -> None:
    asked, told = [query("select 1 from {batch} where cast(text as integer) > 5")], []
    for text in ("1", "one", "9"):
        path = saved(pl.DataFrame({"text": [text]}), tmp_path)
        [result] = judge.judge(asked, path, "texts").results
        told.append((result.fault is None, result.unexpected_count))
    assert told == [(True, 0), (False, None), (True, 1)]


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("select 1 from {batch} where a > 1 or b is null", 4),
        ("select 1 from {batch} where text = '{{}}'", 1),
        ("select 1 from {batch} where a > 1 and 10 // a < 5", 1),
        ("select 1 from {batch} having count(*) filter (where a > 0) > 2", 1),
        ("select 1 from {batch} having sum(a) > 100", 0),
        ("select 1 from {batch} having sum(b) > 100", 0),
        ("select 1 from {batch} where a = (select max(a) from {batch})", 1),
        ("select 1 from {batch} where a > 0 group by a having count(*) > 1", 0),
        ("select 1 from {batch} where a > 0 limit 2", 2),
        ("select 1 from {batch} where text = ' limit '", 0),
    ],
)
def test_a_query_counts_the_rows_it_returns(
    judge: Judge, tmp_path: Path, sql: str, count: int
) -> None:
    frame = pl.DataFrame({"a": [0, 1, 2, 3], "b": [None, None, 1, 1], "text": ["{}", "", "", ""]})
    verdict = judge.judge([query(sql)], saved(frame, tmp_path), "rows")
    assert (verdict.passed, verdict.results[0].fault) == (count == 0, None)
    assert verdict.results[0].unexpected_count in {count, None}


@pytest.mark.parametrize(
    ("sql", "aggregate"),
    [
        ("select 1 from {batch} where a <> '{{'", "count(case when a <> '{' then 1 end)"),
        ("select 1 from {batch} having max(a) > 1", "case when max(a) > 1 then 1 else 0 end"),
        ("select 1 from {batch} where a > 1 group by a", None),
        ("select 1 from {batch} where a in (from {batch})", None),
        ("select 1 from {batch} where a > 1 having count(*) > 1", None),
        ("select 1 from {batch} where a > 1 ORDER BY a", None),
        ("select 1 from {batch} where a > 1; drop table judged", None),
        ("select 1 from {batch} as rows where a > 1", None),
        ("select a from {batch} where a > 1", None),
    ],
)
def test_a_query_is_an_aggregate_where_it_is_one_condition(sql: str, aggregate: str | None) -> None:
    assert as_aggregate(sql) == aggregate


BOTH_WAYS = """
import pickle, sys
from pathlib import Path
from pipelines.quality.engine import Engine

engine = Engine()
for name, expectations, path in pickle.loads(Path(sys.argv[1]).read_bytes()):
    engine.judge(expectations, [path])
    counted, validated = engine._counted(expectations), engine._validated(expectations)
    for expectation, one, other in zip(expectations, counted or [None] * 99, validated):
        kept = {key: other.result[key] for key in (one.result if one else ())}
        if one is None or (one.success, one.result) != (other.success, kept):
            print(name, expectation.type, expectation.kwargs, one, other)
"""


def test_every_table_is_counted_as_great_expectations_validates_it(tmp_path: Path) -> None:
    """A way of counting that nothing takes any more would still answer, and cost what it saves."""
    asked = []
    for (department, table), contract in CONTRACTS.items():
        frame = rows_of(contract, 7)
        path = tmp_path / f"{department}.{table}.parquet"
        pl.concat([frame, frame.clear(3), frame.head(1)]).write_parquet(path)
        asked.append((table, gate_expectations(contract), path))
    listed = tmp_path / "asked.pickle"
    listed.write_bytes(pickle.dumps(asked))
    command = [sys.executable, "-c", BOTH_WAYS, str(listed)]
    told = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=True)
    assert told.stdout == ""


def test_several_files_are_judged_as_one_table(judge: Judge, tmp_path: Path) -> None:
    paths = [tmp_path / "a'1.parquet", tmp_path / "b.parquet"]
    for path in paths:
        rows_of(PAYROLL, 1).write_parquet(path)
    verdict = judge.judge(gate_expectations(PAYROLL), paths, "payroll")
    assert [each.subject for each in verdict.blocking()] == ["person_key"]


def test_a_file_that_cannot_be_read_is_told_without_its_content(
    judge: Judge, tmp_path: Path
) -> None:
    path = tmp_path / "part.parquet"
    path.write_text("no parquet")
    with pytest.raises(QualityError, match="payroll could not be judged"):
        judge.judge(gate_expectations(PAYROLL), path, "payroll")


def test_the_judge_goes_on_after_a_file_it_could_not_read(judge: Judge, tmp_path: Path) -> None:
    with pytest.raises(QualityError):
        judge.judge(gate_expectations(PAYROLL), tmp_path / "absent.parquet", "payroll")
    path = saved(rows_of(PAYROLL, 1), tmp_path)
    assert judge.judge(gate_expectations(PAYROLL), path, "payroll").passed


def test_this_process_never_imports_great_expectations(judge: Judge, tmp_path: Path) -> None:
    judge.judge(gate_expectations(PAYROLL), saved(rows_of(PAYROLL, 1), tmp_path), "payroll")
    assert "great_expectations" not in sys.modules


def test_a_judge_that_is_not_open_says_so() -> None:
    with pytest.raises(QualityError, match="not open"):
        Judge().judge((), Path("part.parquet"), "payroll")


def test_a_judging_process_that_dies_is_one_sentence(tmp_path: Path) -> None:
    with Judge() as mortal:
        answer = mortal.submit((), tmp_path, "payroll")
        os.kill(mortal.process_id, signal.SIGKILL)
        with pytest.raises(QualityError, match="ended before it had judged payroll"):
            answer.result()


def test_leaving_early_does_not_wait_for_the_import() -> None:
    with Judge() as unused:
        process_id = unused.process_id
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


def test_the_judging_process_leaves_when_its_parent_is_killed() -> None:
    script = (
        "import time\n"
        "from pipelines.quality import Judge\n"
        "with Judge() as judge:\n"
        "    print(judge.process_id, flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as parent:
        assert parent.stdout is not None
        process_id = int(parent.stdout.readline())
        parent.kill()
    assert has_gone(process_id)


def has_gone(process_id: int, patience_seconds: int = 20) -> bool:
    for _ in range(patience_seconds * 10):
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def kept_dialects_as_shipped() -> list[str]:
    """Read from the installed source: importing it takes longer than all other tests here."""
    package = importlib.util.find_spec("great_expectations")
    assert package is not None
    assert package.submodule_search_locations is not None
    source = Path(package.submodule_search_locations[0]) / ENGINE_SOURCE
    [kept] = [
        node.value
        for node in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "_PERSISTED_CONNECTION_DIALECTS"
    ]
    assert isinstance(kept, ast.Tuple)
    return [ast.unparse(dialect) for dialect in kept.elts]


def test_great_expectations_still_keeps_some_connections_but_not_duckdbs() -> None:
    shipped = kept_dialects_as_shipped()
    assert "GXSqlDialect.SQLITE" in shipped
    assert not [dialect for dialect in shipped if "duckdb" in dialect.lower()]


def test_great_expectations_is_pinned_to_the_version_that_was_adapted() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    pinned = f"great-expectations=={importlib.metadata.version('great-expectations')}"
    assert pinned in project["project"]["dependencies"]


def test_a_promise_with_a_misspelt_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "marts").mkdir()
    (tmp_path / "marts" / "dim_areas.yml").write_text(
        "mart: dim_areas\ndescription: areas\nexpectation: []\n"
    )
    with pytest.raises(UsageError, match="cannot be used"):
        load_mart_promises(tmp_path)


def test_a_promise_lies_in_the_file_named_as_its_mart(tmp_path: Path) -> None:
    (tmp_path / "marts").mkdir()
    (tmp_path / "marts" / "other.yml").write_text(
        "mart: dim_areas\ndescription: areas\nexpectations: []\n"
    )
    with pytest.raises(UsageError, match="named as its mart"):
        load_mart_promises(tmp_path)


@pytest.mark.parametrize("promise", load_mart_promises().values(), ids=lambda each: each.mart)
def test_every_expectation_of_a_mart_can_be_told_apart(promise: Any) -> None:
    told = {
        (each.type, each.severity, each.kwargs.get("label"), each.kwargs.get("column"))
        for each in promise.expectations
    }
    assert len(told) == len(promise.expectations)


def mart_verdict(judge: Judge, mart: str, row: dict[str, Any], folder: Path) -> Any:
    promise = load_mart_promises()[mart]
    path = saved(pl.DataFrame([row]), folder)
    return judge.judge(promise.expectations, path, mart)


@pytest.mark.parametrize(("open_now", "passed"), [(4, True), (5, False)])
def test_alerts_of_a_county_must_balance(
    judge: Judge, tmp_path: Path, open_now: int, passed: bool
) -> None:
    row = {
        "county_code": "371502", "on_date": "2024-04-30", "open_before": 3, "new": 3,
        "cleared": 1, "closed": 1, "open_now": open_now,
    }  # fmt: skip
    assert mart_verdict(judge, "rpt_alert_balance", row, tmp_path).passed is passed


def test_a_control_total_out_of_tolerance_is_a_warning(judge: Judge, tmp_path: Path) -> None:
    row = {
        "measure": "dibao_persons", "published": 82300, "computed": 12, "is_within": False,
        "source": "bulletin",
    }  # fmt: skip
    verdict = mart_verdict(judge, "rpt_control_totals", row, tmp_path)
    assert verdict.passed
    assert [each.subject for each in verdict.results if not each.passed] == ["within tolerance"]


@pytest.mark.parametrize(("key", "passed"), [("0a" * 16, True), ("0A" * 16, False), ("1", False)])
def test_published_keys_are_lower_case_hexadecimal(
    judge: Judge, tmp_path: Path, key: str, passed: bool
) -> None:
    row = {
        "beneficiary_key": key, "unit": "person", "program": "living", "period": "2024-01",
        "amount_due_cny": 140, "explanation": "level 3",
    }  # fmt: skip
    assert mart_verdict(judge, "fct_entitlements", row, tmp_path).passed is passed


def test_a_missing_mart_is_named(judge: Judge, tmp_path: Path) -> None:
    with pytest.raises(QualityError, match="dim_areas"):
        judge_marts(judge, tmp_path)


def test_a_citizen_number_in_an_unpromised_mart_closes_gate_2(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.quality.gates.load_mart_promises", dict)
    pl.DataFrame({"note": [citizen_number()]}).write_parquet(tmp_path / "another.parquet")
    assert not judge_marts(judge, tmp_path)["another"].passed
