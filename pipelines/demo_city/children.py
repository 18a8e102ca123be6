"""Orphans and children in difficulty, and the left-behind children who are visited.

Belongs here: the children's roll. Does not belong here: children as members of assisted families.
"""

import numpy as np

from pipelines.demo_city.assistance import approvals, days
from pipelines.demo_city.families import born_at_age
from pipelines.demo_city.world import World

INSTITUTION, COMMUNITY, UNSUPPORTED, KEY, LEFT_BEHIND = 1, 2, 3, 4, 5


def add_children(
    world: World, rng: np.random.Generator, count: int, kind: np.ndarray | int,
    approved_on: np.ndarray | None = None, ages: tuple[int, int] = (2, 16),
    *, is_planted: bool = False,
) -> np.ndarray:  # fmt: skip
    """New children, each with a guardian of his own; returns the rows of the roll."""
    area = world.places.draw(rng, count, rng.random(count) < 0.1)
    guardians = world.people.add(
        rng, born_at_age(rng, rng.integers(35, 68, count), world.start), rng.random(count) < 0.4,
        area, is_planted=is_planted,
    )  # fmt: skip
    age = rng.integers(ages[0], ages[1] + 1, count)
    persons = world.people.add(
        rng, born_at_age(rng, age, world.start), rng.random(count) < 0.53, area,
        world.people["surname"][guardians], is_planted,
    )  # fmt: skip
    return enrol(world, rng, persons, kind, guardians, approved_on)


def enrol(
    world: World, rng: np.random.Generator, persons: np.ndarray, kind: np.ndarray | int,
    guardians: np.ndarray, approved_on: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Put people on the children's roll, visited within the last two months."""
    count = len(persons)
    if approved_on is None:
        earliest = world.people["born_on"][persons] + 120
        approved_on = np.minimum(
            np.maximum(approvals(rng, count, world.start - 1), earliest), world.start
        )
    return world["children"].append(
        count, person=persons, kind=kind, guardian=guardians, area=world.people["area"][persons],
        approved_on=approved_on, visited_on=world.start - days(rng.integers(1, 60, count)),
        agreement_signed=1,
    )  # fmt: skip
