"""Which days must be run so that the order of running changes nothing.

Every run day stands on what all run days before it handed on. So a day is due when it was asked
for, when it was missed (never run, or never shown, though later days or the asked one need it),
or when the days before it hand on something else than when it was run. No missed day is left
out, not even one on which nothing was received and no rule can be judged: it leaves its row in
the balance of alerts, in the record of evaluations and in the ages of open alerts, and its own
folder. Does not belong here: running (`defs.daily_run`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pipelines.settings import Home
from pipelines.warehouse import history
from pipelines.warehouse.publication import published_days, published_manifest


@dataclass(frozen=True)
class DueDay:
    """A day to be run, and why: `asked`, `missed`, or `again` because it stands on other days."""

    on_date: date
    why: Literal["asked", "missed", "again"]


def days_to_look_at(home: Home, first: date, last: date) -> list[date]:
    """From the first day ever run, or asked for, to the last."""
    known = sorted({*history.run_days(home), *published_days(home)})
    start, end = min([first, *known[:1]]), max([last, *known[-1:]])
    return [start + timedelta(days=offset) for offset in range((end - start).days + 1)]


def newest_day(home: Home) -> date | None:
    """The last day that was run or published; none before any was."""
    return max([*history.run_days(home), *published_days(home)], default=None)


def counts_from(home: Home, known_on: date) -> date:
    """From which day on something counts that became known on a day.

    A day that was judged stays as it was judged: from the first day after the newest one.
    """
    newest = newest_day(home)
    return max(known_on, newest + timedelta(days=1)) if newest else known_on


def due_days(home: Home, first: date, last: date, since: date | None = None) -> Iterator[DueDay]:
    """The days to be run, in order, when the days from `first` to `last` are asked for.

    Whether a day is due is decided when its turn comes, after the days before it were run: where
    those hand on what they did before, nothing more is due. An interrupted run leaves days that
    stand on others; the next run, of any day, finds them.

    Args:
        home: the home.
        first: the first day asked for.
        last: the last day asked for.
        since: the first of all days that are due, where it is known: none before it is looked at.
    """
    days = days_to_look_at(home, first, last)
    start = days.index(since) if since else 0
    day_before = next((day for day in days[:start][::-1] if history.stands_on(home, day)), None)
    for on_date in days[start:]:
        if first <= on_date <= last:
            yield DueDay(on_date, "asked")
        elif not history.stands_on(home, on_date) or not _was_told(home, on_date):
            yield DueDay(on_date, "missed")
        elif not history.is_standing(home, on_date, day_before):
            yield DueDay(on_date, "again")
        if history.stands_on(home, on_date):
            day_before = on_date


def missed_days(home: Home, first: date) -> list[date]:
    """Days before a day that are certain to be due: from the first one that is due now."""
    due = next(due_days(home, first, first)).on_date
    return [day for day in days_to_look_at(home, first, first) if due <= day < first]


def _was_told(home: Home, on_date: date) -> bool:
    """Whether what was run is what is published, or was refused; else the run was cut off."""
    published = published_manifest(home, on_date).get("stands_on")
    if published == history.stands_on(home, on_date):
        return True
    told = home.runs / f"{on_date}.json"
    return told.exists() and (
        json.loads(told.read_text(encoding="utf-8"))["outcome"] == "nothing_published"
    )
