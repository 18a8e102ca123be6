"""Working days by the official calendar with its make-up workdays.

Outside the years the calendar library knows, weekends alone are free; `is_known_year` tells,
so that the caller can warn. Due dates of alerts are counted in SQL from a table made of this.
"""

from datetime import date, timedelta

import chinese_calendar
from chinese_calendar import constants

KNOWN_YEARS = range(min(constants.holidays).year, max(constants.holidays).year + 1)
"""Years of which the official calendar is at hand."""


def is_known_year(year: int) -> bool:
    """Whether the official calendar of the year is at hand."""
    return year in KNOWN_YEARS


def is_working_day(day: date) -> bool:
    """Whether offices are open: make-up Saturdays are, statutory holidays are not."""
    if is_known_year(day.year):
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < 5


def last_working_day(until: date) -> date:
    """The last working day on or before a date."""
    while not is_working_day(until):
        until -= timedelta(days=1)
    return until
