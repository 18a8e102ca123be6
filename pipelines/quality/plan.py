"""What is asked of a table, worked out once and counted as often as it is asked.

Great Expectations works out for each table it validates which columns there are, which metrics each
expectation needs and what they stand on: most of what judging a small table takes. None of that
changes with the rows. Here it is kept for the same expectations over the same columns, only what
rows decide is counted anew, and what can be is counted in one statement. An expectation makes of
its metrics what it always does. Whatever goes wrong goes wrong as a whole: which expectation it was
and why, a validation of Great Expectations tells (`engine`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import sqlalchemy
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.core import UnexpectedRowsExpectation
from great_expectations.expectations.expectation import Expectation as Asked
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validation_graph import ValidationGraph
from great_expectations.validator.validator import Validator

from pipelines.quality.conditions import as_aggregate

ROW_COUNT = "unexpected_rows_query.row_count"
MATCHING = "rows_that_match.count"
NEEDED = {"result_format": "BOOLEAN_ONLY"}
"""What is needed for yes or no is all that is needed for counts; the rest are values of rows."""

COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0, "include_unexpected_rows": False}

STANDING = {
    "table.columns",
    "table.column_types",
    "table.row_count.aggregate_fn",
    f"{MATCHING}.aggregate_fn",
    *(
        f"column_values.{kind}.{part}"
        for kind in ("nonnull", "in_set", "between")
        for part in ("condition", "unexpected_count.aggregate_fn")
    ),
}
"""Metrics that no row changes: columns, their types, parts of a statement that is not yet run.

Named one by one: a part of a statement may well have been made with what was counted before it.
"""


class CountedRowsExpectation(UnexpectedRowsExpectation):
    """An `unexpected_rows_expectation` that counts the rows and reads none of them.

    As shipped, the query is run twice, once for the rows themselves, which leave here never.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = (ROW_COUNT,)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        [count] = metrics.values()
        return {"success": count == 0, "result": {"observed_value": count}}


class MatchingRowsExpectation(CountedRowsExpectation):
    """One whose query is a condition on rows, or on all of them: counted beside other counts."""

    metric_dependencies: ClassVar[tuple[str, ...]] = (MATCHING,)


class MatchingRows(TableMetricProvider):
    """How many rows the query of a condition returns, as part of a statement."""

    metric_name = MATCHING
    value_keys = ("unexpected_rows_query",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(
        cls,  # noqa: N805 - so Great Expectations has it
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        counted = as_aggregate(metric_value_kwargs["unexpected_rows_query"])
        return sqlalchemy.literal_column(str(counted)), metric_domain_kwargs, {}


class Plan:
    """What is asked of a table of certain columns."""

    def __init__(self, validator: Validator, expected: Iterable[ExpectationConfiguration]) -> None:
        """Work out the metrics, and those that no row changes.

        Raises:
            ValueError: one of them cannot be had, or what rows decide takes more than two steps.
        """
        self._asked = [_asked_of(each, validator.active_batch_id) for each in expected]
        self._engine = validator.execution_engine
        self._needs: list[Mapping[str, MetricConfiguration]] = [
            each.get_validation_dependencies(self._engine, dict(NEEDED)).metric_configurations
            for each in self._asked
        ]
        calculator = validator.metrics_calculator
        graph = calculator.build_metric_dependency_graph(
            [metric for needs in self._needs for metric in needs.values()]
        )
        metrics = {edge.left.id: edge.left for edge in graph.edges}
        counted = [metric for metric in metrics.values() if metric.metric_name not in STANDING]
        beneath = {below.id for each in counted for below in each.metric_dependencies.values()}
        self._first = [metric for metric in counted if metric.id in beneath]
        self._then = [metric for metric in counted if metric.id not in beneath]
        resolved, failed = calculator.resolve_validation_graph(
            ValidationGraph(self._engine, [e for e in graph.edges if e.left not in self._then])
        )
        self._standing = {
            id_: value for id_, value in resolved.items() if id_.metric_name in STANDING
        }
        below = {d.id for metric in self._first for d in metric.metric_dependencies.values()}
        if failed or not below <= self._standing.keys():
            raise ValueError

    def answers(self) -> list[Any]:
        """What each expectation makes of the rows there are now; raises if one cannot."""
        metrics = dict(self._standing)
        for counted in (self._first, self._then):
            metrics |= self._engine.resolve_metrics(counted, metrics)
        return [
            each._validate(
                {name: metrics[metric.id] for name, metric in needs.items()},
                {"result_format": dict(COUNTS)},
                self._engine,
            )
            for each, needs in zip(self._asked, self._needs, strict=True)
        ]


def _asked_of(expected: ExpectationConfiguration, batch_id: str | None) -> Asked:
    """An expectation of the batch; a query that is one condition as one that is counted with it."""
    query = expected.kwargs.get("unexpected_rows_query")
    is_condition = query is not None and as_aggregate(query) is not None
    return ExpectationConfiguration(
        type="matching_rows_expectation" if is_condition else expected.type,
        kwargs=expected.kwargs | {"batch_id": batch_id},
    ).to_domain_obj()
