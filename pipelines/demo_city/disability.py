"""The disabled persons' federation: certificates, employment, services.

Belongs here: who has which certificate. Does not belong here: what is paid for it.
"""

import numpy as np

from pipelines.demo_city.assistance import days
from pipelines.demo_city.families import born_at_age
from pipelines.demo_city.tables import DATE
from pipelines.demo_city.world import World

CATEGORIES = np.array([1, 2, 3, 4, 5, 6, 7])
_CATEGORY_SHARES = np.array([0.12, 0.14, 0.02, 0.46, 0.10, 0.12, 0.04])
_MILD_SHARES = np.array([0.13, 0.18, 0.03, 0.66, 0.0, 0.0, 0.0])
"""Categories of certificates that open nothing but the lower rate: neither 5, 6 nor multiple."""

DETAILS = np.array(
    ["视力、肢体", "听力、言语", "肢体、智力", "肢体、精神", "智力、精神"], dtype=object
)
MULTIPLE, NORMAL, CANCELLED, EXPIRED = 7, 1, 2, 4
YEARS_VALID = 10


def add_certificates(
    world: World, rng: np.random.Generator, persons: np.ndarray, category: np.ndarray | int,
    level: np.ndarray | int, issued_on: np.ndarray, expires_on: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Valid certificates; they run ten years unless told otherwise."""
    count = len(persons)
    category = np.broadcast_to(category, count)
    details = np.full(count, None, dtype=object)
    is_multiple = category == MULTIPLE
    details[is_multiple] = rng.choice(DETAILS, int(is_multiple.sum()))
    if expires_on is None:
        expires_on = ten_years_after(issued_on)
    return world["certificates"].append(
        count, person=persons, category=category, level=level, details=details,
        issued_on=issued_on, expires_on=expires_on, status=NORMAL,
        area=world.people["area"][persons], losses=(rng.random(count) < 0.004).astype(int),
        is_removed=0,
    )  # fmt: skip


def ten_years_after(issued_on: np.ndarray) -> np.ndarray:
    """The day before the tenth anniversary (28 days at most into its month, to exist always)."""
    month = issued_on.astype("datetime64[M]")
    day = np.minimum((issued_on - month).astype(np.int64), 27)
    return (month + 12 * YEARS_VALID).astype(DATE) + day - 1


def issue_dates(
    rng: np.random.Generator, count: int, latest: np.datetime64, born_on: np.ndarray
) -> np.ndarray:
    """Dates of issue over nearly ten years, so that some soon expire; after birth."""
    issued_on = latest - days(rng.integers(0, 3600, count))
    return np.maximum(issued_on, np.minimum(born_on + 200, latest))


def draw_categories(rng: np.random.Generator, count: int) -> np.ndarray:
    """Categories as usual among all certificates."""
    return rng.choice(CATEGORIES, size=count, p=_CATEGORY_SHARES)


def draw_mild_categories(rng: np.random.Generator, count: int) -> np.ndarray:
    """Categories that make nobody a case for single-person dibao."""
    return rng.choice(CATEGORIES, size=count, p=_MILD_SHARES)


def add_unassisted_holders(
    world: World, rng: np.random.Generator, count: int, latest: np.datetime64, *, is_severe: bool
) -> np.ndarray:
    """People outside every assisted family with a certificate; returns its positions.

    Severely disabled adults have work: those who have none are planted, not natural.
    """
    age = np.clip(rng.normal(58, 19, count), 4, 95).astype(np.int64)
    area = world.places.draw(rng, count, rng.random(count) < 0.3)
    persons = world.people.add(
        rng, born_at_age(rng, age, world.start), rng.random(count) < 0.56, area
    )
    born_on = world.people["born_on"][persons]
    settled = np.where(rng.random(count) < 0.995, 62, 0) if is_severe else np.zeros(count, int)
    issued_on = np.minimum(issue_dates(rng, count, latest, born_on), world.start - days(settled))
    level = rng.integers(1, 3, count) if is_severe else rng.integers(3, 5, count)
    rows = add_certificates(world, rng, persons, draw_categories(rng, count), level, issued_on)
    if is_severe:
        adults = persons[age >= 17]
        add_employment(world, rng, adults, 1)
    else:
        some = persons[(age >= 18) & (age < 60) & (rng.random(count) < 0.8)]
        add_employment(world, rng, some, np.where(rng.random(len(some)) < 0.6, 1, 2))
    return rows


def add_employment(
    world: World, rng: np.random.Generator, persons: np.ndarray, status: np.ndarray | int
) -> np.ndarray:
    """Rows of the federation's employment register: 1 at work, 2 without work."""
    count = len(persons)
    return world["employment"].append(
        count,
        person=persons,
        status=status,
        employer=rng.integers(0, 40, count),
        since=world.start - days(rng.integers(200, 2500, count)),
    )


def add_services(
    world: World, rng: np.random.Generator, persons: np.ndarray, applied_on: np.ndarray,
    delivered_on: np.ndarray, sent_on: np.datetime64, kind: np.ndarray | int | None = None,
) -> np.ndarray:  # fmt: skip
    """Rehabilitation, aids and day care; the own part stays small."""
    count = len(persons)
    kind = rng.choice([1, 2, 3], size=count, p=[0.6, 0.33, 0.07]) if kind is None else kind
    return world["services"].append(
        count,
        person=persons,
        kind=kind,
        applied_on=applied_on,
        delivered_on=delivered_on,
        personal_cost=rng.integers(0, 1800, count) * 100,
        sent_on=sent_on,
    )
