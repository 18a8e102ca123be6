"""What each day hands on to the days after it, kept beside the warehouse.

The state of every alert at the end of a day, and the day's events, counts and draws: the life of
an alert is a fold over days, and a day reads the state of the run day before it, however many
went before. All of it is made of lake, replies, signatures and policy alone: deleting it and
running the days again restores it. Beside it stands on what a day was built: a day that stands
on other days than lie before it now must be run again. Does not belong here: what moves an alert
(dbt), which days are run (`order_of_days`).
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from pipelines.settings import Home, put_in_place
from pipelines.warehouse.standing import hash_of
from pipelines.warehouse.work_database import work_database

ALERTS = pl.Schema({
    "alert_id": pl.String(), "rule_id": pl.String(), "subject": pl.String(),
    "program": pl.String(), "unit": pl.String(), "status": pl.String(), "level": pl.String(),
    "level_since_on": pl.Date(), "level_until_then": pl.String(), "answered_level": pl.String(),
    "holds": pl.Boolean(), "found_level": pl.String(), "entered_by": pl.String(),
    "household_key": pl.Binary(), "person_key": pl.Binary(), "county_code": pl.String(),
    "township_code": pl.String(), "area_code": pl.String(),
    "first_seen_on": pl.Date(), "last_seen_on": pl.Date(), "due_on": pl.Date(),
    "cleared_on": pl.Date(), "hold_id": pl.String(), "amount_cny": pl.Decimal(14, 2),
    "ratio_to_standard": pl.Decimal(10, 4), "reason_zh": pl.String(), "reason_en": pl.String(),
    "evidence": pl.String(), "unknown_zh": pl.String(), "delivered_on": pl.Date(),
    "outcome": pl.String(), "closed_on": pl.Date(), "replied_on": pl.Date(),
    "reply_batch_id": pl.String(), "cool_until_on": pl.Date(),
})  # fmt: skip
"""One row per alert as it stands at the end of a day."""

EVENTS = pl.Schema({
    "alert_id": pl.String(), "event": pl.String(), "on_date": pl.Date(), "detail": pl.String(),
})  # fmt: skip
"""One row per alert and event of a day."""

BALANCE = pl.Schema({
    "county_code": pl.String(), "on_date": pl.Date(), "open_before": pl.Int32(),
    "new": pl.Int32(), "cleared": pl.Int32(), "closed": pl.Int32(), "open_now": pl.Int32(),
})  # fmt: skip
"""One row per county: the day's balance of open alerts."""

BOTH_ERRORS = pl.Schema({
    "county_code": pl.String(), "on_date": pl.Date(), "rule_family": pl.String(),
    "exclusion_cases": pl.Int64(), "exclusion_cny": pl.Decimal(18, 2),
    "leakage_cases": pl.Int64(), "leakage_cny": pl.Decimal(18, 2),
})  # fmt: skip
"""One row per county and rule family: the day's open clues to exclusion and to leakage."""

OPENINGS = pl.Schema({
    "rule_id": pl.String(), "county_code": pl.String(), "on_date": pl.Date(),
    "opened": pl.Int64(),
})  # fmt: skip
"""One row per rule and county with new alerts; what was held as a flood is no measure of others."""

EVALUATIONS = pl.Schema({
    "rule_id": pl.String(), "on_date": pl.Date(), "evaluated": pl.Boolean(),
    "subjects": pl.Int64(), "hits": pl.Int64(), "not_judged": pl.Int64(), "why_not": pl.String(),
})  # fmt: skip
"""One row per rule: whether it was evaluated on the day, over how many, and why not."""

AUDIT_SAMPLE = pl.Schema({
    "on_date": pl.Date(), "code": pl.String(), "drawn_for_month": pl.Date(), "drawn_on": pl.Date(),
    "household_key": pl.Binary(), "county_code": pl.String(), "township_code": pl.String(),
    "area_code": pl.String(), "members": pl.Int32(), "frame_households": pl.Int64(),
})  # fmt: skip
"""One row per household of the audit sample; the first day of a month draws it."""

SCHEMAS = {
    "alerts": ALERTS,
    "alert_events": EVENTS,
    "alert_balance": BALANCE,
    "both_errors": BOTH_ERRORS,
    "openings": OPENINGS,
    "evaluations": EVALUATIONS,
    "audit_sample": AUDIT_SAMPLE,
}

STANDS_ON = "stands_on.json"
"""Beside a day's files: hash of the chain of days before it, of its own files, of its policy."""

LAST_DAY_ONLY = ("alerts",)
"""Of these a day reads the run day before it alone."""

QUERIES = {
    "alerts": "select {columns} from intermediate.int_rules__alerts",
    "alert_events": (
        "select {columns} from intermediate.int_rules__alert_events where on_date = '{day}'"
    ),
    "alert_balance": (
        "select {columns} from intermediate.int_rules__alert_balance where on_date = '{day}'"
    ),
    "both_errors": (
        "select {columns} from intermediate.int_rules__both_errors where on_date = '{day}'"
    ),
    "openings": (
        "select rule_id, county_code, date '{day}' as on_date, count(*) as opened "
        "from intermediate.int_rules__alerts "
        "where event_of_day = 'opened' "
        "or event_of_day = 'reopened' and status_before <> 'inhibited' group by all"
    ),
    "evaluations": "select {columns} from intermediate.int_rules__evaluations_today",
    "audit_sample": "select {columns} from intermediate.int_rules__audit_sample_today",
}


def run_days(home: Home) -> list[date]:
    """The days that were run and handed something on, oldest first."""
    return sorted(date.fromisoformat(folder.name) for folder in _place(home).glob("????-??-??"))


def earlier(home: Home, on_date: date) -> dict[str, pl.DataFrame]:
    """What the days before a day handed on, by name; empty frames on the first of all."""
    days = [day for day in run_days(home) if day < on_date]
    if not days:
        return {name: schema.to_frame() for name, schema in SCHEMAS.items()}
    return {
        name: _handed_on(home, days[-1:] if name in LAST_DAY_ONLY else days, name)
        for name in SCHEMAS
    }


def alerts_of(home: Home, on_date: date) -> pl.DataFrame:
    """The alerts as they stood at the end of a day; none where the day was not run."""
    kept = _folder(home, on_date) / "alerts.parquet"
    return pl.read_parquet(kept) if kept.exists() else ALERTS.to_frame()


def file_of(home: Home, on_date: date, name: str) -> Path:
    """Where one of the things a day handed on lies, by its name in `SCHEMAS`."""
    return _folder(home, on_date) / f"{name}.parquet"


def stands_on(home: Home, on_date: date) -> dict[str, str]:
    """On what a day was run: hashes of `days_before` and `policy`, and of what it `handed_on`.

    Empty where the day was not run.
    """
    file = _folder(home, on_date) / STANDS_ON
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def is_standing(home: Home, on_date: date, day_before: date | None) -> bool:
    """Whether a day was run on exactly what the days up to the run day before it hand on now."""
    told = stands_on(home, on_date)
    return bool(told) and told["days_before"] == _chain(home, day_before)


def copy_before(home: Home, on_date: date, to: Home) -> None:
    """Copy what the days before a day handed on into another home."""
    for day in run_days(home):
        if day < on_date:
            shutil.copytree(_folder(home, day), _folder(to, day))


def remember(home: Home, on_date: date, policy: str = "") -> None:
    """Keep what the work database hands on, whole; a later run of the same day replaces it.

    Killed at any moment, it leaves the day as it was before or as it is now.

    Args:
        home: the home.
        on_date: the day that was built.
        policy: hash of the policy rows it was judged with.
    """
    clean_up(home)
    unfinished = _place(home) / f".{on_date}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    with duckdb.connect(str(work_database(home)), read_only=True) as connection:
        for name, schema in SCHEMAS.items():
            query = QUERIES[name].format(columns=", ".join(schema.names()), day=on_date)
            frame = connection.sql(f"from ({query}) order by all").pl().cast(schema)
            frame.write_parquet(unfinished / f"{name}.parquet")
    days = [day for day in run_days(home) if day < on_date]
    _tell_what_it_stands_on(unfinished, _chain(home, max(days, default=None)), policy)
    folder, before = _folder(home, on_date), _place(home) / f".{on_date}.before"
    if folder.exists():
        folder.replace(before)
    put_in_place(unfinished, folder)
    shutil.rmtree(before, ignore_errors=True)


def copy_rewritten(home: Home, to: Home, rewrite: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Copy what all days handed on into another home, each frame rewritten on the way.

    On what the days stand is told anew, so that they stand on each other there as they do here.
    """
    day_before: date | None = None
    for day in run_days(home):
        folder = _folder(to, day)
        folder.mkdir(parents=True)
        with duckdb.connect() as connection:
            for name, schema in SCHEMAS.items():
                rewritten = rewrite(_handed_on(home, [day], name))
                connection.register("rewritten", rewritten.to_arrow())
                frame = connection.sql("from rewritten order by all").pl().cast(schema)
                frame.write_parquet(folder / f"{name}.parquet")
        policy = stands_on(home, day).get("policy", "")
        _tell_what_it_stands_on(folder, _chain(to, day_before), policy)
        day_before = day


def clean_up(home: Home) -> None:
    """Take back a day whose replacement was interrupted between its two steps.

    Only for who holds the home: a run may be between the two steps right now.
    """
    for before in _place(home).glob(".????-??-??.before"):
        folder = _place(home) / before.name.removeprefix(".").removesuffix(".before")
        if folder.exists():
            shutil.rmtree(before)
        else:
            before.replace(folder)


def _tell_what_it_stands_on(folder: Path, days_before: str, policy: str) -> None:
    files = [(folder / f"{name}.parquet").read_bytes() for name in SCHEMAS]
    told = {
        "days_before": days_before,
        "handed_on": hash_of(*(hashlib.sha256(file).hexdigest() for file in files)),
        "policy": policy,
    }
    (folder / STANDS_ON).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _handed_on(home: Home, days: Sequence[date], name: str) -> pl.DataFrame:
    """One thing that days handed on; nothing of a day run before there was such a thing."""
    files = [file for day in days if (file := file_of(home, day, name)).exists()]
    if not files:
        return SCHEMAS[name].to_frame()
    # A version before knew less of it.
    return pl.scan_parquet(
        files, schema=SCHEMAS[name], missing_columns="insert", extra_columns="ignore"
    ).collect()


def _chain(home: Home, until: date | None) -> str:
    """Hash over all run days up to one; each day's file carries the chain before it."""
    if until is None:
        return ""
    told = stands_on(home, until)
    return hash_of(until.isoformat(), told.get("days_before", ""), told.get("handed_on", ""))


def _place(home: Home) -> Path:
    return home.warehouse / "history"


def _folder(home: Home, on_date: date) -> Path:
    return _place(home) / on_date.isoformat()
