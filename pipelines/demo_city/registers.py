"""Registers of the whole city: deaths, marriages, public payroll, temporary relief, vagrants.

Belongs here: people whom nobody assists, and single events. Does not belong here: families.
"""

import numpy as np

from pipelines.demo_city.assistance import days
from pipelines.demo_city.families import born_at_age
from pipelines.demo_city.tables import MOMENT
from pipelines.demo_city.world import World

EMPLOYERS = 400
STATIONS = ("聊城市救助管理站", "临清市救助管理站", "莘县救助管理站", "高唐县救助管理站")
MARRIED, DIVORCED = 1, 2
URGENT, SPENDING = 1, 2


def add_deaths(
    world: World, rng: np.random.Generator, died_on: np.ndarray, sent_on: np.ndarray | None = None
) -> None:
    """People outside every register who died: mostly old."""
    count = len(died_on)
    age = np.clip(rng.normal(76, 13, count), 1, 99).astype(np.int64)
    area = world.places.draw(rng, count, rng.random(count) < 0.35)
    born_on = np.minimum(born_at_age(rng, age, world.start), died_on - 30)
    persons = world.people.add(rng, born_on, rng.random(count) < 0.53, area)
    record_deaths(world, rng, persons, died_on, sent_on)


def record_deaths(
    world: World, rng: np.random.Generator, persons: np.ndarray, died_on: np.ndarray,
    sent_on: np.ndarray | None = None, names: np.ndarray | None = None,
) -> None:  # fmt: skip
    """Mark people as dead, with a cremation record; names may be another's by mistake."""
    world.people["died_on"][persons] = died_on
    cremated_on = died_on + days(rng.integers(1, 4, len(persons)))
    if sent_on is None:
        cremated_on = np.minimum(cremated_on, world.start)
        sent_on = np.full(len(persons), world.start)
    world["cremations"].append(
        len(persons),
        person=persons,
        name=names,
        died_on=died_on,
        cremated_on=np.minimum(cremated_on, sent_on),
        sent_on=sent_on,
    )


def add_marriages(
    world: World, rng: np.random.Generator, registered_on: np.ndarray, sent_on: np.datetime64
) -> None:
    """Couples outside every register; a quarter of the events are divorces."""
    count = len(registered_on)
    age = np.clip(rng.normal(28, 6, count), 22, 70).astype(np.int64)
    area = world.places.draw(rng, count, rng.random(count) < 0.4)
    husband = world.people.add(rng, born_at_age(rng, age, world.start), np.ones(count, bool), area)
    younger = np.maximum(age - rng.integers(-1, 4, count), 20)
    wife = world.people.add(
        rng, born_at_age(rng, younger, world.start), np.zeros(count, bool), area
    )
    kind = np.where(rng.random(count) < 0.27, DIVORCED, MARRIED)
    record_marriages(world, husband, wife, kind, registered_on, sent_on)


def record_marriages(
    world: World, husband: np.ndarray, wife: np.ndarray, kind: np.ndarray | int,
    registered_on: np.ndarray, sent_on: np.datetime64,
) -> None:  # fmt: skip
    """Enter marriages or divorces of people who exist."""
    world["marriages"].append(
        len(husband),
        kind=kind,
        husband=husband,
        wife=wife,
        registered_on=registered_on,
        sent_on=sent_on,
    )


def add_payroll(world: World, rng: np.random.Generator, count: int) -> None:
    """People on the public payroll."""
    age = rng.integers(23, 60, count)
    area = world.places.draw(rng, count, rng.random(count) < 0.6)
    persons = world.people.add(
        rng, born_at_age(rng, age, world.start), rng.random(count) < 0.5, area
    )
    since = world.start - days(rng.integers(100, np.maximum((age - 22) * 365, 200)))
    employ(world, rng, persons, rng.normal(6200, 1400, count).clip(3200, 15000), since)


def employ(
    world: World, rng: np.random.Generator, persons: np.ndarray, wage: np.ndarray,
    since: np.ndarray,
) -> None:  # fmt: skip
    """Put people on the payroll; the wage in yuan a month."""
    cents = np.round(np.asarray(wage) * 100).astype(np.int64) // 1000 * 1000
    world["payroll"].append(
        len(persons),
        person=persons,
        employer=rng.integers(0, EMPLOYERS, len(persons)),
        monthly_wage=cents,
        since=since,
    )


def relief_amounts(rng: np.random.Generator, count: int, total: int) -> np.ndarray:
    """Amounts in cents of so many cases, in whole ten yuan where possible, with the given sum.

    None is far above the mean: what one person gets stays clear of a year's ceiling.
    """
    if count == 0:
        return np.empty(0, dtype=np.int64)
    raw = rng.uniform(0.5, 1.5, count)
    amounts = np.maximum(np.floor(raw / raw.sum() * total / 1000).astype(np.int64), 20) * 1000
    gap = total - int(amounts.sum())
    amounts += gap // count
    amounts[0] += gap - gap // count * count
    return amounts


def add_relief(
    world: World, rng: np.random.Generator, applied_at: np.ndarray, amounts: np.ndarray,
    sent_on: np.datetime64, *, kind: np.ndarray | None = None,
    persons: np.ndarray | None = None, cause: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Relief cases, one person each: urgent ones helped within a day, others within weeks."""
    count = len(applied_at)
    if persons is None:
        area = world.places.draw(rng, count, rng.random(count) < 0.2)
        age = rng.integers(20, 75, count)
        persons = world.people.add(
            rng, born_at_age(rng, age, world.start), rng.random(count) < 0.55, area
        )
    kind = np.where(rng.random(count) < 0.45, URGENT, SPENDING) if kind is None else kind
    cause = rng.choice([1, 2, 3, 4, 5, 9], size=count, p=[0.52, 0.16, 0.05, 0.07, 0.06, 0.14]) if (
        cause is None
    ) else cause  # fmt: skip
    hours = np.where(kind == URGENT, rng.integers(2, 22, count), rng.integers(30, 200, count))
    granted_at = applied_at + (hours * 3600).astype("timedelta64[s]")
    closing = sent_on.astype(MOMENT) + np.timedelta64(22, "h")
    hour = np.timedelta64(1, "h")
    granted_at = np.where(granted_at <= closing, granted_at, np.maximum(applied_at + hour, closing))
    is_advance = (kind == URGENT) & (rng.random(count) < 0.5)
    completed = granted_at.astype("datetime64[D]") + days(rng.integers(1, 9, count))
    return world["temporary_relief"].append(
        count, person=persons, area=world.people["area"][persons], kind=kind, cause=cause,
        applied_at=applied_at, granted_at=granted_at, amount=amounts,
        form=np.where(rng.random(count) < 0.92, 1, 2), advance=is_advance.astype(int),
        documents_completed_on=np.where(is_advance, completed, np.datetime64("NaT")),
        sent_on=sent_on,
    )  # fmt: skip


def moments(rng: np.random.Generator, on_days: np.ndarray, *, until_hour: int = 18) -> np.ndarray:
    """Times of day during office hours."""
    seconds = rng.integers(8 * 3600, until_hour * 3600, len(on_days)).astype("timedelta64[s]")
    return on_days.astype(MOMENT) + seconds


def add_vagrants(
    world: World, rng: np.random.Generator, received_on: np.ndarray, sent_on: np.datetime64
) -> None:
    """People helped at the stations, without names."""
    count = len(received_on)
    left_on = received_on + days(rng.integers(1, 9, count))
    world["vagrants"].append(
        count,
        station=rng.integers(0, len(STATIONS), count),
        received_on=received_on,
        left_on=np.where(left_on <= sent_on, left_on, np.datetime64("NaT")),
        sent_on=sent_on,
    )
