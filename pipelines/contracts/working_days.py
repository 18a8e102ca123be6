"""Working days by the official calendar with its make-up workdays.

Outside the years the calendar library knows, weekends alone are free; `unknown_years` tells, and
the run, its lists and its bulletin say so. Due dates of alerts are counted in SQL from a table made
of this.
"""

from datetime import date, timedelta

import chinese_calendar
import polars as pl
from chinese_calendar import constants

KNOWN_YEARS = range(min(constants.holidays).year, max(constants.holidays).year + 1)
"""Years of which the official calendar is at hand."""

FRIDAY = 5

FARTHEST_DUE = timedelta(days=35)
"""Within this time lie the due dates that are counted on a day: fifteen working days at most."""


def is_known_year(year: int) -> bool:
    """Whether the official calendar of the year is at hand."""
    return year in KNOWN_YEARS


def unknown_years(on_date: date) -> list[int]:
    """The years of a day and its due dates of which the official calendar is not at hand."""
    years = range(on_date.year, (on_date + FARTHEST_DUE).year + 1)
    return [year for year in years if not is_known_year(year)]


def is_working_day(day: date) -> bool:
    """Whether offices are open: make-up Saturdays are, statutory holidays are not."""
    if is_known_year(day.year):
        return bool(chinese_calendar.is_workday(day))
    return day.isoweekday() <= FRIDAY


def are_working_days(days: pl.Series) -> pl.Series:
    """As `is_working_day`, of many days at once."""
    is_free = (days.dt.weekday() > FRIDAY) | days.is_in([*constants.holidays])
    return ~is_free | days.is_in([*constants.workdays])


def last_working_day(until: date) -> date:
    """The last working day on or before a date."""
    while not is_working_day(until):
        until -= timedelta(days=1)
    return until
