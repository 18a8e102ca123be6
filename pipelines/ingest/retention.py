"""What is deleted after a time: raw deliveries, refused content, returned workbooks.

What a later day needs stays: the lake, receipts, accepted replies, and of each refused row where
it stood and why. A day of before can still be replayed, but for what its alerts said of refused
rows: whom those named goes with their content. Only deliveries that were accepted are
deleted; one that was not is nobody's to judge, nor is a file that came into the folder of one
after it was accepted. Does not belong here: one person's identity
(`ingest.forgetting`), the record of runs (`defs.keeping`).
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from pipelines.connectors import ConnectorError
from pipelines.contracts.city import City
from pipelines.ingest.quarantine import rewrite_shelf
from pipelines.ingest.receipts import Receipt, load_receipts
from pipelines.ingest.unread import unread_paths
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


def delete_old(home: Home, city: City, on_date: date, days: int) -> Deleted:
    """Delete what is older than some days; doing it again finishes what was cut off.

    Args:
        home: the home, held by the caller.
        city: how its departments deliver.
        on_date: the day from which is counted back.
        days: how long things are kept; what was received on the last of them stays.
    """
    oldest = on_date - timedelta(days=days)
    deliveries = sum(
        _delete_what_was_read(home, city, receipt)
        for receipt in load_receipts(home, oldest - timedelta(days=1), with_answers=False)
        if receipt.verdict == "accepted"
    )
    refusals = sum(_without_content(path) for path in _old_refusals(home, oldest))
    workbooks = 0
    for path in _old_workbooks(home, oldest):
        path.unlink()
        workbooks += 1
    for folder in sorted(home.corrections.glob("????-??-??")):
        if date.fromisoformat(folder.name) < oldest:
            shutil.rmtree(folder)
    return Deleted(deliveries, refusals, workbooks)


def _delete_what_was_read(home: Home, city: City, receipt: Receipt) -> bool:
    """Delete an accepted delivery as it was received; whether there was any of it.

    What came into its folder later, and what keeps anybody from telling, is told every day
    (`defs.day_report`) and stays until somebody has looked at it.
    """
    folder = home.delivery(receipt.department, receipt.received_on)
    if not folder.is_dir():
        return False
    try:
        unread = {*unread_paths(home, city, receipt, looks_inside=True).values()}
    except ConnectorError:
        return False
    if not unread:
        shutil.rmtree(folder)
        return True
    read = [path for path in folder.iterdir() if path not in unread]
    for path in read:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return bool(read)


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
