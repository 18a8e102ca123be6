"""Civil affairs' daily work: applications through their steps, approvals, reviews, departures.

Belongs here: what an office does on a working day. Does not belong here: life and death (`days`).
Amounts change with the first of a month, so that a month is never paid by two amounts.
"""

import numpy as np

from pipelines.demo_city.amounts import standard
from pipelines.demo_city.assistance import days, record_checks
from pipelines.demo_city.calendar import add_working_days, is_open
from pipelines.demo_city.entitlements import best_levels
from pipelines.demo_city.families import (
    CHILD,
    MALE,
    SPOUSE,
    Slot,
    born_at_age,
    head,
    settle,
    uncovered,
)
from pipelines.demo_city.tables import DATE, NO_NUMBER
from pipelines.demo_city.world import DIBAO, MARGINAL, TEKUN, World

APPLICATIONS_A_DAY = 40
DEPARTURES_A_DAY = 22
AGREED, REFUSED, WITHDRAWN = 1, 2, 3
END_REASONS = np.array(["收入提高", "家庭成员就业", "自愿退出"], dtype=object)
_IN_TRAY_DAYS = 25
_STREAM = 80
_REVIEW_AFTER = {6: 168, 12: 350}

SHAPES: dict[int, tuple[tuple[int, tuple[Slot, ...], tuple[int, int]], ...]] = {
    DIBAO: (
        (2, (head(58, 84), uncovered(CHILD)), (58, 84)),
        (1, (head(45, 57, MALE), SPOUSE), (45, 57)),
    ),
    TEKUN: ((1, (head(61, 84),), (61, 84)),),
    MARGINAL: ((1, (head(45, 57, MALE), SPOUSE), (45, 57)),),
}
"""By category: unit, family, and the applicant's ages."""


def fill_in_tray(world: World) -> None:
    """Files that were accepted before the first day and are not decided yet."""
    for day in np.arange(world.start - _IN_TRAY_DAYS, world.start + 1):
        if is_open(day.astype(object)):
            accept(world, world.chance(_STREAM, int(day.astype(int))), day, undecided_only=True)


def accept(
    world: World, rng: np.random.Generator, day: np.datetime64, *, undecided_only: bool = False
) -> None:
    """New files, with the days on which each later step will be taken."""
    count = rng.poisson(APPLICATIONS_A_DAY * world.scale)
    category = rng.choice([DIBAO, TEKUN, MARGINAL], size=count, p=[0.7, 0.12, 0.18])
    investigated_on = add_working_days(np.full(count, day), rng.integers(1, 4, count))
    notice_from = add_working_days(investigated_on, rng.integers(1, 3, count))
    notice_to = notice_from + 7
    decided_on = add_working_days(notice_to, rng.integers(1, 4, count))
    if undecided_only:
        kept = decided_on > world.start
        category, investigated_on, notice_from, notice_to, decided_on = (
            values[kept]
            for values in (category, investigated_on, notice_from, notice_to, decided_on)
        )
        count = len(category)
    decision = rng.choice([AGREED, REFUSED, WITHDRAWN], size=count, p=[0.83, 0.15, 0.02])
    told_on = add_working_days(decided_on, rng.integers(1, 4, count))
    first_paid = (decided_on.astype("datetime64[M]") + 1).astype(DATE)
    is_old = (category == TEKUN) | (rng.random(count) < 0.5)
    age = np.where(is_old, rng.integers(61, 84, count), rng.integers(45, 57, count))
    age = np.where(category == MARGINAL, rng.integers(45, 57, count), age)
    is_male = np.where(is_old & (category != MARGINAL), rng.random(count) < 0.55, True)
    area = world.places.draw(rng, count, False)
    applicant = world.people.add(rng, born_at_age(rng, age, day), is_male, area)
    nat = np.datetime64("NaT")
    world["applications"].append(
        count, applicant=applicant, household=-1, category=category, is_urban=0, area=area,
        accepted_on=day, investigated_on=investigated_on, notice_from=notice_from,
        notice_to=notice_to, decided_on=decided_on, decision=decision,
        refusal_notified_on=np.where(decision == REFUSED, told_on, nat),
        first_paid_month=np.where(decision == AGREED, first_paid, nat),
        special_case=(rng.random(count) < 0.02).astype(int), official_relative=0,
    )  # fmt: skip


def approve(world: World, rng: np.random.Generator, day: np.datetime64) -> None:
    """Recognise the families whose files are agreed to today."""
    table = world["applications"]
    agreed = (table["decided_on"] == day) & (table["decision"] == AGREED) & (table["household"] < 0)
    age = world.people.age(table["applicant"], day)
    for category, shapes in SHAPES.items():
        for unit, slots, (low, high) in shapes:
            rows = np.flatnonzero(
                agreed & (table["category"] == category) & (age >= low) & (age <= high)
            )
            if not len(rows):
                continue
            applicants = table["applicant"][rows]
            settled = settle(
                world, rng, category, slots, table["area"][rows], np.zeros(len(rows), int),
                np.full(len(rows), day), unit=unit, on_date=day,
                persons=[applicants, *[None] * (len(slots) - 1)],
            )  # fmt: skip
            table["household"][rows] = settled.households
            _set_first_amount(world, rng, settled.households, category, len(slots), day)


def _set_first_amount(
    world: World, rng: np.random.Generator, households: np.ndarray, category: int, size: int,
    day: np.datetime64,
) -> None:  # fmt: skip
    table = world["households"]
    month = day.astype("datetime64[M]")
    covered = table["covered_persons"][households]
    if category == TEKUN:
        table["income"][households] = 0
        per_person = standard("tekun", table["is_urban"][households], month)
        table["monthly_amount"][households] = covered * per_person
        return
    line = standard("dibao", table["is_urban"][households], month)
    low, high, persons = (0.2, 0.7, covered) if category == DIBAO else (1.2, 1.45, size)
    income = (rng.uniform(low, high, len(households)) * line * persons).astype(np.int64)
    table["income"][households] = income
    table["monthly_amount"][households] = covered * line - income if category == DIBAO else 0
    checked_on = np.full(len(households), day - 8)
    record_checks(world, rng, households, checked_on, income * 12, day)


def review(world: World, rng: np.random.Generator, day: np.datetime64) -> None:
    """Families whose term is nearly over are visited and checked; some incomes have changed."""
    table = world["households"]
    anchor = np.where(np.isnat(table["reviewed_on"]), table["approved_on"], table["reviewed_on"])
    term = np.where(table["review_class"] == 6, _REVIEW_AFTER[6], _REVIEW_AFTER[12])
    rows = np.flatnonzero(
        (anchor + days(term) <= day) & np.isnat(table["ended_on"]) & (table["is_planted"] == 0)
    )
    table["reviewed_on"][rows] = day
    rows = rows[table["category"][rows] != TEKUN]
    has_changed = (table["category"][rows] == DIBAO) & (rng.random(len(rows)) < 0.08)
    factor = np.where(has_changed, rng.uniform(0.9, 1.06, len(rows)), 1.0)
    line = standard("dibao", table["is_urban"][rows], day.astype("datetime64[M]"))
    limit = table["covered_persons"][rows] * line * 88 // 100
    income = table["income"][rows]
    drafted = np.minimum((income * factor).astype(np.int64), np.maximum(limit, income))
    # Not by the very sum by which a standard once rose: that would be R27's without being it.
    former = standard("dibao", table["is_urban"][rows], np.datetime64("2023-12"))
    rise = table["covered_persons"][rows] * (line - former)
    has_changed &= np.abs(income - drafted - rise) > 500
    income = np.where(has_changed, drafted, income)
    table["income"][rows] = income
    changed = rows[has_changed]
    amount = table["covered_persons"][rows] * line - income
    table["next_amount"][changed] = amount[has_changed]
    checked_on = np.full(len(rows), day - 1)
    record_checks(world, rng, rows, checked_on, income * 12, day)


def let_go(world: World, rng: np.random.Generator, day: np.datetime64) -> None:
    """Dibao families that leave because they earn more and have nobody who would be a case."""
    table = world["households"]
    able = np.flatnonzero(
        (table["category"] == DIBAO) & np.isnat(table["ended_on"]) & (table["is_planted"] == 0)
        & (table["approved_on"] < day - 100)
        & ~world.watched() & ~_needs_help_still(world, day)
    )  # fmt: skip
    gone = rng.permutation(able)[: rng.poisson(DEPARTURES_A_DAY * world.scale)]
    table["ended_on"][gone] = day
    table["end_reason"][gone] = rng.choice(END_REASONS, len(gone))


def _needs_help_still(world: World, day: np.datetime64) -> np.ndarray:
    """Flags by household: somebody is severely disabled, out of work, or a member elsewhere too."""
    members = world["members"]
    household, person = members["household"], members["person"]
    elsewhere = np.bincount(person, minlength=len(world.people))[person] > 1
    is_kept = (best_levels(world, day)[person] <= 2) | (members["employment"] == 3) | elsewhere
    flags = np.zeros(len(world["households"]), dtype=bool)
    flags[household[is_kept]] = True
    return flags


def open_month(world: World, day: np.datetime64) -> None:
    """On a month's first day the dead leave their families' lists and new amounts begin."""
    table, members = world["households"], world["members"]
    household = members["household"]
    has_left = (
        (members["is_removed"] != 1) & (table["is_planted"][household] == 0)
        & np.isnat(table["ended_on"][household])
        & (world.people["died_on"][members["person"]] < day)
    )  # fmt: skip
    rows = np.flatnonzero(has_left)
    members["is_removed"][rows] = 1
    was_covered = rows[members["covered"][rows] == 1]
    np.subtract.at(table["covered_persons"], household[was_covered], 1)
    changed = np.unique(household[was_covered])
    changed = changed[table["category"][changed] == DIBAO]
    line = standard("dibao", table["is_urban"][changed], day.astype("datetime64[M]"))
    left = table["covered_persons"][changed] * line - table["income"][changed]
    table["next_amount"][changed] = np.maximum(left, 1000)
    due = np.flatnonzero(table["next_amount"] != NO_NUMBER)
    table["monthly_amount"][due] = table["next_amount"][due]
    table["next_amount"][due] = NO_NUMBER
