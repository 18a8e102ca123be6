"""The treasury's outgoing rows: monthly runs waiting for their day, and single payments.

Belongs here: which ledger rows and allocations leave on which day. Does not belong here: how a
run is made (`payments`), how rows are written down (`deliveries`).
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from pipelines.demo_city.calendar import add_working_days
from pipelines.demo_city.payments import SUCCESS, is_of
from pipelines.demo_city.places import county_of
from pipelines.demo_city.tables import DATE
from pipelines.demo_city.world import World

_COLUMNS = (
    "person", "household", "cents", "code", "paid_on", "status", "fail_reason", "county",
    "sequence", "reissue_of",
)  # fmt: skip
FARMLAND, MACHINES, RELIEF = 4101, 4102, 5001
_SUBSIDY_PER_MU = 120_00
_SUBSIDY_DAY = "06-20"


@dataclass
class Outbox:
    """Ledger rows that are known but not yet paid, by month of entitlement."""

    waiting: list[tuple[np.datetime64, pl.DataFrame]] = field(default_factory=list)

    def take(self, month: np.datetime64, rows: pl.DataFrame, day: np.datetime64) -> pl.DataFrame:
        """The rows of a run that are paid by a day; the rest waits."""
        is_paid = pl.col("paid_on") <= day.astype(object)
        later = rows.filter(~is_paid)
        if later.height:
            self.waiting.append((month, later))
        return rows.filter(is_paid)

    def due(self, day: np.datetime64) -> list[tuple[np.datetime64, pl.DataFrame]]:
        """Waiting rows whose day has come."""
        waiting, self.waiting = self.waiting, []
        return [(month, self.take(month, rows, day)) for month, rows in waiting]


def single_payments(world: World, day: np.datetime64) -> list[tuple[np.datetime64, pl.DataFrame]]:
    """Relief money, machine subsidies and the yearly farmland subsidy that go out on a day."""
    relief, machines = world["temporary_relief"], world["machinery"]
    known_on = np.maximum(relief["sent_on"], relief["granted_at"].astype(DATE))
    rows = np.flatnonzero((known_on == day) & (relief["form"] == 1))
    parts = [
        _rows(world, relief["person"][rows], relief["amount"][rows], RELIEF,
              relief["granted_at"][rows].astype(DATE), relief["granted_at"][rows], rows + 1)
    ]  # fmt: skip
    rows = np.flatnonzero(machines["sent_on"] == day)
    paid_on = np.minimum(machines["purchased_on"][rows] + 20, day)
    parts.append(
        _rows(world, machines["person"][rows], machines["subsidy"][rows], MACHINES, paid_on,
              machines["purchased_on"][rows], rows + 1)
    )  # fmt: skip
    first_year = 2023 if day == world.start else int(str(day)[:4])
    for year in range(first_year, int(str(day)[:4]) + 1):
        paid_on = np.datetime64(f"{year}-{_SUBSIDY_DAY}")
        if paid_on == day or (day == world.start and paid_on < day):
            parts.append(_farmland(world, paid_on))
    frame = pl.concat(parts).filter(pl.col("period") >= pl.date(2023, 1, 1))
    return [
        (np.datetime64(str(period)[:7], "M"), group.drop("period"))
        for (period,), group in sorted(frame.partition_by("period", as_dict=True).items())
    ]


def _farmland(world: World, paid_on: np.datetime64) -> pl.DataFrame:
    incomes = world["farm_incomes"]
    rows = np.flatnonzero(incomes["kind"] == 3)
    persons, first = np.unique(incomes["person"][rows], return_index=True)
    alive = world.people.is_alive(persons, paid_on)
    cents = incomes["area_mu"][rows[first]] * _SUBSIDY_PER_MU // 10
    persons, cents = persons[alive], cents[alive]
    when = np.full(len(persons), paid_on)
    return _rows(world, persons, cents, FARMLAND, when, when, np.arange(1, len(persons) + 1))


def _rows(
    world: World, persons: np.ndarray, cents: np.ndarray, code: int, paid_on: np.ndarray,
    period: np.ndarray, sequence: np.ndarray,
) -> pl.DataFrame:  # fmt: skip
    count = len(persons)
    integers = {
        "person": persons, "household": np.full(count, -1), "cents": cents,
        "code": np.full(count, code),
    }  # fmt: skip
    return pl.DataFrame({
        **{name: pl.Series(values, dtype=pl.Int64) for name, values in integers.items()},
        "paid_on": pl.Series(paid_on.astype(DATE), dtype=pl.Date),
        "status": pl.Series(np.full(count, SUCCESS), dtype=pl.Int64),
        "fail_reason": pl.Series([None] * count, dtype=pl.Int64),
        "county": pl.Series(county_of(world.people["area"][persons]), dtype=pl.Int64),
        "sequence": pl.Series(sequence, dtype=pl.Int64),
        "reissue_of": pl.Series([None] * count, dtype=pl.Int64),
        "period": pl.Series(period.astype("datetime64[M]").astype(DATE), dtype=pl.Date),
    }).select(*_COLUMNS, "period")  # fmt: skip


def allocation_groups(world: World, month: np.datetime64, rows: pl.DataFrame) -> pl.DataFrame:
    """What the treasury allocates for rows: sums by county and programme, two days before."""
    groups = (
        rows.filter(pl.col("status") == SUCCESS)
        .group_by("county", "code")
        .agg(pl.col("cents").sum(), pl.col("paid_on").min())
        .filter(pl.col("cents") > 0)
        .sort("code", "county")
    )
    for plan in world.offices:
        if plan.month == month and plan.per_mille != 1000:
            other = pl.col("cents") * plan.per_mille // 1000
            groups = groups.with_columns(
                pl.when(is_of(plan)).then(other).otherwise("cents").alias("cents")
            )
    before = add_working_days(groups["paid_on"].to_numpy().astype(DATE) - 4, 0)
    allocated_on = np.minimum(before, groups["paid_on"].to_numpy().astype(DATE))
    return groups.select(
        "county", "code", "cents", pl.lit(str(month).replace("-", "")).alias("period"),
        pl.Series("allocated_on", allocated_on),
    )  # fmt: skip
