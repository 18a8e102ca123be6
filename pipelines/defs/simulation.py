"""What another policy would do to a published day: who comes in, who goes out, at what cost.

The day is built as it was judged, in a scratch place; then numbers are put over the policy and
what depends on them is built again, by the same models. Does not belong here: which numbers there
are (`warehouse.overlay`), how a line or a due amount is computed (dbt).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

import duckdb
import polars as pl

from pipelines.defs.installation import Installation
from pipelines.defs.one_day import build_day
from pipelines.defs.scratch import published_day, scratch_place, take_up_project, undisturbed
from pipelines.settings import POLICY, UsageError, WenduError
from pipelines.warehouse import history
from pipelines.warehouse.overlay import (
    MODELS,
    Put,
    carry_back,
    put_over,
    read_changes,
    require_names,
)
from pipelines.warehouse.work_database import work_database

COMPARED = ("int_metrics__households", "int_measures__entitlements")
"""The models whose rows tell lines, computed categories and what is due."""

HOUSEHOLDS = """
with assisted as (
    select watched.household_id
    from intermediate.int_people__watched_members as watched
    inner join intermediate.int_people__assistance as assistance
        on watched.person_id = assistance.person_id
    where watched.is_alive and assistance.is_assisted
),

families as (
    select
        household_id,
        case when category = 'dibao' then covered_living_members end as covered_persons,
        category = 'dibao' and unit = 'single' as is_one_person_dibao
    from intermediate.int_people__households
    where is_active and category <> 'tekun'
    union all
    select household_id, null, false
    from intermediate.int_people__watched_households
    where not is_risk_removed and household_id not in (select household_id from assisted)
),

judged as (
    select
        metrics.*,
        case
            when families.is_one_person_dibao and metrics.category_computed is not null then 'dibao'
            else metrics.category_computed
        end as programme,
        coalesce(families.covered_persons, metrics.members) as persons
    from families
    inner join intermediate.int_metrics__households as metrics
        on families.household_id = metrics.household_id
)

select
    'household' as unit,
    programme,
    coalesce(county_code, 'unknown') as county_code,
    cast(household_id as bigint) as beneficiary_id,
    case
        when programme = 'dibao' then greatest(12 * persons * standard_cny - counted_year_cny, 0)
        else 0
    end as year_cny
from judged
"""
"""Who is on the roll for one person alone is so by the person's own state: no income moves it. The
dead are nobody's to be paid for, though the roll counts them still."""

ENTITLEMENTS = """
select
    'person' as unit,
    due.programme,
    coalesce(residence.county_code, 'unknown') as county_code,
    cast(due.beneficiary_id as bigint) as beneficiary_id,
    12 * due.amount_due_cny as year_cny
from intermediate.int_measures__entitlements as due
left join intermediate.int_people__residence as residence
    on due.beneficiary_id = residence.person_id
where due.unit = 'person' and due.amount_due_cny is not null and due.month_on = ?
"""

UNPAID = "dibao_marginal"
KEY = ["unit", "programme", "county_code", "beneficiary_id"]


@dataclass(frozen=True)
class Simulation:
    """What came of it.

    `counts` has one row per programme and county, and one per programme for the whole city, whose
    code it bears: `programme`, `county_code`, `before`, `in`, `out`, `after` (households for dibao
    and dibao_marginal, else persons), `cost_before_cny`, `cost_after_cny`, `difference_cny` (a
    month; null for dibao_marginal, which pays nothing). `not_judged` counts households without
    counted income or living members before and after, `due_for` is the month of the amounts due,
    if any is.
    """

    on_date: date
    put: Sequence[Put]
    counts: pl.DataFrame
    not_judged: tuple[int, int]
    due_for: date | None

    @property
    def differing(self) -> pl.DataFrame:
        """The rows in which anything changes."""
        return self.counts.filter(
            (pl.col("in") + pl.col("out") > 0) | (pl.col("difference_cny") != 0)
        )

    def sentences(self) -> Iterator[str]:
        """What is told besides the rows."""
        nothing = " Nothing changes." if self.differing.is_empty() else ""
        yield f"{self.on_date}, with {'; '.join(map(str, self.put))}.{nothing}"
        yield (
            "dibao and dibao_marginal: families on the roll, but for tekun, and watched ones whose "
            "risk is open and in which nobody is assisted; by counted income, the property rule "
            "aside, and one-person dibao stays. A family's cost is persons covered (of one that "
            "comes in all members) x standard less income. {} before and {} after have no counted "
            "income or no living member; they are in none of it.".format(*self.not_judged)
        )
        if self.due_for is None:
            yield "Nothing is known to be due, so that no other programme is counted."
        else:
            yield (
                f"Other programmes: persons and amounts due for {self.due_for:%Y-%m}, with the "
                "families of the roll as they are; a number asked for that has changed since "
                "counts as on the day."
            )

    def as_document(self) -> dict[str, Any]:
        """All of it for a program."""
        return {
            "on_date": self.on_date,
            "set": [
                {"name": str(put.change), "from": put.was, "to": put.change.to} for put in self.put
            ],
            "not_judged_households": dict(zip(("before", "after"), self.not_judged, strict=True)),
            "due_for": self.due_for and f"{self.due_for:%Y-%m}",
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
        UsageError: the day is not published, or nothing that is counted follows from a number
            asked for, or the models cannot be built with it.
        WenduError: the day cannot be built, or a run changed what this reads.
    """
    home, changes = installation.home, read_changes(texts)
    published = published_day(home, on_date)
    with scratch_place(installation) as scratch, undisturbed(home, on_date):
        take_up_project(scratch, published["stands_on"]["policy"])
        require_names(changes, scratch.dbt.project / POLICY)
        history.copy_before(home, on_date, scratch.home)
        tell(f"build_{on_date}")
        build_day(scratch, on_date)
        database = work_database(scratch.home)
        due_for = _last_month_due(database)
        since = due_for or on_date
        between = scratch.dbt.lineage.between(MODELS, COMPARED)
        if carry_back(database, changes, since, on_date):
            tell("carry_numbers_in_force_back")
            scratch.dbt.build_nodes(on_date, [node.name for node in between])
        before = _judged(database, due_for)
        tell("put_over_the_policy")
        texts = [scratch.dbt.statements[node.unique_id].compiled for node in between]
        put = put_over(database, changes, since, on_date, texts)
        try:
            scratch.dbt.build_nodes(on_date, [node.name for node in between])
        except WenduError as fault:
            told = UsageError(f"No day can be judged with {'; '.join(map(str, put))}.")
            raise told from fault
        after = _judged(database, due_for)
    if due_for and not after.filter(unit="person").height:
        raise UsageError(
            f"With {'; '.join(map(str, put))} no month has amounts due that {due_for:%Y-%m} can be "
            "compared with; the calendar of payments must stay."
        )
    counts = compared(before, after, installation.city_code)
    not_judged = before["programme"].null_count(), after["programme"].null_count()
    return Simulation(on_date, put, counts, not_judged, due_for)


def compared(before: pl.DataFrame, after: pl.DataFrame, city_code: str) -> pl.DataFrame:
    """Count who is in before and after, by programme and county and for the city.

    Args:
        before: `unit`, `programme`, `county_code`, `beneficiary_id`, and in `year_cny` what twelve
            months cost; whose programme is null is not judged, and counts neither here nor there.
        after: the same.
        city_code: stands for the county where the whole city is counted.
    """
    unknown = pl.concat([before, after]).filter(pl.col("programme").is_null())
    was, stays = (
        rows.filter(pl.col("programme") != "none")
        .join(unknown, on=["unit", "beneficiary_id"], how="anti")
        .with_columns(is_in=pl.lit(value=True))
        for rows in (before, after)
    )
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
    """A twelfth of an amount, rounded once, half up, to the fen."""
    ten_thousandths = (year_cny * 10_000).cast(pl.Int64)
    fen = (ten_thousandths + 600) // 1200
    return (fen.cast(pl.Decimal(18, 2)) / 100).cast(pl.Decimal(18, 2))


def _last_month_due(database: Path) -> date | None:
    with duckdb.connect(str(database), read_only=True) as connection:
        ((month,),) = connection.execute(
            "select max(month_on) from intermediate.int_measures__entitlements"
        ).fetchall()
    return cast("date | None", month)


def _judged(database: Path, month: date | None) -> pl.DataFrame:
    """Everybody's programme, county and cost as a work database holds them."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.sql(
            f"({HOUSEHOLDS}) union all by name ({ENTITLEMENTS})", params=[month]
        ).pl()
