"""What each county's office paid, when, and out of what: the truth of the office rules.

Belongs here: sums by county, programme and month, and the days on which R28 and R30 hold of them
by the published text of the rules. Does not belong here: single beneficiaries.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from pipelines.demo_city.entitlements import Due, dibao_by_the_roll
from pipelines.demo_city.payments import PROGRAM_NAMES, SUCCESS
from pipelines.demo_city.places import county_of
from pipelines.demo_city.tables import DATE
from pipelines.demo_city.world import World

OFFICE = ("county", "program", "month")
PAY_DAY, GRACE_DAYS, WINDOW = 10, 5, 12
LATE_SHARE, GAP_SHARE = 0.01, 0.005
"""By when a month is to be paid, when it can be judged, how far back, and how much may differ."""

_NAMES = pl.DataFrame({"code": list(PROGRAM_NAMES), "program": list(PROGRAM_NAMES.values())})
_SUMS = ("paid", "late", "allocated", "due")


def checkable(day: np.datetime64) -> tuple[np.datetime64, np.datetime64]:
    """First and last month of the window on a day."""
    last = (day - (PAY_DAY + GRACE_DAYS - 1)).astype("datetime64[M]")
    return max(last - WINDOW + 1, np.datetime64("2023-01")), last


@dataclass
class Ledger:
    """Sums by office, and the days on which an office was found to depart."""

    parts: list[pl.DataFrame] = field(default_factory=list)
    found: dict[tuple[str, str], list[np.datetime64]] = field(default_factory=dict)

    def pay(self, month: np.datetime64, rows: pl.DataFrame) -> None:
        """Take down rows that leave for a month."""
        tenth = (month.astype(DATE) + PAY_DAY - 1).astype(object)
        of_month = rows.filter(pl.col("status") == SUCCESS).with_columns(
            late=pl.when(pl.col("paid_on") > tenth).then("cents").otherwise(0)
        )
        self._add(month, of_month, paid="cents", late="late")

    def allocate(self, month: np.datetime64, groups: pl.DataFrame) -> None:
        """Take down what was allocated for a month."""
        self._add(month, groups, allocated="cents")

    def owe(self, world: World, month: np.datetime64, due: dict[str, Due]) -> None:
        """Take down what is due for a month, where the rolls tell it."""
        known = {program: owed for program, owed in due.items() if program != "elderly"}
        known["dibao"] = dibao_by_the_roll(world, month)
        if month < world.start.astype("datetime64[M]"):
            del known["dibao"]
        for owed in known.values():
            area = world.people["area"][owed.person]
            rows = pl.DataFrame({"county": county_of(area), "code": owed.code, "cents": owed.cents})
            self._add(month, rows, due="cents")

    def judge(self, day: np.datetime64) -> None:
        """Note which offices depart on a day."""
        first, last = checkable(day)
        parts = [part for part in self.parts if part.height]
        if not parts:
            return
        sums = (
            pl.concat(parts).group_by(OFFICE).agg(pl.col(_SUMS).sum())
            .filter(pl.col("month").is_between(pl.lit(str(first)), pl.lit(str(last))))
            .sort(OFFICE)
        )  # fmt: skip
        self.parts = [pl.concat(parts).group_by(OFFICE).agg(pl.col(_SUMS).sum())]
        apart = (pl.col("allocated") - pl.col("paid")).abs() > GAP_SHARE * pl.col("allocated")
        owed = (pl.col("paid") - pl.col("due")).abs() > GAP_SHARE * pl.col("due")
        is_due_known = (pl.col("program") != "dibao") | (pl.col("due") > 0)
        for rule, departs in (
            ("R28", pl.col("late") > LATE_SHARE * pl.col("paid")),
            ("R30", apart | (owed & is_due_known)),
        ):
            for office in sums.filter(departs).select(
                pl.format("{}:{}:{}", *OFFICE)
            ).to_series():  # fmt: skip
                self.found.setdefault((rule, office), []).append(day)

    def has_paid(self, office: str) -> bool:
        """Whether an office has paid anything so far."""
        sums = pl.concat([part for part in self.parts if part.height])
        name = pl.format("{}:{}:{}", *OFFICE)
        return sums.filter(name == office, pl.col("paid") > 0).height > 0

    def _add(self, month: np.datetime64, rows: pl.DataFrame, **sums: str) -> None:
        self.parts.append(
            rows.join(_NAMES, on="code")
            .group_by("county", "program")
            .agg(pl.col(column).sum().alias(name) for name, column in sums.items())
            .select(
                "county", "program", pl.lit(str(month)).alias("month"),
                *(pl.col(name) if name in sums else pl.lit(0, pl.Int64).alias(name)
                  for name in _SUMS),
            )
        )  # fmt: skip
