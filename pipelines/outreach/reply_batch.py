"""Which list a returned file answers.

The list's own mark is asked first: the name `batch_id` within the workbook, then its property,
then its printed foot. Where all are lost, the numbers tell it, but only if they leave no doubt.
Does not belong here: what was answered.
"""

from datetime import date

import polars as pl

from pipelines.connectors.office_files import OfficeFile
from pipelines.connectors.raw import ConnectorError
from pipelines.contracts.replies import published_batches, shown_mark
from pipelines.settings import Home

MARK = r"(?:\d{6,12}|unknown)-\d{8}-?[0-9A-Z](?![0-9A-Za-z])"
"""The form of a batch: office, day of the list, check character."""

SHOWN = r"shows-[0-9a-f]{16}"
"""The form of `contracts.replies.shown_mark`."""


def shown_on(file: OfficeFile) -> str:
    """The mark of the reasons that the list of a file showed; empty where it was lost."""
    return next((mark for marks in file.marks(SHOWN) for mark in marks), "")


def is_superseded(file: OfficeFile, batch: pl.DataFrame) -> bool:
    """Whether a file answers a list that was published anew since, with other reasons on it."""
    return shown_on(file) not in ("", shown_mark(batch))


def batch_of(home: Home, file: OfficeFile, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines of the list that a file answers, as `BATCHES`.

    Args:
        home: the home, whose published lists are known.
        file: the file.
        lines: its answered lines.

    Raises:
        ConnectorError: the file names no list and its numbers leave it open, or it names several,
            or one of a day that is not published here, as in a home that was restored.
    """
    unknown: set[str] = set()
    for marks in file.marks(MARK):
        days = {mark.partition("-")[2][:8] for mark in marks}
        named = published_batches(home, days).filter(pl.col("batch_id").is_in(set(marks)))
        found = named.partition_by("batch_id")
        if len(found) == 1:
            return found[0]
        if found:
            raise ConnectorError(
                f"{file.name}: it carries the marks of {len(found)} lists; send each list by itself"
            )
        unknown |= set(marks)
    if unknown:
        raise ConnectorError(
            f"{file.name}: it answers the list {', '.join(sorted(unknown))}, which is not "
            "published in this home; run the day of the list, then read the file again"
        )
    return _by_numbers(home, file, lines)


def _by_numbers(home: Home, file: OfficeFile, lines: pl.DataFrame) -> pl.DataFrame:
    """The newest list with all the numbers, not later than the first visit.

    Lists that show other reasons under one number leave open what the visitor saw.
    """
    numbers = lines["line_id"].drop_nulls().unique().to_list()
    first_visit = lines["visited_on"].min()
    batches = published_batches(home).filter(pl.col("line_id").is_in(numbers))
    numbers = batches["line_id"].unique().to_list()
    candidates = batches.filter(
        pl.col("line_id").n_unique().over("batch_id") == len(numbers),
        pl.col("on_date") <= (first_visit if isinstance(first_visit, date) else date.max),
    )
    seen = candidates.group_by("batch_id").agg(
        pl.col("office").first(),
        pl.col("on_date").first(),
        shown=pl.concat_str("line_id", "position", "alert_id", separator="|").sort().str.join(","),
    )
    if seen.is_empty():
        raise ConnectorError(
            f"{file.name}: it carries no mark of a list (it was copied or rebuilt), and no one "
            "list has all its numbers; fill in the list as it was sent out"
        )
    if seen["office"].n_unique() > 1 or seen["shown"].n_unique() > 1:
        raise ConnectorError(
            f"{file.name}: it carries no mark of a list (it was copied or rebuilt), and its "
            "numbers stand on several lists with different reasons; fill in the list as it was "
            "sent out"
        )
    newest = seen.sort("on_date").row(-1, named=True)
    return published_batches(home, {f"{newest['on_date']:%Y%m%d}"}).filter(
        pl.col("batch_id") == newest["batch_id"]
    )
