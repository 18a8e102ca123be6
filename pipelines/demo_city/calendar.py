"""The city's working calendar: working days as numpy dates, and when a month's benefits are paid.

Belongs here: dates only. Does not belong here: who is paid.
"""

from datetime import date
from functools import cache

import numpy as np
import polars as pl

from pipelines.contracts.working_days import are_working_days, is_working_day
from pipelines.demo_city.tables import DATE

FIRST_MONTH = np.datetime64("2023-01", "M")
"""The ledger's first month."""


@cache
def _working_days() -> np.ndarray:
    days = np.arange(np.datetime64("2010-01-01"), np.datetime64("2032-01-01"))
    recent = days >= np.datetime64("2022-01-01")
    open_days = np.is_busday(days)
    open_days[recent] = are_working_days(pl.Series(days[recent])).to_numpy()
    return days[open_days]


def add_working_days(start: np.ndarray, count: np.ndarray | int) -> np.ndarray:
    """The day that lies `count` working days after `start` (0: the same or next working day)."""
    days = _working_days()
    position = np.searchsorted(days, start, side="left")
    is_open = days[np.minimum(position, len(days) - 1)] == start
    return days[position + count - np.where(is_open | (np.asarray(count) == 0), 0, 1)]


def is_open(day: date) -> bool:
    """Whether the offices work on this day."""
    return is_working_day(day)


def last_open_before(day: np.datetime64) -> np.datetime64:
    """The working day before a day."""
    days = _working_days()
    return days[np.searchsorted(days, day, side="left") - 1]


def run_dates(month: np.datetime64) -> tuple[np.datetime64, np.datetime64]:
    """The day a month's benefits are paid, and the day failed payments are sent again."""
    first = month.astype(DATE)
    days = _working_days()
    usual = days[(days >= first + 4) & (days <= first + 9)]
    return usual[0], usual[-1]


def months_until(day: np.datetime64) -> np.ndarray:
    """The ledger's months up to and including that of a day."""
    return np.arange(FIRST_MONTH, day.astype("datetime64[M]") + 1)
