"""Families: who lives together, how they are related, how old they are, what they do.

Belongs here: composing households out of people. Does not belong here: money, allowances.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.demo_city.people import years_between
from pipelines.demo_city.tables import NO_NUMBER
from pipelines.demo_city.world import DIBAO, TEKUN, World

MALE, FEMALE, EITHER, OPPOSITE = 1, 0, -1, -2
"""Sex of a slot; OPPOSITE is that of the head."""


@dataclass(frozen=True)
class Slot:
    """One place in a family. Relations by GB/T 4761 for a man and a woman; ages to the head's."""

    relation: tuple[int, int]
    years: tuple[int, int]
    sex: int = EITHER
    is_covered: bool = True
    is_relative: bool = True
    shares_surname: bool = True


SPOUSE = Slot((11, 12), (-4, 3), OPPOSITE, shares_surname=False)
CHILD = Slot((20, 30), (-34, -24))
SECOND_CHILD = Slot((23, 33), (-37, -29))
PARENT = Slot((51, 52), (21, 29))
GRANDCHILD = Slot((41, 42), (-58, -49))
BROTHER = Slot((73, 77), (-6, -1), MALE)


def head(low: int, high: int, sex: int = EITHER, covered: bool = True) -> Slot:
    """The head's slot, with the range of ages."""
    return Slot((2, 2), (low, high), sex, covered, is_relative=False)


def uncovered(slot: Slot) -> Slot:
    """The same place, of a member who is not paid for."""
    return Slot(slot.relation, slot.years, slot.sex, False, slot.is_relative, slot.shares_surname)


Shape = tuple[float, tuple[Slot, ...]]

FAMILIES: dict[int, tuple[Shape, ...]] = {
    1: ((1.0, (head(20, 57),)),),
    2: (
        (0.40, (head(58, 84, MALE), SPOUSE)),
        (0.40, (head(33, 62), CHILD)),
        (0.20, (head(58, 74), GRANDCHILD)),
    ),
    3: (
        (0.55, (head(34, 58, MALE), SPOUSE, CHILD)),
        (0.30, (head(34, 55), PARENT, CHILD)),
        (0.15, (head(60, 72, MALE), SPOUSE, GRANDCHILD)),
    ),
    4: (
        (0.55, (head(34, 54, MALE), SPOUSE, CHILD, PARENT)),
        (0.45, (head(36, 55, MALE), SPOUSE, CHILD, SECOND_CHILD)),
    ),
    5: ((1.0, (head(37, 54, MALE), SPOUSE, CHILD, SECOND_CHILD, PARENT)),),
}
"""Usual families by size, each with its share."""

ALONE_WITH_KIN: tuple[Shape, ...] = (
    (0.62, (head(58, 88), uncovered(CHILD))),
    (0.13, (head(66, 86), uncovered(CHILD), uncovered(GRANDCHILD))),
    (0.25, (head(18, 52), uncovered(PARENT))),
)
"""One covered person living with kin who are not covered."""


@dataclass(frozen=True)
class Settled:
    """Households just made: their positions, and per slot the persons and the member rows."""

    households: np.ndarray
    persons: tuple[np.ndarray, ...]
    rows: tuple[np.ndarray, ...]

    @property
    def heads(self) -> np.ndarray:
        """The head of each household."""
        return self.persons[0]


def born_at_age(rng: np.random.Generator, age: np.ndarray, on_date: np.datetime64) -> np.ndarray:
    """Birth dates of people who are so many full years old on a date."""
    month = on_date.astype("datetime64[M]") - 12 * age
    return (
        month.astype("datetime64[D]")
        + (on_date - on_date.astype("datetime64[M]"))
        - rng.integers(2, 350, len(age))
    )


def settle(
    world: World, rng: np.random.Generator, category: int, slots: Sequence[Slot],
    area: np.ndarray, is_urban: np.ndarray, approved_on: np.ndarray, *,
    unit: int = 1, is_planted: bool = False, on_date: np.datetime64 | None = None,
    persons: Sequence[np.ndarray | None] | None = None,
) -> Settled:  # fmt: skip
    """Make one household per area, all of one shape; `persons` may name people who exist."""
    count, on_date = len(area), on_date or world.start
    given = list(persons or [None] * len(slots))
    people: list[np.ndarray] = []
    head_age = np.zeros(count, dtype=np.int64)
    head_male = np.zeros(count, dtype=bool)
    head_surname = None
    for slot, known in zip(slots, given, strict=True):
        if known is not None:
            people.append(known)
        else:
            low, high = slot.years
            age = rng.integers(low, high + 1, count) + (head_age if slot.is_relative else 0)
            is_male = {
                MALE: np.ones(count, dtype=bool), FEMALE: np.zeros(count, dtype=bool),
                OPPOSITE: ~head_male, EITHER: rng.random(count) < 0.52,
            }[slot.sex]  # fmt: skip
            born_on = born_at_age(rng, np.clip(age, 0, 99), on_date)
            surname = head_surname if slot.shares_surname else None
            people.append(world.people.add(rng, born_on, is_male, area, surname, is_planted))
        if not slot.is_relative:
            head_age = world.people.age(people[0], on_date)
            head_male = world.people["is_male"][people[0]] == 1
            head_surname = world.people["surname"][people[0]]
    approved_on = np.asarray(approved_on, dtype="datetime64[D]")
    households = world["households"].append(
        count, head=people[0], category=category, unit=unit, is_urban=is_urban, area=area,
        approved_on=approved_on,
        first_paid_month=(approved_on.astype("datetime64[M]") + 1).astype("datetime64[D]"),
        review_class=np.where(rng.random(count) < (0.0 if category == TEKUN else 0.25), 6, 12),
        covered_persons=sum(slot.is_covered for slot in slots), is_planted=int(is_planted),
    )  # fmt: skip
    rows = tuple(
        _join(world, rng, households, person, slot, category, on_date)
        for slot, person in zip(slots, people, strict=True)
    )
    return Settled(households, tuple(people), rows)


def _join(
    world: World, rng: np.random.Generator, households: np.ndarray, persons: np.ndarray,
    slot: Slot, category: int, on_date: np.datetime64,
) -> np.ndarray:  # fmt: skip
    """Member rows: relation by sex; work, school and self-care by age."""
    count = len(persons)
    age = years_between(world.people["born_on"][persons], on_date)
    male, female = slot.relation
    luck = rng.random(count)
    is_helped = slot.is_covered and category in (DIBAO, TEKUN)
    grown = np.where(luck < 0.5, 4, np.where(luck < 0.8, 2, 6 if is_helped else 1))
    employment = np.select([age < 18, age >= 60], [5, np.where(luck < 0.8, 6, 7)], grown)
    employment = np.where(age < 4, 6, employment)
    student = np.select([(age >= 6) & (age < 16), (age >= 16) & (age < 18)], [1, 2], 0)
    labour = np.select([age < 16, age >= 75, age >= 60], [4, 3, 2], np.where(luck < 0.6, 1, 2))
    self_care = np.select([luck < 0.07, luck < 0.22], [3, 2], 1)
    support_form = np.where(rng.random(count) < 0.16, 1, 2)
    is_tekun = category == TEKUN
    return world["members"].append(
        count, household=households, person=persons,
        relation=np.where(world.people["is_male"][persons] == 1, male, female),
        covered=int(slot.is_covered), student=student, is_removed=0,
        labour=3 if is_tekun else labour, employment=6 if is_tekun else employment,
        health=np.where(luck < 0.75, 1, 2), self_care=self_care if is_tekun else NO_NUMBER,
        support_form=support_form if is_tekun else NO_NUMBER,
    )  # fmt: skip
