"""What another policy would do to a published day: who comes in, who goes out, at what cost.

The day is built as it was judged, in a scratch place; then numbers are put over the policy and
what depends on them is built again, by the same models. Does not belong here: which numbers there
are (`warehouse.overlay`), how a line or a due amount is computed (dbt).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import polars as pl

from pipelines.defs.installation import Installation
from pipelines.defs.one_day import build_day
from pipelines.defs.scratch import published_day, scratch_place, take_up_project, undisturbed
from pipelines.settings import Home
from pipelines.warehouse import history
from pipelines.warehouse.overlay import SEEDS, Change, put_over, read_changes
from pipelines.warehouse.work_database import work_database

COMPARED = ("int_metrics__households", "int_measures__entitlements")
"""The models whose rows tell lines, computed categories and what is due."""

HOUSEHOLDS = """
with assisted as (
    select watched.household_id
    from intermediate.int_people__watched_members as watched
    inner join intermediate.int_people__assistance as assistance
        on watched.person_id = assistance.person_id and assistance.is_assisted
),

considered as (
    select * from intermediate.int_metrics__households
    where active_category in ('dibao', 'dibao_marginal', 'rigid_expenditure')
        or concept = 'relapse_watch' and household_id not in (select household_id from assisted)
)

select
    category_computed as programme,
    coalesce(county_code, 'unknown') as county_code,
    cast(household_id as bigint) as beneficiary_id,
    case
        when category_computed = 'dibao' then standard_cny * member_months - counted_year_cny
        when category_computed = 'dibao_marginal' then 0
    end as year_cny
from considered
"""
"""Families on the roll but for tekun, and watched ones in which nobody is assisted."""

ENTITLEMENTS = """
select
    due.programme,
    coalesce(residence.county_code, 'unknown') as county_code,
    cast(due.beneficiary_id as bigint) as beneficiary_id,
    12 * due.amount_due_cny as year_cny
from intermediate.int_measures__entitlements as due
left join intermediate.int_people__residence as residence
    on due.beneficiary_id = residence.person_id
where due.unit = 'person'
    and due.amount_due_cny is not null
    and due.month_on = (select max(month_on) from intermediate.int_measures__entitlements)
"""

UNPAID = "dibao_marginal"
KEY = ["programme", "county_code", "beneficiary_id"]


@dataclass(frozen=True)
class Simulation:
    """What came of it.

    `counts` has one row per programme and county, and one per programme for the whole city, whose
    code it bears: `programme`, `county_code`, `before`, `in`, `out`, `after` (households for dibao
    and dibao_marginal, else persons), `cost_before_cny`, `cost_after_cny`, `difference_cny` (a
    month; null for dibao_marginal, which pays nothing). `not_judged` counts households without
    counted income, `due_for` is the month of the amounts due.
    """

    on_date: date
    changes: Sequence[Change]
    counts: pl.DataFrame
    not_judged: int
    due_for: str

    @property
    def differing(self) -> pl.DataFrame:
        """The rows in which anything changes."""
        return self.counts.filter(
            (pl.col("in") + pl.col("out") > 0) | (pl.col("difference_cny") != 0)
        )

    def sentences(self) -> Iterator[str]:
        """What is told besides the rows."""
        asked = "; ".join(
            f"{change.name} {' and '.join(change.was)} → {change.to}" for change in self.changes
        )
        nothing = " Nothing changes." if self.differing.is_empty() else ""
        yield f"{self.on_date}, with {asked}.{nothing}"
        yield (
            "dibao and dibao_marginal: families on the roll and watched ones in which nobody is "
            "assisted, by counted income, the property rule aside; a family's cost is members x "
            f"standard less income. {self.not_judged} have no counted income and are not judged."
        )
        yield (
            f"Other programmes: persons and amounts due for {self.due_for}, with the families of "
            "the roll as they are."
        )

    def as_document(self) -> dict[str, Any]:
        """All of it for a program."""
        return {
            "on_date": self.on_date,
            "set": [
                {"name": change.name, "from": change.was, "to": change.to}
                for change in self.changes
            ],
            "not_judged_households": self.not_judged,
            "due_for": self.due_for,
            "counts": self.counts.to_dicts(),
        }


def simulate(
    installation: Installation, on_date: date, texts: Sequence[str], tell: Callable[[str], None]
) -> Simulation:
    """Build a published day again, then with other numbers, and compare.

    Args:
        installation: where the day was published; nothing of it changes.
        on_date: the day; its own policy rows are those that numbers are put over.
        texts: what is asked for, as `read_changes` reads it.
        tell: called with the name of each step as it starts.

    Raises:
        UsageError: the day is not published, or what is asked for is not in its policy.
        WenduError: it cannot be built, or a run changed what this reads.
    """
    home = installation.home
    published = published_day(home, on_date)
    with scratch_place(installation) as scratch, undisturbed(home, on_date):
        take_up_project(scratch, published["stands_on"]["policy"])
        changes = read_changes(texts, scratch.dbt.project, on_date)
        history.copy_before(home, on_date, scratch.home)
        tell(f"build_{on_date}")
        build_day(scratch, on_date)
        before, due_for = _judged(scratch.home)
        tell("put_over_the_policy")
        put_over(work_database(scratch.home), changes)
        scratch.dbt.build_between(on_date, SEEDS, COMPARED)
        after, _ = _judged(scratch.home)
    not_judged = before["programme"].null_count()
    counts = compared(before, after, installation.city_code)
    return Simulation(on_date, changes, counts, not_judged, due_for)


def compared(before: pl.DataFrame, after: pl.DataFrame, city_code: str) -> pl.DataFrame:
    """Count who is in before and after, by programme and county and for the city.

    Args:
        before: `programme`, `county_code`, `beneficiary_id`, and in `year_cny` what twelve months
            cost; a row without a programme is in none.
        after: the same.
        city_code: stands for the county where the whole city is counted.
    """
    here = (
        rows.filter(pl.col("programme").is_not_null() & (pl.col("programme") != "none"))
        for rows in (before, after)
    )
    was, stays = (rows.with_columns(is_in=pl.lit(value=True)) for rows in here)
    both = was.join(stays, on=KEY, how="full", coalesce=True, suffix="_after").with_columns(
        pl.col("is_in", "is_in_after").fill_null(value=False),
        pl.col("year_cny", "year_cny_after").fill_null(0),
    )
    counties = both.group_by("programme", "county_code").agg(*_counted())
    city = both.group_by("programme").agg(*_counted()).with_columns(county_code=pl.lit(city_code))
    return (
        pl.concat([counties, city.select(counties.columns)])
        .with_columns(pl.when(pl.col("programme") != UNPAID).then(pl.col("^cost_.*$")))
        .with_columns(difference_cny=pl.col("cost_after_cny") - pl.col("cost_before_cny"))
        .sort("programme", pl.col("county_code") != city_code, "county_code")
    )


def _counted() -> Iterator[pl.Expr]:
    was, now = pl.col("is_in"), pl.col("is_in_after")
    for name, told in {"before": was, "in": now & ~was, "out": was & ~now, "after": now}.items():
        yield told.sum().alias(name)
    for name, column in {"before": "year_cny", "after": "year_cny_after"}.items():
        yield _a_month(pl.col(column).sum()).alias(f"cost_{name}_cny")


def _a_month(year_cny: pl.Expr) -> pl.Expr:
    """A twelfth of an amount that is not negative, rounded once, half up, to the fen."""
    ten_thousandths = (year_cny * 10_000).cast(pl.Int64)
    fen = (ten_thousandths + 600) // 1200
    return (fen.cast(pl.Decimal(18, 2)) / 100).cast(pl.Decimal(18, 2))


def _judged(home: Home) -> tuple[pl.DataFrame, str]:
    """Everybody's programme, county and cost as the work database holds them, and the month due."""
    with duckdb.connect(str(work_database(home)), read_only=True) as connection:
        rows = connection.sql(f"{HOUSEHOLDS} union all by name {ENTITLEMENTS}").pl()
        (month,) = connection.execute(
            "select max(month_on) from intermediate.int_measures__entitlements"
        ).fetchall()[0]
    return rows, str(month)[:7]
