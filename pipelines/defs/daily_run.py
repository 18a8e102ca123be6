"""Running days in this process through the graph, and telling what became of each.

The runs are recorded in the orchestrator's instance below the home, so that they show on its
page. Nothing here decides what is published; the graph does. What is told of a day is in
`day_report`, which days are due besides those asked for in `warehouse.order_of_days`.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

import dagster as dg

from pipelines.contracts.working_days import unknown_years
from pipelines.defs.automation import JOB, MISSED, NEWEST, WATCHED
from pipelines.defs.calendar import days_of_the_graph
from pipelines.defs.corrections import correction_sentences
from pipelines.defs.day_report import (
    DayReport,
    Outcome,
    remember,
    report_of,
    tells_of_interrupt,
)
from pipelines.defs.departments import begin_receiving, begin_receiving_early
from pipelines.defs.graph import build_definitions, prepare_instance
from pipelines.defs.installation import Installation
from pipelines.defs.replies import reply_sentences
from pipelines.defs.sending import notify
from pipelines.settings import MailSettings, UsageError
from pipelines.warehouse.order_of_days import DueDay, days_to_look_at, due_days, missed_days
from pipelines.warehouse.policy import current_policy
from pipelines.warehouse.publication import published_manifest

MOST_MISSED_DAYS = 300
"""With more days missed the year was mistyped; days that are asked for are no slip."""

PREPARE = "prepare"
"""What is done of a day before its first step: the orchestrator gets ready, beside receiving."""


def run_days(
    installation: Installation,
    first: date,
    last: date,
    tell: Callable[[str], None],
    say: Callable[[str], None],
    expect: Callable[[int, str], None],
    *,
    debug: bool = False,
) -> Iterator[DayReport]:
    """Run the days from one to another, and every day that is due with them, in order.

    The first day that cannot be published ends the run. A missed one does not: the day asked for
    is worth more, and is run again with those after it once the missed day can be published.

    Args:
        installation: where to run.
        first: the first day asked for.
        last: the last day asked for.
        tell: called with the name of each step as it starts.
        say: called with a sentence on each day that is due without having been asked for.
        expect: called before each day with the number of its steps, and the day.
        debug: let the orchestrator log and faults through.

    Raises:
        UsageError: nothing was received on or before the first day, or more days were missed
            before it than anybody misses.
        HomeInUseError: another run holds the home.
        KeyboardInterrupt: it was interrupted; what was begun may still be at work.
    """
    _require_deliveries(installation, first)
    installation.hold()
    installation.vault  # noqa: B018 - a wrong key is told before anything is written
    home = installation.home
    days = days_to_look_at(home, first, last)
    missed = missed_days(home, first)
    if len(missed) > MOST_MISSED_DAYS:
        raise UsageError(
            f"{len(missed):,} days before {first} were not run, since {missed[0]}, and would be "
            f"run first; if {first} is meant, run them with --date {missed[0]} --until {first}."
        )
    if missed:
        until = f" to {missed[-1]}, {len(missed)} days" if len(missed) > 1 else ""
        say(f"Due before {first}, and run first: {missed[0]}{until}.")
    installation.dbt  # noqa: B018 - so is a city without its numbers
    due_in_turn = due_days(home, first, last, since=[*missed, first][0])
    turns = _Turns(installation, first, last, newest=days[-1])
    installation.once_exported = turns.begin_next_early
    first_begun = turns.begin(next(due_in_turn))
    tell(PREPARE)
    prepare_instance(installation.home)
    definitions = build_definitions(installation, days_of_the_graph(days[0], days[-1]))
    job = definitions.resolve_job_def(JOB)
    installation.dbt.warm_up()
    if not debug:
        logging.getLogger("dagster").setLevel(logging.CRITICAL)
    with dg.DagsterInstance.get() as instance:
        for begun in chain([first_begun], map(turns.begin, due_in_turn)):
            due = begun.due
            for sentence in (*_why(installation, due), *_calendar_sentences(due.on_date)):
                say(sentence)
            expect(len(job.nodes), due.on_date.isoformat())
            report = _run_day(installation, job, instance, begun, tell, debug=debug)
            remember(home, report)
            for sentence in notify(home, MailSettings(), report):
                say(sentence)
            for sentence in reply_sentences(home, due.on_date):
                say(sentence)
            if report.outcome is not Outcome.NOTHING_PUBLISHED:
                for sentence in correction_sentences(home, due.on_date):
                    say(sentence)
            yield report
            if report.outcome is Outcome.NOTHING_PUBLISHED and due.on_date >= first:
                return


@dataclass(frozen=True)
class Begun:
    """A day of which something was begun: the run it is to have, and when that was."""

    due: DueDay
    run_id: str
    at: float
    is_newest: bool

    @property
    def is_asked(self) -> bool:
        """Whether it is run because it was asked for."""
        return self.due.why == "asked"

    @property
    def tags(self) -> dict[str, str]:
        """What its steps should know of why it is run."""
        missed = {} if self.is_asked else {MISSED: "yes"}
        return {WATCHED: "yes"} | missed | ({NEWEST: "yes"} if self.is_newest else {})


class _Turns:
    """Begins each day's receiving: in its turn, or early, while the day before is published."""

    def __init__(
        self, installation: Installation, first: date, last: date, *, newest: date
    ) -> None:
        self._installation = installation
        self._asked = (first, last)
        self._newest = newest
        self._early: tuple[date, str] | None = None

    def begin(self, due: DueDay) -> Begun:
        """Begin to receive for a day, or go on with it."""
        at, run_id = time.perf_counter(), str(uuid.uuid4())
        if self._early and self._early[0] == due.on_date:
            run_id = self._early[1]
        begun = Begun(due, run_id, at, is_newest=due.on_date == self._newest)
        begin_receiving(self._installation, run_id, due.on_date, asks=begun.is_asked)
        return begun

    def begin_next_early(self, on_date: date) -> None:
        """Begin to receive for the day after one that is built, where that day was asked for."""
        first, last = self._asked
        if first <= on_date < last:
            following = on_date + timedelta(days=1)
            self._early = (following, str(uuid.uuid4()))
            begin_receiving_early(self._installation, self._early[1], following)


def _why(installation: Installation, due: DueDay) -> Iterator[str]:
    """What an operator should know before a day is run that was not simply asked for."""
    published = published_manifest(installation.home, due.on_date)
    if due.why == "missed":
        yield f"{due.on_date} was not run, or cut off before it was published."
    elif due.why == "again":
        yield f"{due.on_date} is run again: a day before it hands on something else than before."
    judged_with = published.get("stands_on", {}).get("policy")
    if published and judged_with != current_policy(installation.dbt.project):
        yield (
            f"{due.on_date} was published with other policy rows; it is now judged with today's. "
            "`wendu replay` rebuilds a published day with its own."
        )


def _calendar_sentences(on_date: date) -> Iterator[str]:
    """What an operator should know where working days are only guessed."""
    if years := unknown_years(on_date):
        yield (
            f"The official calendar of {', '.join(map(str, years))} is not at hand: its working "
            "days and the due dates in it go by weekends alone. Install the release of the package "
            "chinesecalendar that has it."
        )


def _run_day(
    installation: Installation,
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    begun: Begun,
    tell: Callable[[str], None],
    *,
    debug: bool,
) -> DayReport:
    on_date = begun.due.on_date
    seconds: dict[str, float] = {}

    def listen(event: dg.EventLogEntry) -> None:
        happened = event.dagster_event
        if happened is None or happened.step_key is None:
            return
        if happened.is_step_start:
            seconds.setdefault(PREPARE, time.perf_counter() - begun.at)
            tell(happened.step_key)
        elif happened.is_step_success:
            seconds[happened.step_key] = happened.step_success_data.duration_ms / 1000

    instance.add_event_listener(begun.run_id, listen)
    log_level = "INFO" if debug else "CRITICAL"
    result = job.execute_in_process(
        instance=instance,
        run_id=begun.run_id,
        partition_key=on_date.isoformat(),
        tags=begun.tags,
        run_config={"loggers": {"console": {"config": {"log_level": log_level}}}},
        raise_on_error=debug,
    )  # fmt: skip
    failures = [
        event.step_failure_data.error for event in result.all_events if event.is_step_failure
    ]
    if any(map(tells_of_interrupt, failures)):
        raise KeyboardInterrupt
    return report_of(installation, on_date, result.success, failures, seconds)


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
