"""The days after the first: what changes in the city from one day to the next.

Belongs here: one day of everybody's life, drawn from that day's own random stream, so that no
day depends on how far the city is continued. Does not belong here: the offices' steps (`casework`).
Planted people are left alone, or what was written down about them would no longer hold.
"""

import numpy as np

from pipelines.demo_city import casework, quotas
from pipelines.demo_city.amounts import standard
from pipelines.demo_city.assistance import days
from pipelines.demo_city.calendar import is_open, last_open_before
from pipelines.demo_city.children import KEY, add_children
from pipelines.demo_city.disability import (
    CANCELLED,
    EXPIRED,
    add_certificates,
    add_employment,
    add_services,
    draw_categories,
    ten_years_after,
)
from pipelines.demo_city.families import born_at_age
from pipelines.demo_city.registers import (
    URGENT,
    add_deaths,
    add_marriages,
    add_relief,
    add_vagrants,
    employ,
    moments,
    record_deaths,
)
from pipelines.demo_city.watch import add_machinery, add_uncovered_monitored
from pipelines.demo_city.world import DIBAO, MARGINAL, TEKUN, World

TRACKED_DEATHS_A_DAY = 9
CERTIFICATES_A_DAY = 18
LEVELS_RAISED_A_DAY = 1.5
MARRIAGES_A_DAY = 180
RISKS_REMOVED_A_DAY = 8
_STREAM = 90
_REPORTING_LAG = 12


def advance(world: World, day: np.datetime64) -> None:
    """Live one day: the state of the city becomes that of `day`."""
    for planned_on, happen in world.plans:
        if planned_on == day:
            happen()
    rng = world.chance(_STREAM, int(day.astype(int)))
    month = day.astype("datetime64[M]")
    day_of_month = int((day - month).astype(int)) + 1
    if day_of_month == 1:
        casework.open_month(world, day)
    _die(world, rng, day, tracked=day_of_month > 2)
    _grow_up(world, day)
    _need_help(world, rng, day)
    if is_open(day.astype(object)):
        casework.accept(world, rng, day)
        casework.approve(world, rng, day)
        casework.review(world, rng, day)
        if day_of_month > 1:
            casework.let_go(world, rng, day)
        _renew_certificates(world, rng, day)
        _issue_certificates(world, rng, day)
        _work(world, rng, day)
        _watch(world, rng, day)
        _serve(world, rng, day)
        _report_deaths(world, day)


def _natural(world: World, persons: np.ndarray) -> np.ndarray:
    return (world.people["is_planted"][persons] == 0) & np.isnat(world.people["died_on"][persons])


def _die(world: World, rng: np.random.Generator, day: np.datetime64, *, tracked: bool) -> None:
    """Deaths of the day before; families of one end with them, others lose a member.

    Nobody tracked dies about a month's first day: what is due for a month is settled on it.
    """
    count = rng.poisson(quotas.CREMATIONS_A_YEAR / 365 * world.scale)
    add_deaths(world, rng, day - days(rng.integers(1, 3, count)), np.full(count, day))
    if not tracked:
        return
    table, members = world["households"], world["members"]
    household, person = members["household"], members["person"]
    living = (
        _natural(world, person)
        & np.isnat(table["ended_on"][household])
        & (members["is_removed"] != 1)
    )
    size = np.bincount(household[members["is_removed"] != 1], minlength=len(table))[household]
    living &= ~world.watched()[household]
    is_old = world.people.age(person, day) >= 55
    alone = living & (size == 1) & np.isin(table["category"][household], (DIBAO, TEKUN))
    others = (
        living & (size > 2) & (table["head"][household] != person) & ~_would_be_missed(world, size)
    )
    share = rng.poisson(np.array([0.6, 0.4]) * TRACKED_DEATHS_A_DAY * world.scale)
    lone = rng.permutation(np.flatnonzero(alone & is_old))[: share[0]]
    table["ended_on"][household[lone]] = day - 1
    table["end_reason"][household[lone]] = "死亡"
    rows = np.r_[lone, rng.permutation(np.flatnonzero(others & is_old))[: share[1]]]
    # One person may have several rows; he dies once, and only with families that can go on.
    once = np.bincount(person, minlength=len(world.people))[person[rows]] == 1
    table["ended_on"][household[rows[~once]]] = np.datetime64("NaT")
    dead = np.unique(person[rows[once]])
    record_deaths(world, rng, dead, np.full(len(dead), day - 1), np.full(len(dead), day))
    holders = np.unique(world["certificates"]["person"])
    apart = holders[_natural(world, holders) & ~np.isin(holders, person)]
    apart = rng.permutation(apart)[: rng.poisson(5 * world.scale)]
    record_deaths(world, rng, apart, np.full(len(apart), day - 1), np.full(len(apart), day))


def _would_be_missed(world: World, size: np.ndarray) -> np.ndarray:
    """Flags by member row: after the death the family would be another rule's case.

    What the others earn is shared by fewer; a child would lose a parent.
    """
    table, members = world["households"], world["members"]
    household, relation = members["household"], members["relation"]
    line = standard("dibao", table["is_urban"], world.start.astype("datetime64[M]"))
    is_too_well_off = table["income"][household] > (size - 1) * line[household] * 85 // 100
    has_child = np.zeros(len(table), dtype=bool)
    has_child[household[(relation >= 20) & (relation <= 39)]] = True
    is_parent = (relation >= 10) & (relation <= 12) & has_child[household]
    return is_parent | is_too_well_off | (table["category"][household] == MARGINAL)


def _report_deaths(world: World, day: np.datetime64) -> None:
    """Some time after a death the federation cancels the certificate."""
    table = world["certificates"]
    died_on = world.people["died_on"][table["person"]]
    rows = np.flatnonzero(
        (table["status"] == 1) & (died_on < day - _REPORTING_LAG)
        & (world.people["is_planted"][table["person"]] == 0)
    )  # fmt: skip
    table["status"][rows] = CANCELLED
    table["changed_on"][rows] = day


def _grow_up(world: World, day: np.datetime64) -> None:
    table = world["children"]
    age = world.people.age(table["person"], day)
    is_natural = world.people["is_planted"][table["person"]] == 0
    rows = np.flatnonzero((age >= 18) & np.isnat(table["ended_on"]) & is_natural)
    table["ended_on"][rows] = day


def _renew_certificates(world: World, rng: np.random.Generator, day: np.datetime64) -> None:
    table = world["certificates"]
    standing = (table["status"] == 1) & (table["is_removed"] != 1)
    standing &= world.people["is_planted"][table["person"]] == 0
    expires_on, closed_after = table["expires_on"], last_open_before(day)
    is_near = (expires_on > closed_after + 3) & (expires_on <= day + 3)
    near = np.flatnonzero(standing & is_near)
    renewed = near[rng.random(len(near)) < 0.85]
    table["expires_on"][renewed] = ten_years_after(table["expires_on"][renewed] + 1)
    table["changed_on"][renewed] = day
    is_past = (expires_on >= closed_after) & (expires_on < day)
    past = np.flatnonzero(standing & is_past)
    table["status"][past] = EXPIRED
    table["changed_on"][past] = day


def _issue_certificates(world: World, rng: np.random.Generator, day: np.datetime64) -> None:
    """New holders outside assistance, and some whose level is raised: under a new number."""
    count = rng.poisson(CERTIFICATES_A_DAY * world.scale)
    age = rng.integers(18, 85, count)
    area = world.places.draw(rng, count, rng.random(count) < 0.3)
    persons = world.people.add(rng, born_at_age(rng, age, day), rng.random(count) < 0.55, area)
    level = rng.choice([1, 2, 3, 4], size=count, p=[0.15, 0.2, 0.3, 0.35])
    add_certificates(world, rng, persons, draw_categories(rng, count), level, np.full(count, day))
    add_employment(world, rng, persons[level <= 2], 1)

    table, members = world["certificates"], world["members"]
    able = np.flatnonzero(
        (table["level"] >= 3) & (table["status"] == 1) & (table["is_removed"] != 1)
        & _natural(world, table["person"]) & (table["issued_on"] < day - 400)
        & ~np.isin(table["person"], members["person"])
    )  # fmt: skip
    raised = rng.permutation(able)[: rng.poisson(LEVELS_RAISED_A_DAY * world.scale)]
    table["is_removed"][raised] = 1
    persons, category = table["person"][raised], table["category"][raised]
    add_certificates(world, rng, persons, category, 2, np.full(len(raised), day))
    _put_to_work(world, rng, persons)


def _put_to_work(world: World, rng: np.random.Generator, persons: np.ndarray) -> None:
    register = world["employment"]
    register["status"][np.isin(register["person"], persons)] = 1
    add_employment(world, rng, persons[~np.isin(persons, register["person"])], 1)


def _need_help(world: World, rng: np.random.Generator, day: np.datetime64) -> None:
    """Relief and shelter; on a free day only what cannot wait."""
    is_working = is_open(day.astype(object))
    per_day = quotas.RELIEF_CASES / 120 * world.scale
    count = rng.poisson(per_day if is_working else per_day / 3)
    amounts = rng.integers(60, 380, count) * 1000
    kind = None if is_working else np.full(count, URGENT)
    add_relief(world, rng, moments(rng, np.full(count, day)), amounts, day, kind=kind)
    count = rng.poisson(quotas.VAGRANTS / 120 * world.scale)
    add_vagrants(world, rng, np.full(count, day), day)


def _work(world: World, rng: np.random.Generator, day: np.datetime64) -> None:
    """People enter and leave the payroll, marry, and lose work."""
    payroll = world["payroll"]
    able = np.flatnonzero(np.isnat(payroll["until"]) & _natural(world, payroll["person"]))
    payroll["until"][rng.permutation(able)[: rng.poisson(6 * world.scale)]] = day
    count = rng.poisson(5 * world.scale)
    persons = world.people.add(
        rng, born_at_age(rng, rng.integers(23, 35, count), day), rng.random(count) < 0.5,
        world.places.draw(rng, count, True),
    )  # fmt: skip
    employ(world, rng, persons, rng.uniform(4000, 6500, count), np.full(count, day))
    count = rng.poisson(MARRIAGES_A_DAY * world.scale)
    add_marriages(world, rng, np.full(count, day), day)

    members, households = world["members"], world["households"]
    able = np.flatnonzero(
        (members["employment"] == 2)
        & (members["covered"] == 1)
        & _natural(world, members["person"])
        & (households["category"][members["household"]] == DIBAO)
    )
    lost = rng.permutation(able)[: rng.poisson(4 * world.scale)]
    members["employment"][lost] = 3
    members["unemployed_since"][lost] = day
    members["unemployment_insured"][lost] = 0
    count = rng.poisson(2 * world.scale)
    add_children(world, rng, count, KEY, np.full(count, day))


def _watch(world: World, rng: np.random.Generator, day: np.datetime64) -> None:
    table = world["monitored_households"]
    monitors = world["monitored_members"]
    planted = np.unique(monitors["monitor"][world.people["is_planted"][monitors["person"]] == 1])
    able = np.flatnonzero(table["risk_removed"] == 0)
    able = able[~np.isin(able, planted)]
    removed = rng.permutation(able)[: rng.poisson(RISKS_REMOVED_A_DAY * world.scale)]
    table["risk_removed"][removed] = 1
    table["removed_on"][removed] = day
    count = rng.poisson(2 * world.scale)
    added = add_uncovered_monitored(world, rng, count)
    table["identified_on"][added] = day
    table["risk_removed"][added] = 0
    table["removed_on"][added] = np.datetime64("NaT")


def _serve(world: World, rng: np.random.Generator, day: np.datetime64) -> None:
    certificates = world["certificates"]
    served = np.unique(world["services"]["person"])
    persons = np.unique(certificates["person"][certificates["status"] == 1])
    persons = persons[_natural(world, persons) & ~np.isin(persons, served)]
    persons = persons[~np.isin(persons, world["members"]["person"])]
    persons = rng.permutation(persons)[: rng.poisson(15 * world.scale)]
    applied_on = day - days(rng.integers(6, 30, len(persons)))
    add_services(world, rng, persons, applied_on, np.full(len(persons), day), day)
    count = rng.poisson(4 * world.scale)
    buyers = world.people.add(
        rng, born_at_age(rng, rng.integers(30, 60, count), day), rng.random(count) < 0.9,
        world.places.draw(rng, count, False),
    )  # fmt: skip
    add_machinery(world, rng, buyers, np.full(count, day), day)
