"""Runs that nobody watched: the schedule's, the sensor's, those started from the web page.

What became of them is written down as for a run that was asked for at the command line, which
writes its own account; the operator is told of what went wrong. Does not belong here: when things
run (`automation`).
"""

from collections.abc import Sequence
from datetime import date
from itertools import chain

import dagster as dg
from dagster._utils.error import SerializableErrorInfo

from pipelines.defs.automation import AGAIN, JOB, WATCHED
from pipelines.defs.cut_off import DAY, mark_as_cut_off
from pipelines.defs.day_report import (
    DayReport,
    causes_of,
    remember,
    report_of,
    tells_of_interrupt,
)
from pipelines.defs.installation import HomeInUseError, Installation
from pipelines.defs.sending import notify
from pipelines.settings import MailSettings

HOME_IN_USE = HomeInUseError.__name__


def unwatched_run_sensors() -> list[dg.SensorDefinition]:
    """One sensor for runs that ended well and one for those that failed."""
    return [
        dg.run_status_sensor(
            name=f"tell_{status.value.lower()}",
            run_status=status,
            minimum_interval_seconds=30,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Writes down what became of a run that nobody watched.",
        )(_tell)
        for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)
    ]


def _tell(context: dg.RunStatusSensorContext) -> None:
    run = context.dagster_run
    if run.job_name != JOB or WATCHED in run.tags or DAY not in run.tags:
        return
    if _says_nothing_of_the_day(run, _failures_of(context.instance, run)):
        mark_as_cut_off(context.instance, run)
        return
    installation, mail = Installation.from_settings(), MailSettings()
    report = tell_of_run(installation, context.instance, run)
    for sentence in notify(installation.home, mail, report):
        context.log.warning(sentence)


def _says_nothing_of_the_day(
    run: dg.DagsterRun, failures: Sequence[SerializableErrorInfo | None]
) -> bool:
    """Whether the server was stopped, or the home was in use: then the day is run again.

    Somebody at the command line may have run it meanwhile, and has written down how that went.
    Where the home is in use the second time, too, there is something to tell.
    """
    causes = chain.from_iterable(map(causes_of, failures))
    was_kept_out = any(cause.cls_name == HOME_IN_USE for cause in causes)
    return any(map(tells_of_interrupt, failures)) or (was_kept_out and AGAIN not in run.tags)


def tell_of_run(
    installation: Installation, instance: dg.DagsterInstance, run: dg.DagsterRun
) -> DayReport:
    """Write down what became of a run that has ended.

    Args:
        installation: where it ran.
        instance: which recorded it.
        run: the run, of one day.
    """
    steps = instance.get_run_step_stats(run.run_id)
    seconds = {
        step.step_key: round(step.end_time - step.start_time, 3)
        for step in steps
        if step.start_time and step.end_time
    }
    failures = _failures_of(instance, run)
    on_date = date.fromisoformat(run.tags[DAY])
    report = report_of(installation, on_date, run.is_success, failures, seconds)
    remember(installation.home, report)
    return report


def _failures_of(
    instance: dg.DagsterInstance, run: dg.DagsterRun
) -> list[SerializableErrorInfo | None]:
    failed = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return [entry.dagster_event.step_failure_data.error for entry in failed if entry.dagster_event]
