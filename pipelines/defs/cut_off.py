"""Runs that were cut off: by a kill, a crash of the machine or a stop of the server.

To the orchestrator a run is under way until it hears of its end, and meanwhile it begins no other:
one that died without a word would keep all days after it waiting. Who works at a day holds the
home; so a run that began a while ago is dead if nobody does. Does not belong here: when things run
(`automation`).
"""

from datetime import date, datetime, timedelta

import dagster as dg
from filelock import FileLock, Timeout

from pipelines.settings import Home

CUT_OFF = "wendu/cut_off"
"""Tag of a run that was cut off before it had ended."""

DAY = "dagster/partition"
"""Tag of the day that a run is of."""

LONGEST_START = timedelta(minutes=5)
"""After that a run that is alive holds the home. Default of 2026-11-28."""


def release_dead_runs(instance: dg.DagsterInstance, home: Home, at: datetime) -> None:
    """Tell the orchestrator of runs that died under way, so that others can begin.

    Args:
        instance: the orchestrator's.
        home: where it runs days.
        at: the moment, with its time zone.
    """
    under_way = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    latest = (at - LONGEST_START).timestamp()
    begun = [
        record.dagster_run
        for record in instance.get_run_records(under_way)
        if (record.start_time or record.create_timestamp.timestamp()) < latest
    ]
    if not begun or _is_held(home):
        return
    for run in begun:
        mark_as_cut_off(instance, run)
        instance.report_run_canceled(run, "It was killed, or the machine died.")


def mark_as_cut_off(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Remember that a run did not come to its end."""
    instance.add_run_tags(run.run_id, {CUT_OFF: "yes"})


def cut_off_run(instance: dg.DagsterInstance, job: str, on_date: date) -> dg.DagsterRun | None:
    """The latest run of a day, if that was cut off."""
    of_day = dg.RunsFilter(job_name=job, tags={DAY: on_date.isoformat()})
    latest = instance.get_runs(of_day, limit=1)
    return next((run for run in latest if CUT_OFF in run.tags), None)


def _is_held(home: Home) -> bool:
    try:
        with FileLock(home.lock, timeout=0):
            return False
    except Timeout:
        return True
