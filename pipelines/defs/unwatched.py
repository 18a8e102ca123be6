"""Runs that nobody watched: the schedule's, the sensor's, those started from the web page.

What became of them is written down as for a run that was asked for at the command line, which
writes its own account; the operator is told of what went wrong. Does not belong here: when things
run (`automation`).
"""

from datetime import date

import dagster as dg
from dagster._utils.error import SerializableErrorInfo

from pipelines.defs.automation import JOB, WATCHED
from pipelines.defs.cut_off import DAY, mark_as_cut_off
from pipelines.defs.day_report import DayReport, remember, report_of, tells_of_interrupt
from pipelines.defs.installation import Installation
from pipelines.defs.sending import notify
from pipelines.settings import MailSettings


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
    if any(map(tells_of_interrupt, _failures_of(context.instance, run))):
        # The server was stopped: there is nothing to tell of the day, it is run again.
        mark_as_cut_off(context.instance, run)
        return
    installation, mail = Installation.from_settings(), MailSettings()
    report = tell_of_run(installation, context.instance, run)
    for sentence in notify(installation.home, mail, report):
        context.log.warning(sentence)


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
