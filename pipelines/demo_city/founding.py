"""The city on its first day: every register filled, counts and sums tuned to the published ones.

Belongs here: the order in which registers are filled, and the tuning. Does not belong here: how
one row looks (the modules named after registers), what is planted (`planted`), later days (`days`).
"""

import numpy as np

from pipelines.demo_city import quotas
from pipelines.demo_city.amounts import rates, standard
from pipelines.demo_city.assistance import (
    SIZES,
    approvals,
    days,
    dibao_ratios,
    draw_reviews,
    last_check_dates,
    marginal_ratios,
    record_applications,
    record_checks,
    set_incomes,
    set_tekun_amounts,
    settle_by_size,
    settle_tekun,
    sizes_of,
    sizes_summing,
)
from pipelines.demo_city.casework import fill_in_tray
from pipelines.demo_city.children import (
    COMMUNITY,
    INSTITUTION,
    KEY,
    LEFT_BEHIND,
    UNSUPPORTED,
    add_children,
    enrol,
)
from pipelines.demo_city.disability import (
    CANCELLED,
    EXPIRED,
    add_certificates,
    add_services,
    add_unassisted_holders,
    draw_categories,
    draw_mild_categories,
    issue_dates,
)
from pipelines.demo_city.entitlements import ELDERLY_AGE, entitlements
from pipelines.demo_city.families import born_at_age, head, settle
from pipelines.demo_city.payments import paid_persons
from pipelines.demo_city.registers import (
    add_deaths,
    add_marriages,
    add_payroll,
    add_relief,
    add_vagrants,
    moments,
    record_deaths,
    relief_amounts,
)
from pipelines.demo_city.tables import DATE, Table
from pipelines.demo_city.watch import (
    add_assisted_monitored,
    add_farm_incomes,
    add_machinery,
    add_uncovered_monitored,
)
from pipelines.demo_city.world import DIBAO, MARGINAL, TEKUN, World

END_REASONS = np.array(["收入提高", "家庭成员就业", "自愿退出", "户籍迁出"], dtype=object)
DIED = "死亡"
_STREAM = 10


def found(world: World, departures: Table) -> None:
    """Fill every register round the planted cases that already stand in the world."""
    month = world.start.astype("datetime64[M]")
    _settle_families(world)
    _end_households(world)
    _enrol_children(world)
    _certify(world, departures, month)
    _tune_incomes(world, month)
    _tune_children(world, month)
    _tune_allowances(world, month)
    _review_and_check(world)
    _fill_watch(world)
    _fill_city(world)
    fill_in_tray(world)


def published_months(month: np.datetime64) -> np.ndarray:
    """The four months over which the published sums run."""
    return np.arange(month - quotas.PUBLISHED_MONTHS + 1, month + 1)


def natural_households(world: World, category: int) -> np.ndarray:
    """Positions of a category's households that nobody planted."""
    table = world["households"]
    return np.flatnonzero((table["category"] == category) & (table["is_planted"] == 0))


def _settle_families(world: World) -> None:
    rng = world.chance(_STREAM, 1)
    start = world.start
    _settle_marginal(world, rng)
    for category, quota, urban_share in (
        (DIBAO, quotas.DIBAO_PERSONS, quotas.DIBAO_URBAN_SHARE),
        (TEKUN, quotas.TEKUN_PERSONS, quotas.TEKUN_URBAN_SHARE),
    ):
        members, households = world["members"], world["households"]
        settled = world.covered(category, start)
        settled = settled[np.unique(members["person"][settled], return_index=True)[1]]
        settled_urban = int(households["is_urban"][members["household"][settled]].sum())
        total = world.scaled(quota)
        urban = round(total * urban_share)
        for is_urban, wanted in (
            (True, urban - settled_urban),
            (False, total - urban - len(settled) + settled_urban),
        ):
            if category == DIBAO:
                sizes = sizes_summing(rng, max(wanted, 0), SIZES)
                settle_by_size(world, rng, DIBAO, sizes, is_urban, start)
            elif wanted > 0:
                settle_tekun(world, rng, wanted, is_urban)


def _settle_marginal(world: World, rng: np.random.Generator) -> None:
    """Marginal families; in some a disabled adult is recognised for dibao on his own."""
    households, members = world["households"], world["members"]
    standing = np.flatnonzero(
        (households["category"] == MARGINAL)
        & world.is_active(np.arange(len(households)), world.start)
    )
    living = np.isnat(world.people["died_on"][members["person"]])
    persons = int((np.isin(members["household"], standing) & living).sum())
    sizes = sizes_of(
        rng,
        world.scaled(quotas.MARGINAL_HOUSEHOLDS) - len(standing),
        world.scaled(quotas.MARGINAL_PERSONS) - persons,
    )
    is_urban = rng.random(len(sizes)) < quotas.MARGINAL_URBAN_SHARE
    for urban in (True, False):
        settle_by_size(world, rng, MARGINAL, sizes[is_urban == urban], urban, world.start)
    marginal = natural_households(world, MARGINAL)
    candidates = np.flatnonzero(
        np.isin(members["household"], marginal)
        & (world.people.age(members["person"], world.start) >= 18)
        & _has_near_kin(world)
    )
    chosen = rng.permutation(candidates)[: len(marginal) // 12]
    chosen = chosen[np.unique(members["household"][chosen], return_index=True)[1]]
    home = members["household"][chosen]
    alone = settle(
        world, rng, DIBAO, (head(18, 60),), households["area"][home], households["is_urban"][home],
        approvals(rng, len(chosen), world.start.astype("datetime64[M]").astype(DATE) - 1),
        unit=2, persons=[members["person"][chosen]],
    )  # fmt: skip
    _certify_persons(world, rng, alone.heads, severe=True)
    members["health"][chosen] = 4


def _has_near_kin(world: World) -> np.ndarray:
    """Flags by member row: a spouse, parent or child lives in the same household."""
    household, relation = world["members"]["household"], world["members"]["relation"]
    is_near = ((relation >= 10) & (relation <= 39)) | ((relation >= 50) & (relation <= 59))
    has_near = np.zeros(len(world["households"]), dtype=bool)
    has_near[household[is_near]] = True
    return is_near | (has_near[household] & (relation <= 2))


def _end_households(world: World) -> None:
    """Families that left before the first day; some because the only person died."""
    rng = world.chance(_STREAM, 2)
    for category, quota in ((DIBAO, quotas.DIBAO_PERSONS / 1.55), (TEKUN, quotas.TEKUN_PERSONS)):
        count = world.scaled(quota * quotas.ENDED_SHARE)
        first = len(world["households"])
        if category == DIBAO:
            settle_by_size(world, rng, DIBAO, np.ones(count, dtype=int), False, world.start)
        else:
            settle_tekun(world, rng, count, False)
        chosen = np.arange(first, len(world["households"]))
        table = world["households"]
        length = int((world.start - np.datetime64("2023-01-10")).astype(int))
        ended_on = world.start - days(rng.integers(1, max(length, 2), len(chosen)))
        table["approved_on"][chosen] = np.minimum(table["approved_on"][chosen], ended_on - 200)
        months = table["approved_on"][chosen].astype("datetime64[M]")
        first_day = table["approved_on"][chosen] == months.astype(DATE)
        table["approved_on"][chosen[first_day]] += 1
        table["first_paid_month"][chosen] = (months + 1).astype(DATE)
        table["ended_on"][chosen] = ended_on
        table["end_reason"][chosen] = rng.choice(END_REASONS, len(chosen))
        has_died = rng.random(len(chosen)) < (0.9 if category == TEKUN else 0.45)
        members = world["members"]
        size = np.bincount(members["household"], minlength=len(table))[chosen]
        died = chosen[has_died & (size == 1) & (ended_on > world.start - 364)]
        table["end_reason"][died] = DIED
        record_deaths(world, rng, table["head"][died], table["ended_on"][died])


def _enrol_children(world: World) -> None:
    rng = world.chance(_STREAM, 3)
    roll = world["children"]
    wanted = world.scaled(quotas.KEY_CHILDREN) - int(
        ((roll["kind"] <= KEY) & np.isnat(roll["ended_on"])).sum()
    )
    wanted = max(wanted, 0)
    households, members = world["households"], world["members"]
    minors = np.flatnonzero(
        np.isin(members["household"], natural_households(world, DIBAO))
        & np.isnat(households["ended_on"][members["household"]])
        & (world.people.age(members["person"], world.start) < 17)
        & (world.people.age(members["person"], world.start) > 2)
    )
    minors = np.sort(rng.permutation(minors)[: wanted // 20])
    heads = households["head"][members["household"][minors]]
    enrol(world, rng, members["person"][minors], KEY, heads)
    # Kind 0 stands for "kept for tuning": `_tune_children` gives each its kind.
    kind = np.where(rng.random(wanted - len(minors)) < 0.04, INSTITUTION, 0)
    add_children(world, rng, len(kind), kind)
    add_children(
        world,
        rng,
        max(world.scaled(quotas.LEFT_BEHIND_CHILDREN) - int((roll["kind"] == 5).sum()), 0),
        LEFT_BEHIND,
    )


def _tune_children(world: World, month: np.datetime64) -> None:
    """Choose between orphans' and key children's amounts so that the sum is the published one."""
    rng = world.chance(_STREAM, 4)
    roll = world["children"]
    open_rows = rng.permutation(np.flatnonzero(roll["kind"] == 0))
    months = published_months(month)
    due_months = (roll["approved_on"][open_rows, None] < months.astype(DATE)[None, :]).sum(axis=1)
    low, high = (
        int(rates("child", "kind", np.array([kind]), month)[0]) for kind in (KEY, COMMUNITY)
    )
    roll["kind"][open_rows] = KEY
    fixed = sum(int(entitlements(world, m)["children"].cents.sum()) for m in months)
    wanted = quotas.CHILDREN_PAID * world.scale - fixed
    raised = open_rows[np.cumsum(due_months * (high - low)) <= wanted]
    roll["kind"][raised] = np.where(rng.random(len(raised)) < 0.3, COMMUNITY, UNSUPPORTED)


def _certify_persons(
    world: World, rng: np.random.Generator, persons: np.ndarray, *, severe: bool,
    plain: bool = False,
) -> None:  # fmt: skip
    """Certificates, issued before the month's first day, for people of assisted families."""
    latest = world.start.astype("datetime64[M]").astype(DATE)
    level = rng.integers(1, 3, len(persons)) if severe else rng.integers(3, 5, len(persons))
    draw = draw_mild_categories if plain else draw_categories
    issued_on = issue_dates(rng, len(persons), latest, world.people["born_on"][persons])
    add_certificates(world, rng, persons, draw(rng, len(persons)), level, issued_on)


def _certify(world: World, departures: Table, month: np.datetime64) -> None:
    rng = world.chance(_STREAM, 5)
    latest = month.astype(DATE)
    households, members, people = world["households"], world["members"], world.people
    household, person = members["household"], members["person"]
    is_free = (people["is_planted"][person] == 0) & np.isnat(people["died_on"][person])
    holders = np.zeros(len(people), dtype=bool)
    holders[world["certificates"]["person"]] = True
    on_roll = np.zeros(len(people), dtype=bool)
    on_roll[world["children"]["person"]] = True
    is_free &= ~holders[person] & ~on_roll[person] & (people.age(person, latest) >= 3)
    # Of two parents one at most is disabled: children of two are planted, not natural.
    relation = members["relation"]
    has_child = np.zeros(len(households), dtype=bool)
    has_child[household[(relation >= 20) & (relation <= 39)]] = True
    is_free &= ~(has_child[household] & (relation >= 10) & (relation <= 12))
    active = world.is_active(household, latest) & np.isnat(households["ended_on"][household])
    size = np.bincount(household, minlength=len(households))[household]

    dibao = is_free & active & (households["category"][household] == DIBAO)
    marginal = is_free & active & (households["category"][household] == MARGINAL)
    is_lone = dibao & (size == 1)
    wanted = world.scaled(quotas.LIVING_RECIPIENTS) - len(
        paid_persons(world, departures, month, "living")
    )
    from_marginal = person[rng.permutation(np.flatnonzero(marginal))[: max(wanted // 40, 0)]]
    eligible = np.flatnonzero(dibao & (members["covered"] == 1))
    chosen = rng.permutation(eligible)[: max(wanted - len(from_marginal), 0)]
    is_severe = (rng.random(len(chosen)) < quotas.SEVERE_SHARE_IN_DIBAO) & ~is_lone[chosen]
    _certify_persons(world, rng, person[chosen[is_severe]], severe=True)
    _certify_persons(world, rng, person[chosen[~is_severe & ~is_lone[chosen]]], severe=False)
    _certify_persons(world, rng, person[chosen[is_lone[chosen]]], severe=False, plain=True)
    _certify_persons(world, rng, from_marginal, severe=False, plain=True)
    members["health"][chosen] = 4

    tekun = np.flatnonzero(
        is_free
        & (members["covered"] == 1)
        & (households["category"][household] == TEKUN)
        & np.isnat(households["ended_on"][household])
        & (households["approved_on"][household] < latest)
    )
    tekun = tekun[rng.random(len(tekun)) < 0.3]
    is_severe = rng.random(len(tekun)) < 0.5
    _certify_persons(world, rng, person[tekun[is_severe]], severe=True)
    _certify_persons(world, rng, person[tekun[~is_severe]], severe=False)

    wanted = world.scaled(quotas.NURSING_RECIPIENTS) - len(
        paid_persons(world, departures, month, "nursing")
    )
    add_unassisted_holders(world, rng, max(wanted, 0), latest, is_severe=True)
    _lapse(world, rng, latest)
    rest = world.scaled(quotas.CERTIFICATES) - len(world["certificates"])
    add_unassisted_holders(world, rng, max(rest, 0), world.start, is_severe=False)


def _lapse(world: World, rng: np.random.Generator, latest: np.datetime64) -> None:
    """Certificates that ended within the last year: expired, or handed back."""
    table = world["certificates"]
    first = len(table)
    add_unassisted_holders(world, rng, world.scaled(1500), latest - 900, is_severe=True)
    rows = np.arange(first, len(table))
    ended_on = latest - days(rng.integers(40, 400, len(rows)))
    is_expired = rng.random(len(rows)) < 0.5
    table["status"][rows] = np.where(is_expired, EXPIRED, CANCELLED)
    table["changed_on"][rows] = ended_on
    table["expires_on"][rows] = np.where(is_expired, ended_on - 1, table["expires_on"][rows])


def _tune_incomes(world: World, month: np.datetime64) -> None:
    """Scale the incomes of natural dibao families so that four months of pay are as published."""
    rng = world.chance(_STREAM, 6)
    set_tekun_amounts(world)
    table = world["households"]
    marginal = natural_households(world, MARGINAL)
    line = standard("dibao", table["is_urban"], month)
    size = np.bincount(world["members"]["household"], minlength=len(table))
    income = (marginal_ratios(rng, len(marginal)) * size[marginal] * line[marginal]).astype(
        np.int64
    )
    set_incomes(world, marginal, income // 100 * 100)

    natural = natural_households(world, DIBAO)
    full = table["covered_persons"][natural] * line[natural]
    draft = (dibao_ratios(rng, len(natural)) * full).astype(np.int64)
    set_incomes(world, natural, draft)
    months_due = np.zeros(len(table), dtype=np.int64)
    fixed = 0
    is_natural = np.zeros(len(table), dtype=bool)
    is_natural[natural] = True
    for one in published_months(month):
        due = entitlements(world, one)
        dibao = due["dibao"]
        fixed += int(due["tekun"].cents.sum() + due["tekun_care"].cents.sum())
        fixed += int(dibao.cents[~is_natural[dibao.household]].sum())
        np.add.at(months_due, dibao.household[is_natural[dibao.household]], 1)
    spent = months_due[natural]
    wanted = quotas.DIBAO_AND_TEKUN_PAID * world.scale - fixed
    factor = ((spent * full).sum() - wanted) / max((spent * draft).sum(), 1)
    income = np.clip(draft * max(factor, 0.0), 0, 0.88 * full).astype(np.int64)
    set_incomes(world, natural, income)


def _tune_allowances(world: World, month: np.datetime64) -> None:
    """Split the severe into levels 1 and 2 so that both allowances add up to the published sum."""
    rng = world.chance(_STREAM, 7)
    table = world["certificates"]
    rows = np.flatnonzero(
        (table["level"] <= 2) & (world.people["is_planted"][table["person"]] == 0)
    )
    table["level"][rows] = 2
    spent = np.zeros(len(world.people), dtype=np.int64)
    total = 0
    for one in published_months(month):
        due = entitlements(world, one)
        total += int(due["living"].cents.sum() + due["nursing"].cents.sum())
        spent[due["nursing"].person] += 1
    step = int(np.diff(rates("nursing", "level", np.array([2, 1]), month))[0])
    rows = rng.permutation(rows)
    wanted = quotas.ALLOWANCES_PAID * world.scale - total
    raised = rows[np.cumsum(spent[table["person"][rows]] * step) <= wanted]
    table["level"][raised] = 1


def _review_and_check(world: World) -> None:
    rng = world.chance(_STREAM, 8)
    table = world["households"]
    natural = np.flatnonzero(table["is_planted"] == 0)
    draw_reviews(world, rng, natural)
    checked = natural[table["category"][natural] != TEKUN]
    last = np.minimum(last_check_dates(world, checked, rng), world.start - 1)
    yearly = table["income"][checked] * 12
    again = (rng.random(len(checked)) < 0.5) | (table["category"][checked] == MARGINAL)
    earlier = last[again] - days(rng.integers(150, 330, int(again.sum())))
    before = (yearly[again] * rng.uniform(0.93, 1.0, int(again.sum()))).astype(np.int64)
    record_checks(world, rng, checked[again], earlier, before, world.start)
    record_checks(world, rng, checked, last, yearly, world.start)
    recent = natural[table["approved_on"][natural] > world.start - 420]
    record_applications(world, rng, recent)


def _fill_watch(world: World) -> None:
    rng = world.chance(_STREAM, 9)
    total = world.scaled(quotas.WATCHED_HOUSEHOLDS)
    add_assisted_monitored(world, rng, int(total * 0.55))
    rest = max(total - len(world["monitored_households"]), 0)
    add_uncovered_monitored(world, rng, rest)
    _farm(world, rng)


def _farm(world: World, rng: np.random.Generator) -> None:
    """Two years of farm incomes: small ones of assisted heads, larger ones of everybody else."""
    last_year = int(str(world.start)[:4]) - 1
    checks, households = world["economic_checks"], world["households"]
    property_income = np.zeros(len(households), dtype=np.int64)
    business_income = np.zeros(len(households), dtype=np.int64)
    property_income[checks["household"]] = checks["property_income"]
    business_income[checks["household"]] = checks["business_income"]
    able = np.flatnonzero(
        (households["is_planted"] == 0) & (households["is_urban"] == 0)
        & np.isnat(households["ended_on"]) & (property_income > 50_000)
    )  # fmt: skip
    chosen = rng.permutation(able)[: len(able) // 4]
    count = world.scaled(quotas.FARM_HOUSEHOLDS)
    area = world.places.draw(rng, count, False)
    farmers = world.people.add(
        rng, born_at_age(rng, rng.integers(30, 72, count), world.start),
        rng.random(count) < 0.7, area,
    )  # fmt: skip
    heads = households["head"][chosen]
    land = (property_income[chosen] * rng.uniform(0.5, 0.85, len(chosen))).astype(np.int64)
    crops = (business_income[chosen] * rng.uniform(0.4, 0.8, len(chosen))).astype(np.int64)
    rent, harvest = rng.integers(40_000, 600_000, count), rng.integers(200_000, 2_500_000, count)
    for year in (last_year - 1, last_year):
        drift = rng.uniform(0.95, 1.05)
        for persons, kind, cents in (
            (heads, 1, land), (heads, 3, crops), (farmers, 3, harvest),
            (farmers, np.where(rng.random(count) < 0.8, 1, 2), rent),
        ):  # fmt: skip
            yearly = (cents * drift).astype(np.int64)
            add_farm_incomes(world, rng, persons, yearly, kind, year, world.start)
    buyers = farmers[rng.random(count) < 0.1]
    purchased_on = world.start - days(rng.integers(10, 480, len(buyers)))
    add_machinery(world, rng, buyers, purchased_on, world.start)


def _fill_city(world: World) -> None:
    rng = world.chance(_STREAM, 11)
    start = world.start
    add_payroll(world, rng, max(world.scaled(quotas.PAYROLL) - len(world["payroll"]), 0))
    deaths = max(world.scaled(quotas.CREMATIONS_A_YEAR) - len(world["cremations"]), 0)
    add_deaths(world, rng, start - days(rng.integers(1, 366, deaths)))
    weddings = max(world.scaled(quotas.MARRIAGES_A_YEAR) - len(world["marriages"]), 0)
    registered_on = start - days(rng.integers(0, 366, weddings))
    add_marriages(world, rng, registered_on, start)
    _help_cases(world, rng)

    members, households = world["members"], world["households"]
    old = members["person"][
        (world.people.age(members["person"], start) >= ELDERLY_AGE - 2)
        & (households["is_planted"][members["household"]] == 0)
        & np.isnat(world.people["died_on"][members["person"]])
    ]
    world["elders"].append(len(np.unique(old)), person=np.unique(old))
    count = world.scaled(quotas.ELDERS)
    persons = world.people.add(
        rng, born_at_age(rng, rng.integers(ELDERLY_AGE, 97, count), start),
        rng.random(count) < 0.42, world.places.draw(rng, count, rng.random(count) < 0.3),
    )  # fmt: skip
    world["elders"].append(count, person=persons)

    certificates = world["certificates"]
    served = rng.permutation(
        np.flatnonzero(
            (world.people["is_planted"][certificates["person"]] == 0)
            & (certificates["status"] == 1)
        )
    )[: world.scaled(8000)]
    applied_on = start - days(rng.integers(40, 460, len(served)))
    # One service a person: what somebody bears himself stays far from every limit.
    is_tekun = np.isin(
        certificates["person"][served],
        members["person"][households["category"][members["household"]] == TEKUN],
    )
    served, applied_on = served[~is_tekun], applied_on[~is_tekun]
    add_services(
        world, rng, certificates["person"][served], applied_on,
        applied_on + days(rng.integers(5, 35, len(served))), start,
    )  # fmt: skip


def _help_cases(world: World, rng: np.random.Generator) -> None:
    """Relief and shelter over the last year; the last four months add up to the published sums."""
    start = world.start
    first = published_months(start.astype("datetime64[M]"))[0].astype(DATE)
    length = int((start - first).astype(int))
    relief = world["temporary_relief"]
    is_recent = (relief["applied_at"] >= first) & (relief["sent_on"] <= start)
    cases = max(world.scaled(quotas.RELIEF_CASES) - int(is_recent.sum()), 0)
    total = round(quotas.RELIEF_PAID * world.scale) - int(relief["amount"][is_recent].sum())
    total = max(total, cases * 50_000)
    applied_at = moments(rng, first + days(rng.integers(0, max(length - 9, 1), cases)))
    add_relief(world, rng, applied_at, relief_amounts(rng, cases, total), start)
    earlier = cases * 2
    applied_at = moments(rng, first - days(rng.integers(12, 245, earlier)))
    add_relief(world, rng, applied_at, relief_amounts(rng, earlier, total * 2), start)
    recent = world.scaled(quotas.VAGRANTS)
    add_vagrants(world, rng, first + days(rng.integers(0, length + 1, recent)), start)
    add_vagrants(world, rng, first - days(rng.integers(1, 240, recent * 2)), start)
