"""Agriculture: households watched against a return to poverty, farm incomes, machinery.

Belongs here: agriculture's own registers. Does not belong here: what they mean for assistance.
Naturally watched households are assisted, or no longer at risk, or well above every line.
"""

import numpy as np

from pipelines.demo_city.assistance import days
from pipelines.demo_city.families import born_at_age
from pipelines.demo_city.world import DIBAO, MARGINAL, World

OTHER_RISKS = np.array(["因学", "产业失败", "务工不稳", "缺劳动力", "因学、务工不稳"], dtype=object)
GRAVE_RISKS = np.array(["因病", "因残", "因意外事故", "因病、缺劳动力"], dtype=object)
MACHINES = ("轮式拖拉机", "自走式谷物联合收割机", "玉米播种机", "植保无人飞机", "旋耕机")
ENJOYS, ENJOYS_NOT = "享受", "未享受"
_HEALTH = np.array(["健康", "长期慢性病", "患有大病"], dtype=object)


def add_monitored(
    world: World, rng: np.random.Generator, area: np.ndarray, *, net_income: np.ndarray,
    risks: np.ndarray, risk_removed: np.ndarray, no_labour: np.ndarray | int,
    identified_on: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Watched households without members yet; incomes in cents a year."""
    count = len(area)
    if identified_on is None:
        identified_on = world.start - days(rng.integers(120, 1500, count))
    removed_on = np.where(
        risk_removed == 1, world.start - days(rng.integers(5, 115, count)), np.datetime64("NaT")
    )
    total = np.where(net_income < 0, 0, net_income) * 2
    return world["monitored_households"].append(
        count, kind=rng.choice([1, 2, 3], size=count, p=[0.35, 0.45, 0.2]), area=area,
        identified_on=identified_on, risks=risks, risk_removed=risk_removed,
        removed_on=removed_on, net_income_per_capita=net_income,
        wage_income=total // 2, business_income=total // 4, business_cost=total // 20,
        property_income=total // 50, transfer_income=total // 5, no_labour=no_labour,
    )  # fmt: skip


def add_monitored_members(
    world: World, rng: np.random.Generator, monitors: np.ndarray, persons: np.ndarray,
    relation: np.ndarray, *, dibao: np.ndarray | str = ENJOYS_NOT,
    tekun: np.ndarray | str = ENJOYS_NOT,
) -> np.ndarray:  # fmt: skip
    """Members of watched households; working skill follows from age."""
    count = len(persons)
    age = world.people.age(persons, world.start)
    luck = rng.random(count)
    skill = np.select([age < 16, age >= 70, age >= 60], [5, 4, 3], np.where(luck < 0.8, 1, 2))
    health = _HEALTH[np.searchsorted([0.75, 0.93], luck)]
    return world["monitored_members"].append(
        count,
        monitor=monitors,
        person=persons,
        relation=relation,
        health=health,
        labour_skill=skill,
        dibao=dibao,
        tekun=tekun,
    )


def add_assisted_monitored(world: World, rng: np.random.Generator, count: int) -> None:
    """Rural dibao and marginal families that agriculture watches too: the normal case."""
    households, members = world["households"], world["members"]
    able = np.flatnonzero(
        (households["is_planted"] == 0) & (households["is_urban"] == 0)
        & np.isnat(households["ended_on"]) & np.isin(households["category"], (DIBAO, MARGINAL))
    )  # fmt: skip
    chosen = np.sort(rng.permutation(able)[:count])
    size = len(chosen)
    monitors = add_monitored(
        world, rng, households["area"][chosen], net_income=rng.integers(700_000, 1_600_000, size),
        risks=rng.choice(np.r_[OTHER_RISKS, GRAVE_RISKS], size),
        risk_removed=(rng.random(size) < 0.4).astype(int),
        no_labour=(rng.random(size) < 0.3).astype(int),
    )  # fmt: skip
    monitor_of = np.full(len(households), -1)
    monitor_of[chosen] = monitors
    rows = np.flatnonzero(monitor_of[members["household"]] >= 0)
    household = members["household"][rows]
    is_helped = (members["covered"][rows] == 1) & (households["category"][household] == DIBAO)
    add_monitored_members(
        world,
        rng,
        monitor_of[household],
        members["person"][rows],
        members["relation"][rows],
        dibao=np.where(is_helped, ENJOYS, ENJOYS_NOT),
    )


def add_uncovered_monitored(
    world: World, rng: np.random.Generator, count: int, *, sizes: tuple[int, int] = (1, 4),
) -> np.ndarray:  # fmt: skip
    """Watched households nobody assists: most at risk no longer, the others well off enough."""
    area = world.places.draw(rng, count, False)
    monitors = add_monitored(
        world, rng, area, net_income=rng.integers(2_150_000, 3_400_000, count),
        risks=rng.choice(OTHER_RISKS, count), risk_removed=(rng.random(count) < 0.7).astype(int),
        no_labour=0,
    )  # fmt: skip
    size = rng.integers(sizes[0], sizes[1] + 1, count)
    add_new_members(world, rng, monitors, area, size)
    return monitors


def add_new_members(
    world: World, rng: np.random.Generator, monitors: np.ndarray, area: np.ndarray,
    size: np.ndarray, *, is_planted: bool = False,
) -> list[np.ndarray]:  # fmt: skip
    """Head, spouse, child, parent, in this order, as many as the size says."""
    people = world.people
    head_age = rng.integers(36, 60, len(monitors))
    surname: np.ndarray | None = None
    result = []
    for place, (relation, offset) in enumerate(
        (((2, 2), 0), ((12, 12), -1), ((20, 30), -27), ((51, 52), 25))
    ):
        chosen = np.flatnonzero(size > place)
        age = np.clip(head_age[chosen] + offset + rng.integers(-1, 2, len(chosen)), 0, 95)
        is_male = {0: np.ones(len(chosen), bool), 1: np.zeros(len(chosen), bool)}.get(
            place, rng.random(len(chosen)) < 0.5
        )
        family: np.ndarray | None = None if surname is None or place == 1 else surname[chosen]
        persons = people.add(
            rng, born_at_age(rng, age, world.start), is_male, area[chosen], family, is_planted
        )
        if place == 0:
            surname = people["surname"][persons]
        add_monitored_members(
            world, rng, monitors[chosen], persons, np.where(is_male, relation[0], relation[1])
        )
        result.append(persons)
    return result


def add_farm_incomes(
    world: World, rng: np.random.Generator, persons: np.ndarray, yearly: np.ndarray,
    kind: np.ndarray | int, year: int, sent_on: np.datetime64,
) -> None:  # fmt: skip
    """Land transfer, dividends, crops of one year; cents."""
    world["farm_incomes"].append(
        len(persons),
        person=persons,
        kind=kind,
        year=year,
        amount=yearly,
        area_mu=rng.integers(8, 120, len(persons)),
        sent_on=sent_on,
    )


def add_machinery(
    world: World, rng: np.random.Generator, persons: np.ndarray, purchased_on: np.ndarray,
    sent_on: np.datetime64, price: np.ndarray | None = None,
) -> None:  # fmt: skip
    """Subsidised purchases of machines; the subsidy is about three tenths of the price."""
    count = len(persons)
    price = rng.integers(30, 1800, count) * 10_000 if price is None else price
    world["machinery"].append(
        count,
        person=persons,
        machine=rng.integers(0, len(MACHINES), count),
        price=price,
        subsidy=price * 3 // 10,
        purchased_on=purchased_on,
        sent_on=sent_on,
    )
