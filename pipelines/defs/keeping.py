"""The last step of a day: what has been kept long enough goes, and so do old records of runs.

Runs under the home's lock, after the day was published; a fault here is told and never takes the
published day back. Does not belong here: what may be deleted (`ingest.retention`).
"""

import json
from contextlib import suppress
from datetime import date, datetime, timedelta

import dagster as dg

from pipelines.defs.installation import Installation
from pipelines.ingest.retention import delete_old
from pipelines.settings import Home, Settings, now

RECORD = "deleted.jsonl"
KEPT_RUN_DAYS = 90
"""How long the orchestrator remembers a run. Default of 2026-11-24."""

RUNS_AT_ONCE = 50


def delete_what_is_old(installation: Installation, on_date: date) -> str:
    """Delete what is older than `WENDU_KEEP_RAW_DAYS`, and write down what; one sentence.

    Args:
        installation: the home, held by the caller.
        on_date: the day that was run; what lies ahead of the clock is not counted from.
    """
    days = Settings().keep_raw_days
    home = installation.home
    deleted = None
    try:
        home.runs.mkdir(parents=True, exist_ok=True)
        deleted = delete_old(home, installation.city, min(on_date, now().date()), days)
        if deleted:
            with (home.runs / RECORD).open("a", encoding="utf-8") as record:
                told = {"at": now().isoformat(), "on_date": str(on_date), "keep_raw_days": days}
                record.write(json.dumps(told | vars(deleted)) + "\n")
    except OSError as fault:
        what = (
            f"{deleted.sentence(days)} That could not be written down in {home.runs / RECORD}"
            if deleted
            else "Old raw deliveries, refused rows or replies could not be deleted below "
            f"{home.root}"
        )
        why = f"({type(fault).__name__}); check who owns the folders. The day is published."
        return f"{what} {why}"
    return deleted.sentence(days) if deleted else ""


def refusals_deleted_since(home: Home, moment: float) -> bool:
    """Whether the content of refused rows was deleted as old after a moment of the clock."""
    record = home.runs / RECORD
    for line in record.read_text(encoding="utf-8").splitlines() if record.is_file() else ():
        with suppress(ValueError):  # a full disk cut it off
            told = json.loads(line)
            if told["refusals"] and datetime.fromisoformat(told["at"]).timestamp() > moment:
                return True
    return False


def forget_old_runs(instance: dg.DagsterInstance, at: datetime) -> int:
    """Take old runs out of the orchestrator's record, a few at a time; how many."""
    old = instance.get_run_records(
        filters=dg.RunsFilter(created_before=at - timedelta(days=KEPT_RUN_DAYS)),
        limit=RUNS_AT_ONCE,
        ascending=True,
    )
    for record in old:
        instance.delete_run(record.dagster_run.run_id)
    return len(old)
