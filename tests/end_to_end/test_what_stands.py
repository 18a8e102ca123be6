"""A day is built on what stands of the day before and comes out as if built from nothing."""

import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.contracts.sources import PEOPLE_SCHEMA
from pipelines.defs.installation import Installation
from pipelines.defs.one_day import build_day
from pipelines.ingest import Receipt
from pipelines.ingest.receipts import write_receipt
from pipelines.settings import DBT_PROJECT, Home
from pipelines.warehouse.dbt import DbtProject
from pipelines.warehouse.nodes import DAY, Lineage
from pipelines.warehouse.standing import told_of
from pipelines.warehouse.statements import NodeResult, Statement
from pipelines.warehouse.work_database import work_database
from tests.conftest import SECOND_DAY, World

THIRD_DAY, FOURTH_DAY = SECOND_DAY + timedelta(days=1), SECOND_DAY + timedelta(days=2)
STANDS = "stands"
NEW = b"\x00" * 16
"""Key of somebody whom nobody named before; the smallest of all."""
RELATIONS = (
    "select table_schema, table_name from information_schema.tables "
    "where table_schema in ('policy', 'reference', 'intermediate', 'marts') order by all"
)
RECONCILED = ("int_measures__entitlements", "int_measures__reconciliation")
PARTS = ("in_earlier_months", "in_last_month")

Contents = dict[str, list[tuple[object, ...]]]
"""Rows and sum of hashes by table."""


@pytest.fixture(scope="module")
def home(world: World, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A copy of the shared city whose two days were built."""
    return copy_of(world, Home(tmp_path_factory.mktemp("stands") / "home"))


def copy_of(world: World, home: Home) -> Home:
    for place in ("lake", "warehouse", "vault"):
        shutil.copytree(world.home.root / place, home.root / place)
    return home


def build(home: Home, on_date: date) -> dict[str, str]:
    """Build a day; of each node whether it was built or stands."""
    installation = Installation(home, "371500")
    return {node.name: node.status for node in build_day(installation, on_date)}


@contextmanager
def kept_apart(kind: str) -> Iterator[None]:
    """Within, what dbt runs is kept as another kind, of which nothing is kept yet."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pipelines.warehouse.dbt.STATEMENTS", kind)
        try:
            yield
        finally:
            for file in (DBT_PROJECT / "target").glob(f"*.{kind}"):
                file.unlink()


@contextmanager
def without_dbt() -> Iterator[None]:
    """Within, nothing may be run by dbt."""

    def refuse(project: DbtProject, on_date: date, chosen: Collection[str]) -> list[NodeResult]:
        raise AssertionError(f"dbt was asked for {sorted(chosen)} on {on_date}")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(DbtProject, "_run_by_dbt", refuse)
        yield


def shelve(
    home: Home,
    received_on: date,
    rows: pl.DataFrame,
    table: str = "payments",
    department: str = "finance",
) -> None:
    """Put rows on the shelf of a day, of an accepted delivery."""
    shelf = home.shelf(department, table, received_on)
    shelf.parent.mkdir(parents=True)
    rows.with_columns(received_on=received_on).write_parquet(shelf)
    write_receipt(home, Receipt(
        department=department, received_on=received_on, form="files", verdict="accepted",
    ))  # fmt: skip


def payment_of(home: Home, **values: object) -> pl.DataFrame:
    """A successful payment of the shared city with other values."""
    first = sorted((home.lake / "finance" / "payments").glob("*/part.parquet"))[0]
    payment = pl.read_parquet(first, hive_partitioning=False).filter(pl.col("status") == "1")[:1]
    schema = payment.schema
    return payment.with_columns(
        supersedes=False, **{name: pl.lit(value, schema[name]) for name, value in values.items()}
    )


def stranger(home: Home, received_on: date, department: str, key: bytes) -> None:
    """Let a delivery name somebody for the first time."""
    row = {"person_key": key, "birth_on": date(1980, 1, 1), "sex": "F", "received_on": received_on}
    shelve(home, received_on, pl.DataFrame([row], schema=PEOPLE_SCHEMA), "people", department)


def contents(home: Home) -> Contents:
    """Rows and sum of hashes of every table and mart of the work database."""
    with duckdb.connect(str(work_database(home)), read_only=True) as connection:
        return {
            name: connection.execute(
                f"select count(*), sum(cast(hash(rows) as hugeint)) from {schema}.{name} as rows"
            ).fetchall()
            for schema, name in connection.execute(RELATIONS).fetchall()
        }


def told_in(home: Home) -> dict[str, str]:
    """What each table and mart of the work database is told to be made of, by name."""
    with duckdb.connect(str(work_database(home)), read_only=True) as connection:
        told = {
            name: told_of(connection, f'"{schema}"."{name}"')
            for schema, name in connection.execute(RELATIONS).fetchall()
        }
    return {name: made_of for name, made_of in told.items() if made_of}


def compiled(home: Home) -> dict[str, str]:
    """The texts of all models without template, by name."""
    dbt = DbtProject(home)
    kept = {dbt.manifest["nodes"][node]["name"]: text for node, text in dbt.statements.items()}
    return {name: text.compiled for name, text in kept.items()}


@dataclass(frozen=True)
class Grown:
    """What became of each node of a day, and what the work database held at the end of days."""

    again: dict[str, str]
    next_day: dict[str, str]
    day_after: dict[str, str]
    contents: dict[str, Contents]
    contents_anew: dict[str, Contents]
    told: dict[str, dict[str, str]]
    kept: dict[str, Statement]
    kept_anew: dict[str, Statement]


@pytest.fixture(scope="module")
def grown(home: Home) -> Grown:
    """The second day built twice, then what came later, then the third and fourth from nothing.

    On the third day came a payment for May, on the fourth it turned out to be one for March. A
    payment of the third day named a person and a family for the first time. What was kept of
    earlier builds runs without dbt, the fourth day from nothing, too; the third from nothing dbt
    builds, every node.
    """
    build(home, SECOND_DAY)
    again = build(home, SECOND_DAY)
    second, told = contents(home), {"second": told_in(home)}
    later = payment_of(home, payment_no="LATER", period=date(2024, 5, 1))
    newcomer = payment_of(
        home, payment_no="FIRST", period=date(2024, 5, 1), person_key=NEW, household_key=NEW
    )
    shelve(home, THIRD_DAY, pl.concat([later, newcomer]))
    stranger(home, THIRD_DAY, "finance", NEW)
    with without_dbt():
        next_day = build(home, THIRD_DAY)
    third, told["third"] = contents(home), told_in(home)
    corrected = later.with_columns(
        period=date(2024, 3, 1), supersedes=True, amount=pl.col("amount") + 1
    )
    shelve(home, FOURTH_DAY, corrected)
    with without_dbt():
        day_after = build(home, FOURTH_DAY)
    fourth, told["fourth"] = contents(home), told_in(home)
    kept = DbtProject(home).statements
    with kept_apart("built-by-dbt.json"):
        work_database(home).unlink()
        build(home, THIRD_DAY)
        third_anew, kept_anew = contents(home), DbtProject(home).statements
    work_database(home).unlink()
    with without_dbt():
        build(home, FOURTH_DAY)
    return Grown(
        again,
        next_day,
        day_after,
        {"second": second, "third": third, "fourth": fourth},
        {"third": third_anew, "fourth": contents(home)},
        told,
        kept,
        kept_anew,
    )


def test_a_day_built_again_builds_nothing(grown: Grown) -> None:
    assert set(grown.again.values()) == {STANDS}


@pytest.mark.parametrize("numbers", ["int_people__keys", "int_people__household_keys"])
def test_whoever_is_named_for_the_first_time_takes_a_number_after_all_others(
    grown: Grown, numbers: str
) -> None:
    (before,), (after,), (later,) = (
        grown.contents[day][numbers] for day in ("second", "third", "fourth")
    )
    assert after[0] == before[0] + 1
    assert later == after


def test_what_was_due_and_paid_stands_on_a_day_that_brings_nothing_for_its_months(
    grown: Grown,
) -> None:
    assert grown.next_day["int_measures__ledger"] != STANDS
    tables = [f"{name}_{part}" for name in RECONCILED for part in PARTS]
    assert {grown.next_day[name] for name in tables} == {STANDS}


def test_a_payment_for_a_month_of_the_window_is_reconciled(grown: Grown) -> None:
    due, reconciled = (grown.day_after[f"{name}_in_earlier_months"] for name in RECONCILED)
    assert due == STANDS != reconciled


def test_a_payment_for_an_earlier_month_of_the_window_leaves_its_last_month(grown: Grown) -> None:
    assert {grown.day_after[f"{name}_in_last_month"] for name in RECONCILED} == {STANDS}


def test_the_next_day_builds_no_seed_and_no_staging_view_again(grown: Grown) -> None:
    told = grown.next_day
    assert {told["rules"], told["stg_finance__payments"]} == {STANDS}
    assert told["int_people__persons"] != STANDS  # ages are of the day


@pytest.mark.parametrize("late_on", [THIRD_DAY, SECOND_DAY])
def test_whoever_comes_late_to_a_day_leaves_every_payment_with_its_payee(
    world: World, tmp_path: Path, late_on: date
) -> None:
    home = copy_of(world, Home(tmp_path / "home"))
    last, first = b"\xff" * 16, b"\x00" * 16
    shelve(home, THIRD_DAY, payment_of(home, payment_no="NEW", person_key=last))
    stranger(home, THIRD_DAY, "finance", last)
    build(home, THIRD_DAY)
    stranger(home, late_on, "agriculture", first)
    build(home, THIRD_DAY)
    built = contents(home)
    work_database(home).unlink()
    build(home, THIRD_DAY)
    anew = contents(home)
    assert not [name for name, rows in built.items() if anew[name] != rows]


@pytest.mark.parametrize("day", ["third", "fourth"])
def test_what_is_built_on_what_stands_is_what_is_built_from_nothing(grown: Grown, day: str) -> None:
    built, anew = grown.contents[day], grown.contents_anew[day]
    assert not [name for name, rows in built.items() if anew[name] != rows]


@pytest.mark.parametrize(("day", "next_day"), [("second", "third"), ("third", "fourth")])
def test_what_is_told_to_be_made_of_the_same_holds_the_same_rows(
    grown: Grown, day: str, next_day: str
) -> None:
    told, then = grown.told[day], grown.told[next_day]
    same = [name for name in told if then.get(name) == told[name]]
    assert {"int_measures__entitlements", "dim_areas"} <= set(same)
    assert "fct_payments" not in same  # one came, and was corrected
    assert not [
        name for name in same if grown.contents[day][name] != grown.contents[next_day][name]
    ]


def test_a_payment_received_later_is_added_and_its_correction_takes_its_place(
    grown: Grown,
) -> None:
    third, fourth = (grown.contents[day]["int_measures__ledger"][0] for day in ("third", "fourth"))
    assert third[0] == fourth[0]
    assert third[1] != fourth[1]


def test_what_dbt_runs_is_the_same_every_day(grown: Grown) -> None:
    assert grown.kept
    assert not [node for node, kept in grown.kept.items() if grown.kept_anew[node] != kept]


def test_every_node_is_run_again_without_dbt(grown: Grown, home: Home) -> None:
    nodes = DbtProject(home).manifest["nodes"].values()
    kinds = ("seed", "model", "test")
    known = {node["unique_id"] for node in nodes if node["resource_type"] in kinds}
    assert known == grown.kept.keys()


def test_what_was_never_run_is_built_beside_what_stands(grown: Grown, home: Home) -> None:
    with kept_apart("lost.json"):
        told = build(home, FOURTH_DAY)
        known = DbtProject(home).statements
    assert told["stg_finance__payments"] != STANDS  # a view of the same text
    assert known.keys() == grown.kept.keys()
    assert contents(home) == grown.contents_anew["fourth"]


def test_only_seeds_are_asked_for_rows_while_a_text_is_written(home: Home) -> None:
    described = DbtProject(home).manifest
    asking = {
        name for name, macro in described["macros"].items()
        if "run_query(" in macro["macro_sql"] and macro["package_name"] == "wendu"
    }  # fmt: skip
    assert asking == {"macro.wendu.condition_findings"}
    assert not [node for node in described["nodes"].values() if "run_query" in node["raw_code"]]
    text = described["macros"]["macro.wendu.condition_findings"]["macro_sql"]
    for query in re.findall(r"run_query\((.*?)\)\.rows", text, re.DOTALL):
        told = set(re.findall(r"\b(?:people|households|previous_findings)\b", query))
        assert not told, query
    (asks,) = (
        node for node in described["nodes"].values() if asking & {*node["depends_on"]["macros"]}
    )
    written_from = asks["raw_code"].partition("condition_findings(")[2].partition("int_")[0]
    seeds = {
        node["name"] for node in described["nodes"].values() if node["resource_type"] == "seed"
    }
    assert set(re.findall(r'ref\("(\w+)"\)', written_from)) <= seeds


def test_every_model_whose_text_asks_for_the_day_is_known_to_name_it(world: World) -> None:
    lineage, texts = Lineage(DbtProject(world.home).manifest, ""), compiled(world.home)
    dated = {name for name, text in texts.items() if DAY in text}
    named = {node.name for node in lineage.nodes.values() if lineage.names_the_day(node)}
    assert "int_measures__months" in dated
    assert not dated - named


def test_no_text_names_a_day_of_its_own(world: World) -> None:
    texts = compiled(world.home)
    assert not [name for name, text in texts.items() if str(SECOND_DAY) in text]
