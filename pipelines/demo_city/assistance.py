"""The families civil affairs assists: dibao, tekun and dibao-marginal, with their checks and files.

Belongs here: recognising households, their incomes, reviews and applications. Does not belong
here: disability, payments, and what is planted for the rules (`planted`).
"""

import numpy as np

from pipelines.demo_city.amounts import standard
from pipelines.demo_city.calendar import add_working_days
from pipelines.demo_city.families import (
    ALONE_WITH_KIN,
    BROTHER,
    FAMILIES,
    Settled,
    Shape,
    head,
    settle,
)
from pipelines.demo_city.tables import DATE
from pipelines.demo_city.world import DIBAO, TEKUN, World

SIZES = np.array([0.60, 0.27, 0.09, 0.03, 0.01])
"""Shares of dibao households with one to five covered persons."""

MARGINAL_SIZES = np.array([0.27, 0.36, 0.21, 0.12, 0.04])
WITH_KIN_SHARE = 0.82
"""Of dibao households with one covered person, those where kin live in the household."""

_EARLIEST = np.datetime64("2013-01-01")


def days(count: np.ndarray) -> np.ndarray:
    """Whole days as a numpy time span."""
    return np.asarray(count).astype("timedelta64[D]")


def approvals(rng: np.random.Generator, count: int, until: np.datetime64) -> np.ndarray:
    """Dates of approval: fewer the longer ago, on working days, never on a month's first day."""
    approved_on = until - days(rng.exponential(1800, count)).astype("timedelta64[D]")
    approved_on = np.maximum(approved_on, _EARLIEST + days(rng.integers(0, 700, count)))
    moved = add_working_days(approved_on, 0)
    is_first = moved == moved.astype("datetime64[M]")
    moved = np.where(is_first, add_working_days(moved, 1), moved)
    late = moved > until
    return np.where(late, add_working_days(moved - 12, 0), moved).astype(DATE)


def sizes_summing(rng: np.random.Generator, total: int, shares: np.ndarray) -> np.ndarray:
    """Household sizes, drawn by shares, that add up to a number of persons."""
    mean = float((np.arange(1, len(shares) + 1) * shares).sum())
    sizes = rng.choice(len(shares), size=int(total / mean * 1.3) + 20, p=shares) + 1
    ends = np.cumsum(sizes)
    cut = int(np.searchsorted(ends, total))
    sizes = sizes[: cut + 1].copy()
    sizes[-1] -= ends[cut] - total
    return sizes[sizes > 0] if total > 0 else sizes[:0]


def sizes_of(rng: np.random.Generator, households: int, total: int) -> np.ndarray:
    """Sizes of so many marginal households that add up to a number of persons."""
    if households <= 0:
        return np.empty(0, dtype=np.int64)
    total = min(max(total, households), households * len(MARGINAL_SIZES))
    sizes = rng.choice(len(MARGINAL_SIZES), size=households, p=MARGINAL_SIZES) + 1
    while (gap := total - int(sizes.sum())) != 0:
        step = int(np.sign(gap))
        able = np.flatnonzero((sizes + step >= 1) & (sizes + step <= len(MARGINAL_SIZES)))
        chosen = rng.permutation(able)[: abs(gap)]
        sizes[chosen] += step
    return sizes


def settle_by_size(
    world: World, rng: np.random.Generator, category: int, sizes: np.ndarray, urban: bool,
    on_date: np.datetime64,
) -> list[Settled]:  # fmt: skip
    """Natural families of the given sizes, each size in its usual shapes."""
    settled = []
    for size, shapes in FAMILIES.items():
        count = int((sizes == size).sum())
        if category == DIBAO and size == 1:
            with_kin = rng.binomial(count, WITH_KIN_SHARE) if count else 0
            settled += _settle_shapes(
                world, rng, category, ALONE_WITH_KIN, with_kin, urban, on_date, unit=2
            )
            count -= with_kin
        settled += _settle_shapes(world, rng, category, shapes, count, urban, on_date, unit=1)
    return settled


def _settle_shapes(
    world: World, rng: np.random.Generator, category: int, shapes: tuple[Shape, ...], count: int,
    urban: bool, on_date: np.datetime64, unit: int,
) -> list[Settled]:  # fmt: skip
    shares = np.array([share for share, _ in shapes])
    result = []
    for number, (_, slots) in zip(
        rng.multinomial(count, shares / shares.sum()), shapes, strict=True
    ):
        if number:
            area = world.places.draw(rng, number, urban)
            approved_on = approvals(rng, number, on_date - 1)
            result.append(
                settle(world, rng, category, slots, area, np.full(number, int(urban)),
                       approved_on, unit=unit, on_date=on_date)
            )  # fmt: skip
    return result


def settle_tekun(
    world: World, rng: np.random.Generator, persons: int, urban: bool
) -> list[Settled]:
    """Tekun: nearly always alone, sometimes two old brothers."""
    pairs = int(persons * 0.04)
    result = []
    for count, slots in (
        (pairs, (head(62, 84, 1), BROTHER)),
        (persons - 2 * pairs, (head(60, 90),)),
    ):
        if count > 0:
            area = world.places.draw(rng, count, urban)
            approved_on = approvals(rng, count, world.start - 1)
            result.append(
                settle(world, rng, TEKUN, slots, area, np.full(count, int(urban)), approved_on)
            )
    return result


def month_of(world: World) -> np.datetime64:
    """The month the city starts in; its standards hold for the rolls."""
    return world.start.astype("datetime64[M]")


def set_incomes(world: World, households: np.ndarray, income: np.ndarray) -> None:
    """Monthly household income in cents; dibao is paid covered persons x standard less income."""
    table = world["households"]
    table["income"][households] = income
    line = standard("dibao", table["is_urban"][households], month_of(world))
    is_dibao = table["category"][households] == DIBAO
    amount = table["covered_persons"][households] * line - income
    table["monthly_amount"][households] = np.where(is_dibao, np.maximum(amount, 0), 0)


def set_tekun_amounts(world: World) -> None:
    """The roll's monthly amount of tekun households: the standard per covered person."""
    table = world["households"]
    chosen = np.flatnonzero(table["category"] == TEKUN)
    per_person = standard("tekun", table["is_urban"][chosen], month_of(world))
    table["monthly_amount"][chosen] = table["covered_persons"][chosen] * per_person
    table["income"][chosen] = 0


def draw_reviews(world: World, rng: np.random.Generator, households: np.ndarray) -> None:
    """Last reviews within the term of each household's class; none if approved more lately."""
    table = world["households"]
    term = np.where(table["review_class"][households] == 6, 165, 345)
    reviewed_on = world.start - days(rng.integers(1, term))
    reviewed_on = add_working_days(reviewed_on, 0)
    is_due = (reviewed_on > table["approved_on"][households] + 60) & (reviewed_on <= world.start)
    approved_late = table["approved_on"][households] > world.start - days(term)
    kept = is_due & ~approved_late
    table["reviewed_on"][households] = np.where(kept, reviewed_on, np.datetime64("NaT"))
    long_ago = ~kept & ~approved_late
    table["reviewed_on"][households[long_ago]] = add_working_days(
        world.start - days(rng.integers(4, 40, int(long_ago.sum()))), 0
    )


def record_checks(
    world: World, rng: np.random.Generator, households: np.ndarray, checked_on: np.ndarray,
    yearly: np.ndarray, sent_on: np.datetime64,
) -> np.ndarray:  # fmt: skip
    """Economic checks whose four kinds of income add up to the given yearly cents."""
    count = len(households)
    table = world["households"]
    shares = rng.dirichlet([2.0, 2.0, 0.8, 2.0], count)
    parts = np.floor(shares[:, :3] * yearly[:, None] / 100).astype(np.int64) * 100
    luck = rng.random((4, count))
    spent = np.stack([
        (luck[0] ** 3 * 4000).astype(np.int64) * 100, (luck[1] ** 4 * 3000).astype(np.int64) * 100,
        (luck[2] ** 5 * 2000).astype(np.int64) * 100,
    ])  # fmt: skip
    # What a family pays for illness, school and disability stays clear of rigid expenditure.
    bearable = np.minimum(1.0, yearly * 0.45 / np.maximum(spent.sum(axis=0), 1))
    spent = np.floor(spent * bearable / 100).astype(np.int64) * 100
    return world["economic_checks"].append(
        count, household=households, checked_on=checked_on, wage_income=parts[:, 0],
        business_income=parts[:, 1], property_income=parts[:, 2],
        transfer_income=yearly - parts.sum(axis=1),
        medical_expense=spent[0], education_expense=spent[1], disability_expense=spent[2],
        financial_assets=(luck[3] ** 2 * 9000).astype(np.int64) * 100,
        vehicles=0, homes=np.where(table["is_urban"][households] == 1, 0, 1) * (luck[0] < 0.9),
        business_registered=0, sent_on=sent_on,
    )  # fmt: skip


def last_check_dates(world: World, households: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A check lies a few days before the last review, else before the approval."""
    table = world["households"]
    reviewed_on = table["reviewed_on"][households]
    anchor = np.where(np.isnat(reviewed_on), table["approved_on"][households], reviewed_on)
    return add_working_days(anchor - days(rng.integers(3, 10, len(households))), 0)


def dibao_ratios(rng: np.random.Generator, count: int) -> np.ndarray:
    """Income of a dibao family as a share of its standard, before it is tuned to the totals."""
    return np.clip(rng.beta(2.2, 3.6, count), 0.02, 0.86)


def marginal_ratios(rng: np.random.Generator, count: int) -> np.ndarray:
    """Income of a marginal family as a share of the dibao standard: clear of every band."""
    return rng.uniform(1.19, 1.46, count)


def record_applications(
    world: World, rng: np.random.Generator, households: np.ndarray
) -> np.ndarray:
    """The files that led to approvals, every step within its limit."""
    table = world["households"]
    decided_on = table["approved_on"][households]
    count = len(households)
    notice_to = add_working_days(decided_on - days(rng.integers(2, 4, count)), 0)
    notice_to = np.where(notice_to >= decided_on, decided_on - 1, notice_to)
    notice_from = notice_to - 7
    investigated_on = add_working_days(notice_from - days(rng.integers(4, 6, count)), 0)
    accepted_on = investigated_on - 1 - (~np.is_busday(investigated_on - 1)) * 2
    return world["applications"].append(
        count, applicant=table["head"][households], household=households,
        category=table["category"][households], is_urban=table["is_urban"][households],
        area=table["area"][households], accepted_on=accepted_on,
        investigated_on=investigated_on, notice_from=notice_from, notice_to=notice_to,
        decided_on=decided_on, decision=1,
        first_paid_month=table["first_paid_month"][households], special_case=0,
        official_relative=(rng.random(count) < 0.01).astype(int),
    )  # fmt: skip
