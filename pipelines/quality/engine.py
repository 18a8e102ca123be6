"""Great Expectations at work: one table judged as SQL over an in-memory DuckDB view of Parquet.

The only module that imports Great Expectations (2 seconds, compiled), and only the judging process
imports this module. What is expected is declared elsewhere; results leave here as counts.
"""

import enum
import logging
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

os.environ.update(GX_ANALYTICS_ENABLED="false", DO_NOT_TRACK="1", TQDM_DISABLE="1")

from pipelines.quality.unused import loaded_on_first_use

with loaded_on_first_use({"scipy.stats", "altair"}):
    import great_expectations as gx

from great_expectations.core import ExpectationSuite, ExpectationValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.execution_engine import sqlalchemy_execution_engine as sql_engine
from great_expectations.expectations.core import UnexpectedRowsExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

from pipelines.contracts.sources import Expectation
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


class CountedRowsExpectation(UnexpectedRowsExpectation):
    """An `unexpected_rows_expectation` that counts the rows and reads none of them.

    As shipped, the query is run twice, once for the rows themselves, which leave here never.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        count = metrics["unexpected_rows_query.row_count"]
        return {"success": count == 0, "result": {"observed_value": count}}


COUNTED = {"unexpected_rows_expectation": "counted_rows_expectation"}
"""The name under which Great Expectations knows what is declared under its own."""


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

    def _run(self, statement: str) -> None:
        with self._execution.get_connection() as connection:
            connection.rollback()
            connection.exec_driver_sql(statement)
            connection.commit()

    def judge(self, expectations: Sequence[Expectation], files: Sequence[Path]) -> Verdict:
        """Judge the rows of some Parquet files as one batch."""
        if not expectations:
            return Verdict.of([])
        listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
        self._run(
            "create or replace view judged as select * from "
            f"read_parquet([{listed}], hive_partitioning = false)"
        )
        suite = ExpectationSuite(name="judged")
        suite.expectations = [
            _configuration(place, expectation).to_domain_obj()
            for place, expectation in enumerate(expectations)
        ]
        validated = self._whole.get_batch().validate(suite, result_format=COUNTS_ONLY)
        by_place = {_place(answer): answer for answer in validated.results}
        return Verdict.of(
            _result(expectation, by_place[place]) for place, expectation in enumerate(expectations)
        )


def _configuration(place: int, expectation: Expectation) -> ExpectationConfiguration:
    """Results come back in another order: each carries its place."""
    return ExpectationConfiguration(
        type=COUNTED.get(expectation.type, expectation.type),
        kwargs={key: value for key, value in expectation.kwargs.items() if key != "label"},
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


def _result(expectation: Expectation, answer: ExpectationValidationResult) -> ExpectationResult:
    """Counts of one answer; of an error only its class, since messages may quote values."""
    fault = _fault(answer.exception_info)
    counts: dict[str, Any] = answer.result or {}
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
