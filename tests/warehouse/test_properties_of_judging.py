"""What must not change, or only in one way, when families, rows or dates are changed.

The families are drawn by hypothesis and go through receiving and the whole warehouse; a property
compares two such worlds. A draw is many families at once, because a world takes seconds.
"""

import random
import shutil
from datetime import date

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from pipelines.contracts.city import load_city
from pipelines.contracts.sources import load_contracts
from pipelines.ingest import accepted_deliveries, load_receipts, receive
from pipelines.ingest.control import control_tables
from pipelines.settings import DEPARTMENTS, Home
from pipelines.vault import Vault
from pipelines.warehouse import history
from pipelines.warehouse.dbt import DbtProject
from pipelines.warehouse.kept_codes import with_kept
from pipelines.warehouse.work_database import open_shelves, work_database
from tests.unit.deliveries import Gate
from tests.warehouse.generated_families import (
    DAY,
    Family,
    Rows,
    families,
    number_of,
    rows_of,
    with_more_income,
    with_split_payments,
)

CITY = load_city("371500").model_copy(update={"departments": {}})
LATER = DAY.replace(year=DAY.year + 1)
ABOUT_THE_LINE = ("R17", "R25")
FAMILIES = 40
SEED = 20251113
"""All properties begin with the same draw, so that its world is built once."""

worlds = settings(
    max_examples=1,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
)
cities = st.lists(families, min_size=FAMILIES, max_size=FAMILIES, unique=True)


class World:
    """What the departments' rows become: the marts that the properties compare."""

    def __init__(self, alerts: pl.DataFrame, reconciled: pl.DataFrame, due: pl.DataFrame) -> None:
        self.alerts, self.reconciled, self.due = alerts, reconciled, due

    def of(self, others: "World") -> pl.DataFrame:
        """Alerts on the subjects of another world."""
        return self.alerts.join(others.alerts.select("subject"), on="subject", how="semi")


@pytest.fixture(scope="module")
def build(world, tmp_path_factory):
    """Deliver rows into an empty home with the shared key, and build the day."""

    worlds: dict[str, World] = {}

    def built(rows: Rows, on: date = DAY, order: int | None = None) -> World:
        drawn = repr((sorted(rows.items()), on, order))
        if drawn not in worlds:
            worlds[drawn] = built_anew(rows, on, order)
        return worlds[drawn]

    def built_anew(rows: Rows, on: date, order: int | None) -> World:
        home = Home(tmp_path_factory.mktemp("drawn") / "home")
        for place in (home.vault, home.warehouse):
            place.mkdir(parents=True, mode=0o700)
        shutil.copy2(world.home.vault / "key", home.vault / "key")
        # Policy and views of the shared city stand in it; no row of its families does.
        shutil.copy(work_database(world.home), work_database(home))
        departments = deliver(home, rows, on, order)
        vault = Vault.open(home)
        for department in departments:
            for receipt in receive(home, CITY, department, on, vault, Gate()):
                assert receipt.verdict == "accepted", receipt.message
                refused = {name: counts.reasons for name, counts in receipt.tables.items()}
                assert not any(refused.values()), refused
        contracts = load_contracts()
        receipts = load_receipts(home, on)
        control = control_tables(contracts, receipts, CITY, home, on, vault)
        before = with_kept(home, on, history.earlier(home, on))
        accepted = accepted_deliveries(receipts)
        given = open_shelves(home, on, contracts, accepted, control | before)
        DbtProject(home).build(on, given)
        with duckdb.connect(str(work_database(home)), read_only=True) as connection:
            found = World(
                *(
                    connection.sql(f"select * from marts.{mart}").pl()
                    for mart in ("fct_alerts", "fct_payment_reconciliation", "fct_entitlements")
                )
            )
        shutil.rmtree(home.root)
        return found

    return built


def deliver(home: Home, rows: Rows, on: date, order: int | None) -> list[str]:
    """Write the rows as files; with an order, shuffled, in two files, departments turned round."""
    contracts = load_contracts()
    for (department, table), drawn in rows.items():
        titles = {name: column.zh for name, column in contracts[department, table].columns.items()}
        frame = pl.DataFrame(
            [{titles[name]: row.get(name, "") for name in titles} for row in drawn]
        )
        parts = [frame]
        if order is not None:
            frame = frame.sample(fraction=1, shuffle=True, seed=order)
            parts = [frame[: frame.height // 2], frame[frame.height // 2 :]]
        folder = home.delivery(department, on)
        folder.mkdir(parents=True, exist_ok=True)
        for at, part in enumerate(parts):
            suffix = f"-{at}" if len(parts) > 1 else ""
            (folder / f"{table}{suffix}.csv").write_text(part.write_csv(), encoding="utf-8")
    named = [name for name in DEPARTMENTS if any(department == name for department, _ in rows)]
    return named if order is None else random.Random(order).sample(named, len(named))


FACTS = ["rule_id", "subject", "program", "lane", "level", "status", "amount_cny"]


def facts(alerts: pl.DataFrame, *more: str) -> list[tuple[object, ...]]:
    columns = [*FACTS, *more]
    return sorted(alerts.select(columns).rows(), key=str)


def rows_in(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    return sorted(frame.rows(), key=str)


@seed(SEED)
@worlds
@given(drawn=cities, extra=st.lists(st.integers(1, 30_000), min_size=FAMILIES, max_size=FAMILIES))
def test_more_income_opens_no_alert_about_the_line_and_raises_no_entitlement(build, drawn, extra):
    poorer = build(rows_of(drawn))
    richer = build(rows_of(with_more_income(drawn, extra)))
    about_the_line = pl.col("rule_id").is_in(ABOUT_THE_LINE) & (pl.col("status") == "open")
    before = set(poorer.alerts.filter(about_the_line)["alert_id"])
    assert before
    assert set(richer.alerts.filter(about_the_line)["alert_id"]) <= before
    keys = ["beneficiary_key", "program", "period"]
    raised = richer.due.join(poorer.due, on=keys, how="left", suffix="_before").filter(
        pl.col("amount_due_cny") > pl.col("amount_due_cny_before").fill_null(0)
    )
    assert poorer.due.height > 0
    assert raised.height == 0


@seed(SEED)
@worlds
@given(drawn=cities, order=st.integers(0, 1000))
def test_the_order_of_members_rows_files_and_departments_changes_nothing(build, drawn, order):
    straight, shuffled = build(rows_of(drawn)), build(rows_of(drawn), order=order)
    assert straight.alerts.height > 0
    assert facts(shuffled.alerts, "reason_zh") == facts(straight.alerts, "reason_zh")
    assert rows_in(shuffled.reconciled) == rows_in(straight.reconciled)
    assert rows_in(shuffled.due) == rows_in(straight.due)


@seed(SEED)
@worlds
@given(drawn=cities, strangers=st.lists(families, min_size=5, max_size=15))
def test_payments_in_two_parts_and_strangers_change_nobody(build, drawn, strangers):
    alone = build(rows_of(drawn))
    beside = with_split_payments(rows_of(drawn))
    for table, rows in rows_of(strangers, first_place=len(drawn)).items():
        beside[table] = beside.get(table, []) + rows
    together = build(beside)
    keys = ["beneficiary_key", "unit", "program", "period"]
    same = together.reconciled.join(alone.reconciled, on=keys, how="semi")
    assert alone.reconciled.height > 0
    assert rows_in(same) == rows_in(alone.reconciled)
    mine = alone.alerts.filter(pl.col("unit") != "office")
    assert facts(together.of(alone).filter(pl.col("unit") != "office")) == facts(mine)


@seed(SEED)
@worlds
@given(drawn=cities)
def test_moving_every_date_by_a_year_moves_the_alerts_with_it(build, world, drawn):
    now, later = build(rows_of(drawn)), build(rows_of(drawn, years=1), on=LATER)
    assert now.alerts.height > 0
    assert told_by_place(world, later, drawn, years=1) == told_by_place(world, now, drawn)


def told_by_place(world, found: World, drawn: list[Family], years: int = 0):
    """Alerts with the subject's place in the draw for its key, which a date of birth changes."""
    vault = Vault.open(world.home)
    numbers = {
        number_of(place, at, person, years): f"person {place}.{at}"
        for place, family in enumerate(drawn)
        for at, person in enumerate(family.members)
    }
    keys = vault.pseudonyms("person", pl.Series(list(numbers))).bin.encode("hex")
    places = dict(zip(keys, numbers.values(), strict=True))
    return sorted(
        (rule_id, places.get(person_key), household_key if not person_key else None, level, amount)
        for rule_id, person_key, household_key, level, amount in found.alerts.filter(
            pl.col("unit") != "office"
        )
        .select("rule_id", "person_key", "household_key", "level", pl.col("amount_cny").cast(str))
        .iter_rows()
    )
