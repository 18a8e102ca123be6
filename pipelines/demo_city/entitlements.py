"""Who is owed what in a month, from the city's latent truth.

Belongs here: the demo city's own reading of the rules, written apart from the pipeline's.
Does not belong here: what was really paid (`payments`).
"""

from dataclasses import dataclass

import numpy as np

from pipelines.demo_city.amounts import amount, rates, standard
from pipelines.demo_city.tables import DATE, NO_NUMBER
from pipelines.demo_city.world import DIBAO, MARGINAL, TEKUN, World

PROGRAMS = ("dibao", "tekun", "tekun_care", "living", "nursing", "children", "elderly")
ELDERLY_AGE, VERY_OLD_AGE = 80, 90


@dataclass(frozen=True)
class Due:
    """What one programme owes in a month: the person paid, the household (or -1), cents.

    `code` is the finance department's programme code of each row.
    """

    person: np.ndarray
    household: np.ndarray
    cents: np.ndarray
    code: np.ndarray


def is_child_on_roll(world: World, kinds: tuple[int, ...], first: np.datetime64) -> np.ndarray:
    """Flags by person: on the children's roll on a month's first day."""
    children = world["children"]
    ended_on = children["ended_on"]
    chosen = (
        np.isin(children["kind"], kinds)
        & (children["approved_on"] < first)
        & (np.isnat(ended_on) | (ended_on >= first))
    )
    return _flags(world, children["person"][chosen])


def best_levels(world: World, on_date: np.datetime64) -> np.ndarray:
    """By person: the most severe level of the certificates valid on a date; 9 without one."""
    table = world["certificates"]
    is_standing = (table["status"] == 1) | (table["changed_on"] > on_date)
    expires_on = table["expires_on"]
    valid = (
        is_standing
        & (table["is_removed"] != 1)
        & (table["issued_on"] <= on_date)
        & (np.isnat(expires_on) | (expires_on >= on_date))
    )
    levels = np.full(len(world.people), 9, dtype=np.int64)
    np.minimum.at(levels, table["person"][valid], table["level"][valid])
    return levels


def entitlements(world: World, month: np.datetime64) -> dict[str, Due]:
    """Everything owed for a month, by programme, from the state of the city as it stands now."""
    first = month.astype(DATE)
    households, members, people = world["households"], world["members"], world.people
    is_active = world.is_active(np.arange(len(households)), first)
    is_paid = is_active & (households["first_paid_month"] <= first)
    category = households["category"]
    here = members["is_removed"] != 1
    household, person = members["household"], members["person"]
    alive = people.is_alive(person, first)

    is_tekun_row = (
        here & (members["covered"] == 1) & (category[household] == TEKUN) & is_paid[household]
    )
    in_tekun = _flags(world, person[is_tekun_row])
    has_living_member = np.zeros(len(households), dtype=bool)
    has_living_member[household[here & alive]] = True
    due = {
        "dibao": _dibao(world, month, is_paid & (category == DIBAO) & has_living_member),
        **_tekun(world, month, np.flatnonzero(is_tekun_row & alive)),
    }
    levels = best_levels(world, first)
    excluded = in_tekun | is_child_on_roll(world, (1, 2, 3), first)
    is_low_income = is_active & np.isin(category, (DIBAO, MARGINAL))
    rows = here & alive & is_low_income[household] & (levels[person] <= 4) & ~excluded[person]
    disabled = np.unique(person[rows])
    due["living"] = _personal(disabled, rates("living", "level", levels[disabled], month), 2101)
    severe = np.flatnonzero(
        (levels <= 2) & ~in_tekun & people.is_alive(np.arange(len(people)), first)
    )
    due["nursing"] = _personal(severe, rates("nursing", "level", levels[severe], month), 2102)
    due["children"] = _children(world, month, in_tekun)
    due["elderly"] = _elderly(world, month)
    return due


def dibao_by_the_roll(world: World, month: np.datetime64) -> Due:
    """Dibao as the roll has it: households of which nobody is alive any more count too."""
    first, table = month.astype(DATE), world["households"]
    is_due = (
        world.is_active(np.arange(len(table)), first) & (table["first_paid_month"] <= first)
        & (table["category"] == DIBAO)
    )  # fmt: skip
    return _dibao(world, month, is_due)


def _dibao(world: World, month: np.datetime64, is_due: np.ndarray) -> Due:
    table = world["households"]
    chosen = np.flatnonzero(is_due)
    if month >= np.datetime64("2024-01"):
        cents = table["monthly_amount"][chosen]
    else:
        line = standard("dibao", table["is_urban"][chosen], month)
        cents = table["covered_persons"][chosen] * line - table["income"][chosen]
        cents = np.maximum(cents, 3000)
    code = np.where(table["is_urban"][chosen] == 1, 1101, 1201)
    kept = cents > 0
    return Due(table["head"][chosen][kept], chosen[kept], cents[kept], code[kept])


def _tekun(world: World, month: np.datetime64, rows: np.ndarray) -> dict[str, Due]:
    members, households = world["members"], world["households"]
    household, person = members["household"][rows], members["person"][rows]
    is_urban = households["is_urban"][household]
    basic = Due(
        person, household, standard("tekun", is_urban, month), np.where(is_urban == 1, 1301, 1302)
    )
    care = rates("tekun_care", "self_care", members["self_care"][rows], month)
    known = care > 0
    return {
        "tekun": basic,
        "tekun_care": Due(
            person[known], household[known], care[known], np.full(int(known.sum()), 1303)
        ),
    }


def _children(world: World, month: np.datetime64, in_tekun: np.ndarray) -> Due:
    first = month.astype(DATE)
    table = world["children"]
    ended_on, person, kind = table["ended_on"], table["person"], table["kind"]
    chosen = (
        (table["approved_on"] < first)
        & (np.isnat(ended_on) | (ended_on >= first))
        & (kind <= 4)
        & world.people.is_alive(person, first)
        & ~(np.isin(kind, (1, 2)) & in_tekun[person])
    )
    cents = rates("child", "kind", kind[chosen], month)
    code = np.select([kind[chosen] <= 2, kind[chosen] == 3], [3101, 3102], 3103)
    return Due(person[chosen], np.full(len(cents), -1), cents, code)


def _elderly(world: World, month: np.datetime64) -> Due:
    first = month.astype(DATE)
    person = np.unique(world["elders"]["person"])
    age = world.people.age(person, first)
    chosen = person[(age >= ELDERLY_AGE) & world.people.is_alive(person, first)]
    very_old = world.people.age(chosen, first) >= VERY_OLD_AGE
    cents = np.where(
        very_old, amount("elderly", "from_90", month), amount("elderly", "under_90", month)
    )
    return _personal(chosen, cents, 6101)


def _personal(person: np.ndarray, cents: np.ndarray, code: int) -> Due:
    count = len(person)
    return Due(person, np.full(count, -1), cents, np.full(count, code))


def _flags(world: World, persons: np.ndarray) -> np.ndarray:
    flags = np.zeros(len(world.people), dtype=bool)
    flags[persons[persons != NO_NUMBER]] = True
    return flags
