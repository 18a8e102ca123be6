"""Running days in this process through the graph, and telling what became of each.

The runs are recorded in the orchestrator's instance below the home, so that they show on its
page. What is told of a day is also kept in `<home>/runs/<date>.json`: outcome, sentences,
seconds of every step. Nothing here decides what is published; the graph does.
"""

import json
import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from enum import IntEnum

import dagster as dg
from dagster._utils.error import SerializableErrorInfo

from pipelines.defs.automation import JOB
from pipelines.defs.calendar import days_of_the_graph
from pipelines.defs.graph import build_definitions, prepare_instance
from pipelines.defs.installation import Installation
from pipelines.ingest import load_receipts
from pipelines.ingest.freshness import freshness
from pipelines.settings import DEPARTMENTS, Home, UsageError, WenduError
from pipelines.warehouse.holds import held_sentences


class Outcome(IntEnum):
    """What became of a day; the number is the exit code."""

    PUBLISHED = 0
    PUBLISHED_WITH_GAPS = 2
    NOTHING_PUBLISHED = 3


@dataclass(frozen=True)
class DayReport:
    """One day as told to the operator."""

    on_date: date
    outcome: Outcome
    sentences: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def run_days(
    installation: Installation,
    days: Sequence[date],
    tell: Callable[[str], None],
    *,
    debug: bool = False,
) -> Iterator[DayReport]:
    """Run days one after the other; the first that cannot be published ends the run.

    Args:
        installation: where to run.
        days: in the order in which they are to be run.
        tell: called with the name of each step as it starts.
        debug: let the orchestrator log and faults through.

    Raises:
        UsageError: nothing was received on or before the first day.
        HomeInUseError: another run holds the home.
    """
    _require_deliveries(installation, days[0])
    installation.hold()
    prepare_instance(installation.home)
    tell("prepare")
    installation.judge  # noqa: B018 - its process imports while this one goes on
    definitions = build_definitions(installation, days_of_the_graph(days[0], days[-1]))
    job = definitions.resolve_job_def(JOB)
    installation.dbt.warm_up()
    if not debug:
        logging.getLogger("dagster").setLevel(logging.CRITICAL)
    with dg.DagsterInstance.get() as instance:
        for on_date in days:
            report = _run_day(installation, job, instance, on_date, tell, debug=debug)
            _remember(installation, report)
            yield report
            if report.outcome is Outcome.NOTHING_PUBLISHED:
                return


def _run_day(
    installation: Installation,
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    on_date: date,
    tell: Callable[[str], None],
    *,
    debug: bool,
) -> DayReport:
    run_id = str(uuid.uuid4())
    seconds: dict[str, float] = {}

    def listen(event: dg.EventLogEntry) -> None:
        happened = event.dagster_event
        if happened is None or happened.step_key is None:
            return
        if happened.is_step_start:
            tell(happened.step_key)
        elif happened.is_step_success:
            seconds[happened.step_key] = happened.step_success_data.duration_ms / 1000

    instance.add_event_listener(run_id, listen)
    log_level = "INFO" if debug else "CRITICAL"
    result = job.execute_in_process(
        instance=instance,
        run_id=run_id,
        partition_key=on_date.isoformat(),
        run_config={"loggers": {"console": {"config": {"log_level": log_level}}}},
        raise_on_error=debug,
    )  # fmt: skip
    sentences = gaps(installation, on_date)
    if not result.success:
        failures = [
            _told(event.step_failure_data.error, installation.home)
            for event in result.all_events
            if event.is_step_failure
        ]
        return DayReport(on_date, Outcome.NOTHING_PUBLISHED, failures + sentences, seconds)
    sentences += held_sentences(installation.home, on_date)
    outcome = Outcome.PUBLISHED_WITH_GAPS if sentences else Outcome.PUBLISHED
    return DayReport(on_date, outcome, sentences, seconds)


def gaps(installation: Installation, on_date: date) -> list[str]:
    """One sentence for each department whose newest delivery failed or whose tables are late."""
    receipts = load_receipts(installation.home, on_date)
    state = freshness(installation.contracts, receipts, on_date)
    sentences = []
    for department in DEPARTMENTS:
        late = state.filter((state["department"] == department) & state["is_late"])
        newest = [receipt for receipt in receipts if receipt.department == department][-1:]
        failed = [receipt.message for receipt in newest if receipt.verdict == "failed"]
        sentences += [
            f"{department}, delivery of {newest[0].received_on}: {message}" for message in failed
        ]
        if late.height and not failed:
            tables = ", ".join(late["table_name"])
            expected = late["expected_by"][0]
            sentences.append(
                f"{department}: nothing accepted of {tables} since {expected}, when it was "
                "expected; its last state stays in use and the rules that need it were not "
                "evaluated."
            )
    return sentences


def _told(error: SerializableErrorInfo | None, home: Home) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return "A step failed without saying why; run again with --debug."
    kind, _, message = error.message.strip().partition(": ")
    if kind.endswith("DagsterAssetCheckFailedError"):
        return f"Gate 2 refused what was built; {home.quality / 'index.html'} tells what failed."
    if kind.rpartition(".")[2] in _sentence_errors():
        return message
    return f"A step failed unexpectedly ({kind.rpartition('.')[2]}); run again with --debug."


def _sentence_errors() -> set[str]:
    kinds, waiting = set(), [WenduError]
    while waiting:
        kind = waiting.pop()
        kinds.add(kind.__name__)
        waiting += kind.__subclasses__()
    return kinds


def _require_deliveries(installation: Installation, first: date) -> None:
    home, dated = installation.home, []
    for place in [*home.landing.glob("*/????-??-??"), *home.receipts.glob("*/????-??-??.json")]:
        dated.append(place.name[:10])
    connections = installation.city.departments.values()
    asks_for_deliveries = any(connection.is_pulled for connection in connections)
    if asks_for_deliveries or (dated and min(dated) <= first.isoformat()):
        return
    known = f"the first delivery is of {min(dated)}" if dated else "there is no delivery at all"
    raise UsageError(
        f"Nothing was received on or before {first} in {home.landing}: {known}; "
        "choose another date, or make a city with `wendu demo`."
    )


def _remember(installation: Installation, report: DayReport) -> None:
    installation.home.runs.mkdir(parents=True, exist_ok=True)
    path = installation.home.runs / f"{report.on_date}.json"
    unfinished = path.with_suffix(".unfinished")
    told = asdict(report) | {
        "on_date": report.on_date.isoformat(),
        "outcome": report.outcome.name.lower(),
    }
    unfinished.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    unfinished.replace(path)


def days_between(first: date, last: date) -> list[date]:
    """All days from one to another, both included."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
