"""What the rules found and drew on each day, kept beside the warehouse for the days after it.

The life of an alert is a fold over these findings, so they must outlive the work database.
They are made of lake and policy alone: deleting them and running the days again restores them.
"""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from pipelines.settings import Home
from pipelines.warehouse.work_database import work_database

FINDINGS = pl.Schema({
    "on_date": pl.Date(), "rule_id": pl.String(), "subject": pl.String(), "program": pl.String(),
    "unit": pl.String(), "level": pl.String(), "household_key": pl.Binary(),
    "person_key": pl.Binary(), "county_code": pl.String(), "township_code": pl.String(),
    "area_code": pl.String(), "amount_cny": pl.Decimal(14, 2),
    "ratio_to_standard": pl.Decimal(10, 4), "reason_zh": pl.String(), "reason_en": pl.String(),
    "evidence": pl.String(), "unknown_zh": pl.String(),
})  # fmt: skip
"""One row per rule, subject and programme whose condition held on a day."""

EVALUATIONS = pl.Schema({
    "rule_id": pl.String(), "on_date": pl.Date(), "evaluated": pl.Boolean(),
    "subjects": pl.Int64(), "hits": pl.Int64(), "not_judged": pl.Int64(), "why_not": pl.String(),
})  # fmt: skip
"""One row per rule and day: whether it was evaluated, over how many, and why not."""

AUDIT_SAMPLE = pl.Schema({
    "on_date": pl.Date(), "code": pl.String(), "drawn_for_month": pl.Date(), "drawn_on": pl.Date(),
    "household_key": pl.Binary(), "county_code": pl.String(), "township_code": pl.String(),
    "area_code": pl.String(), "members": pl.Int32(), "frame_households": pl.Int64(),
})  # fmt: skip
"""One row per household of the audit sample and day; the first day of a month draws it."""

HISTORY = {"findings": FINDINGS, "evaluations": EVALUATIONS, "audit_sample": AUDIT_SAMPLE}


def earlier(home: Home, on_date: date) -> dict[str, pl.DataFrame]:
    """Findings, evaluations and audit sample of all days before a day, by name."""
    return {
        name: pl.concat(
            [schema.to_frame()]
            + [
                pl.read_parquet(part).select(schema.names()).cast(schema)
                for part in sorted(_folder(home, name).glob("*.parquet"))
                if part.stem < on_date.isoformat()
            ]
        )
        for name, schema in HISTORY.items()
    }


def remember(home: Home, on_date: date) -> None:
    """Keep what the work database found on a day; a later run of the same day replaces it."""
    with duckdb.connect(str(work_database(home)), read_only=True) as connection:
        for name, schema in HISTORY.items():
            columns = ", ".join(schema.names())
            model = f"intermediate.int_rules__{name}_today"
            frame = connection.sql(f"select {columns} from {model} order by all").pl()
            part = _folder(home, name) / f"{on_date}.parquet"
            part.parent.mkdir(parents=True, exist_ok=True)
            unfinished = part.with_suffix(".unfinished")
            frame.cast(schema).write_parquet(unfinished)
            unfinished.replace(part)


def _folder(home: Home, name: str) -> Path:
    return home.warehouse / name
