"""Great Expectations at work: one table judged as SQL over an in-memory DuckDB view of Parquet.

With `plan`, which it asks first, the only module that imports Great Expectations (2 seconds,
compiled), and only the judging process imports either. What is expected is declared elsewhere;
results leave here as counts.
"""

import enum
import logging
import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.update(GX_ANALYTICS_ENABLED="false", DO_NOT_TRACK="1", TQDM_DISABLE="1")

from pipelines.quality.unused import loaded_on_first_use

with loaded_on_first_use({"scipy.stats", "altair"}):
    import great_expectations as gx

from great_expectations.core import ExpectationSuite, ExpectationValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.execution_engine import sqlalchemy_execution_engine as sql_engine
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

from pipelines.contracts.sources import Expectation
from pipelines.quality.plan import Plan
from pipelines.quality.verdict import TABLE_LABEL, ExpectationResult, Verdict

COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}
DUCKDB_SETTINGS = ("threads = 2", "memory_limit = '1GB'", "preserve_insertion_order = false")


class KeptDialect(enum.StrEnum):
    """A dialect whose one connection is kept open; compares equal to SQLAlchemy's name of it."""

    DUCKDB = "duckdb"


def keep_duckdb_connection() -> None:
    """Make Great Expectations keep its DuckDB connection, as it does SQLite's.

    As shipped (1.24.1) it hands the connection back before it reads the result, and every new
    connection to `:memory:` is another, empty database. The tuple is private: the version is
    pinned exactly, and a test fails when the tuple goes or DuckDB is listed by itself.
    """
    kept = sql_engine._PERSISTED_CONNECTION_DIALECTS
    if KeptDialect.DUCKDB not in kept:
        sql_engine._PERSISTED_CONNECTION_DIALECTS = (*kept, KeptDialect.DUCKDB)  # type: ignore


COUNTED = {"unexpected_rows_expectation": "counted_rows_expectation"}
"""The name under which Great Expectations knows what is declared under its own."""


@dataclass(frozen=True)
class Answer:
    """What became of one expectation: met or not, its counts, the class of what went wrong."""

    success: bool
    result: dict[str, Any]
    fault: str | None = None


class Engine:
    """One context, one in-memory database; judges one table after the other."""

    def __init__(self) -> None:
        warnings.simplefilter("ignore")
        logging.disable(logging.ERROR)
        keep_duckdb_connection()
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._source = context.data_sources.add_sql(
            name="delivery",
            connection_string="duckdb:///:memory:judged",
        )
        self._execution = self._source.get_execution_engine()
        for setting in DUCKDB_SETTINGS:
            self._run(f"set {setting}")
        self._run("create view judged as select 1")
        asset = self._source.add_table_asset(name="judged", table_name="judged")
        self._whole = asset.add_batch_definition_whole_table("whole")
        self._validator = context.get_validator(batch_request=self._whole.build_batch_request())
        self._plans: dict[tuple[str, ...], Plan | None] = {}

    def _run(self, statement: str) -> list[Any]:
        with self._execution.get_connection() as connection:
            connection.rollback()
            result = connection.exec_driver_sql(statement)
            rows = list(result) if result.returns_rows else []
            connection.commit()
            return rows

    def judge(self, expectations: Sequence[Expectation], files: Sequence[Path]) -> Verdict:
        """Judge the rows of some Parquet files as one batch."""
        if not expectations:
            return Verdict.of([])
        listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
        show = (
            "create or replace view judged as select * from "
            f"read_parquet([{listed}], hive_partitioning = false)"
        )
        self._run(show)
        answers = self._counted(expectations)
        if answers is None:
            self._run(show)  # Leaves the transaction in which something went wrong.
            answers = self._validated(expectations)
        return Verdict.of(
            _result(expectation, answer)
            for expectation, answer in zip(expectations, answers, strict=True)
        )

    def _counted(self, expectations: Sequence[Expectation]) -> list[Answer] | None:
        """The answers by plan, which is kept; nothing if anything at all went wrong."""
        columns = self._run("describe judged")
        key = (repr(columns), *(each.model_dump_json() for each in expectations))
        try:
            if key not in self._plans:
                self._plans[key] = None
                self._plans[key] = Plan(self._validator, map(_configuration, expectations))
            plan = self._plans[key]
            return None if plan is None else [Answer(**answer) for answer in plan.answers()]
        except Exception:  # Whatever it was, a validation tells it, by expectation.
            return None

    def _validated(self, expectations: Sequence[Expectation]) -> list[Answer]:
        """The answers by a validation, which come in another order: each carries its place."""
        suite = ExpectationSuite(name="judged")
        suite.expectations = [
            _configuration(expectation, place).to_domain_obj()
            for place, expectation in enumerate(expectations)
        ]
        validated = self._whole.get_batch().validate(suite, result_format=COUNTS_ONLY)
        by_place = {_place(told): told for told in validated.results}
        in_order = [by_place[place] for place in range(len(expectations))]
        return [
            Answer(bool(told.success), told.result or {}, _fault(told.exception_info))
            for told in in_order
        ]


def _configuration(expectation: Expectation, place: int = 0) -> ExpectationConfiguration:
    """An expectation as Great Expectations has it; queries are counted only."""
    kwargs = {key: value for key, value in expectation.kwargs.items() if key != "label"}
    return ExpectationConfiguration(
        type=COUNTED.get(expectation.type, expectation.type),
        kwargs=kwargs,
        meta={"place": place},
        severity=FailureSeverity(expectation.severity),
    )


def _place(answer: ExpectationValidationResult) -> int:
    configuration = answer.expectation_config
    assert configuration is not None
    return int(configuration.meta["place"])


def subject_of(expectation: Expectation) -> str:
    """What an expectation speaks of: columns, the label of a query, or the table."""
    arguments = expectation.kwargs
    columns = [arguments[key] for key in ("column", "column_A", "column_B") if key in arguments]
    return (
        arguments.get("label")
        or ", ".join(columns or arguments.get("column_list", ()))
        or TABLE_LABEL
    )


def _result(expectation: Expectation, answer: Answer) -> ExpectationResult:
    """Counts of one answer; of an error only its class, since messages may quote values."""
    counts, fault = answer.result, answer.fault
    elements, unexpected = counts.get("element_count"), counts.get("unexpected_count")
    observed = counts.get("observed_value")
    if expectation.type == "unexpected_rows_expectation":
        unexpected = observed if _finds_rows(expectation.kwargs["unexpected_rows_query"]) else None
    elif expectation.type == "expect_table_row_count_to_be_between":
        elements = observed
    return ExpectationResult(
        type=expectation.type,
        subject=subject_of(expectation),
        severity=expectation.severity,
        passed=bool(answer.success) and fault is None,
        element_count=None if elements is None else int(elements),
        unexpected_count=None if unexpected is None else int(unexpected),
        reason=expectation.reason,
        since=expectation.since,
        fault=fault,
    )


def _finds_rows(query: str) -> bool:
    """Whether a query returns offending rows; a share of the whole table is yes or no."""
    return " having " not in query or " group by " in query


def _fault(information: dict[str, Any] | None) -> str | None:
    """The class of what was raised, if anything was; never its message.

    A `TransactionException` follows from another error on the same table.
    """
    found = information or {}
    nested = [found, *(value for value in found.values() if isinstance(value, dict))]
    raised = [part for part in nested if part.get("raised_exception")]
    if not raised:
        return None
    named = re.search(r"\b(?!MetricResolution)([A-Z]\w+(?:Error|Exception))\b", str(raised))
    return named.group(1) if named else "error"
