"""What is deleted after a time: raw deliveries, refused content, returned workbooks.

What a later day needs stays: the lake, receipts, accepted replies, and of each refused row where
it stood and why. A day of before can still be replayed, but for what its alerts said of refused
rows: whom those named goes with their content. Only deliveries that were accepted are
deleted; one that was not is nobody's to judge. Does not belong here: one person's identity
(`ingest.forgetting`), the record of runs (`defs.keeping`).
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from pipelines.ingest.quarantine import rewrite_shelf
from pipelines.ingest.receipts import load_receipts
from pipelines.settings import TIME_ZONE, Home


@dataclass(frozen=True)
class Deleted:
    """What was deleted, in counts."""

    deliveries: int = 0
    refusals: int = 0
    workbooks: int = 0

    def __bool__(self) -> bool:
        return bool(self.deliveries or self.refusals or self.workbooks)

    def sentence(self, days: int) -> str:
        """One line for the operator."""
        return (
            f"Deleted as older than {days} days: {self.deliveries} raw deliveries, the content of "
            f"{self.refusals} refused rows, {self.workbooks} workbooks of replies and corrections."
        )


def delete_old(home: Home, on_date: date, days: int) -> Deleted:
    """Delete what is older than some days; doing it again finishes what was cut off.

    Args:
        home: the home, held by the caller.
        on_date: the day from which is counted back.
        days: how long things are kept; what was received on the last of them stays.
    """
    oldest = on_date - timedelta(days=days)
    deliveries = 0
    for receipt in load_receipts(home, oldest - timedelta(days=1), with_answers=False):
        folder = home.delivery(receipt.department, receipt.received_on)
        if receipt.verdict == "accepted" and folder.is_dir():
            shutil.rmtree(folder)
            deliveries += 1
    refusals = sum(_without_content(path) for path in _old_refusals(home, oldest))
    workbooks = 0
    for path in _old_workbooks(home, oldest):
        path.unlink()
        workbooks += 1
    for folder in sorted(home.corrections.glob("????-??-??")):
        if date.fromisoformat(folder.name) < oldest:
            shutil.rmtree(folder)
    return Deleted(deliveries, refusals, workbooks)


def _old_refusals(home: Home, oldest: date) -> Iterator[Path]:
    for path in sorted(home.quarantine.glob("*/*/received_on=*/part.parquet")):
        if date.fromisoformat(path.parent.name.removeprefix("received_on=")) < oldest:
            yield path


def _without_content(path: Path) -> int:
    """Take the rows as delivered out of a shelf; how many."""
    refusals = pl.read_parquet(path, hive_partitioning=False)
    held = refusals.height - refusals["raw"].null_count()
    if held:
        rewrite_shelf(path, refusals.with_columns(raw=pl.lit(None, pl.String)))
    return held


def _old_workbooks(home: Home, oldest: date) -> Iterator[Path]:
    """Returned lists as they came, and what was sent back, by when the file was written."""
    for folder in (home.replies / "received", home.replies / "returned"):
        for path in sorted(folder.glob("*")):
            written = datetime.fromtimestamp(path.stat().st_mtime, TIME_ZONE).date()
            if path.is_file() and written < oldest:
                yield path
    for path in sorted(home.corrections.glob("????-??-??/*.xlsx")):
        if date.fromisoformat(path.parent.name) < oldest:
            yield path
