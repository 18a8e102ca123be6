"""Refused rows and values with their reason, the restricted shelf that feedback is made of.

The raw row stays here and nowhere else. `load_rejections` gives what may be published of it:
where and why, never the value.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.ingest.receipts import load_receipts
from pipelines.settings import Home, put_in_place

QUARANTINE_SCHEMA = pl.Schema({
    "department": pl.String(), "table": pl.String(), "received_on": pl.Date(),
    "file": pl.String(), "line": pl.Int64(), "field": pl.String(), "reason": pl.String(),
    "severity": pl.String(), "raw": pl.String(),
})  # fmt: skip
"""One row per fault. Severity `row`: the row was refused; `value`: only this value; `soft`: kept,
recorded once per distinct value. A refused row may have several faults."""

REJECTIONS_SCHEMA = pl.Schema({
    "department": pl.String(), "table_name": pl.String(), "received_on": pl.Date(),
    "file": pl.String(), "line": pl.Int64(), "field": pl.String(), "reason": pl.String(),
    "severity": pl.String(),
})  # fmt: skip


def quarantine_shelf(home: Home, department: str, table: str, received_on: date) -> Path:
    """The file of one table's refusals of one date."""
    return home.quarantine / department / table / f"received_on={received_on}" / "part.parquet"


def load_rejections(home: Home, until: date) -> pl.DataFrame:
    """Faults of accepted deliveries received by a date, without any value."""
    shelves = [
        quarantine_shelf(home, receipt.department, table, receipt.received_on)
        for receipt in load_receipts(home, until, with_answers=False)
        if receipt.verdict == "accepted"
        for table in receipt.tables
    ]
    return (
        refusals(shelves, [name for name in QUARANTINE_SCHEMA if name != "raw"])
        .filter(pl.col("severity") != "soft")
        .rename({"table": "table_name"})
        .select(REJECTIONS_SCHEMA.names())
    )


def refusals(shelves: Iterable[Path], columns: Sequence[str] = ()) -> pl.DataFrame:
    """What stands on some shelves, of those that there are, one after the other; or no row."""
    columns = columns or QUARANTINE_SCHEMA.names()
    there = [shelf for shelf in shelves if shelf.is_file()]
    if not there:
        return QUARANTINE_SCHEMA.to_frame().select(columns)
    # All at once: a year has thousands, and each alone takes four times as long.
    return pl.read_parquet(there, columns=list(columns), hive_partitioning=False, glob=False)


def rewrite_shelf(shelf: Path, refusals: pl.DataFrame) -> None:
    """Put other content in a shelf's place, whole, readable by the owner alone."""
    aside = shelf.with_suffix(".unfinished")
    refusals.write_parquet(aside, compression="zstd")
    aside.chmod(0o600)
    put_in_place(aside, shelf)
