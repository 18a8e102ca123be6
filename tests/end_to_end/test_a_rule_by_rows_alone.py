"""A new rule needs rows of policy and nothing else."""

import shutil
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.quality import Judge, load_mart_promises
from pipelines.settings import DBT_PROJECT, Home
from pipelines.warehouse import declarations
from pipelines.warehouse.dbt import DbtProject
from pipelines.warehouse.project_files import copy_project
from pipelines.warehouse.work_database import work_database
from tests.conftest import SECOND_DAY, World

ROWS = {
    "rules": "X01,marginal_with_minors,低保边缘家庭,Marginal family,support,household,yellow,"
    "2024-05-01,某办法,请入户了解。,Visit.\n"
    "X02,marginal,低保边缘家庭,Marginal family,support,household,yellow,2024-05-01,某办法,请。,Go.",
    "rule_sources": "X01,civil_affairs,households\nX02,civil_affairs,households",
    "parameters": "x01_minors,371500,1,person,2024-05-01,某文,false",
    "rule_conditions": "X01,1,yellow,active_category,=,dibao_marginal\n"
    "X01,1,yellow,minors,>=,parameter x01_minors\n"
    "X01,2,orange,active_category,=,dibao_marginal\n"
    "X01,2,orange,income_declared_per_capita_cny,<,800.5\n"
    "X02,1,yellow,active_category,=,dibao_marginal",
    "rule_inhibitions": "X02,helped,minors,>=,1",
    "rule_answers": "X01,income_line,exclusion,不详,Unknown\n"
    "X02,income_line,exclusion,不详,Unknown",
    "rule_wordings": "X01,{minors} 名未成年人：人均 {income_declared_per_capita_cny} 元,"
    "{minors} minors,不详\n"
    "X02,低保边缘家庭,Marginal family,不详",
}


@pytest.fixture(scope="module")
def judged(world: World, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home where the new rules judged the shared city, built from a copy of the project.

    Of the families with minors one had an alert of the second rule the day before.
    """
    place = tmp_path_factory.mktemp("by_rows")
    project = copy_project(DBT_PROJECT, place / "dbt_project")
    for name, rows in ROWS.items():
        with (project / "seeds" / "policy" / f"{name}.csv").open("a", encoding="utf-8") as file:
            file.write(rows + "\n")
    home = Home(place / "home")
    home.warehouse.mkdir(parents=True)
    shutil.copy(work_database(world.home), work_database(home))
    had_an_alert = families(world).filter(pl.col("minors") >= 1)["household_key"].min()
    with duckdb.connect(str(work_database(home))) as connection:
        connection.execute(
            "insert into intermediate.int_rules__previous_findings (rule_id, household_key) "
            "values ('X02', from_hex(?))", [had_an_alert],
        )  # fmt: skip
    DbtProject(home, project).build_nodes(SECOND_DAY, [*ROWS, *REBUILT])
    return home


@pytest.fixture(scope="module")
def found(judged: Home) -> pl.DataFrame:
    """What the new rules find."""
    with duckdb.connect(str(work_database(judged)), read_only=True) as connection:
        return connection.sql(
            f"select results.*, lower(hex(household_key)) as household_key "
            f"from intermediate.{RESULT} as results "
            "inner join intermediate.int_people__household_keys using (household_id) "
            "where rule_id in ('X01', 'X02') order by household_id"
        ).pl()


@pytest.fixture(scope="module")
def findings(found: pl.DataFrame) -> pl.DataFrame:
    """Those of the first rule."""
    return found.filter(pl.col("rule_id") == "X01")


RESULT, EVALUATIONS = "int_rules__conditions", "int_rules__evaluations_today"
REBUILT = (
    "int_measures__parameters", RESULT, "int_rules__evaluated_rules", "int_rules__findings",
    "int_rules__alert_signals", "int_rules__alerts", EVALUATIONS,
)  # fmt: skip


def families(world: World) -> pl.DataFrame:
    """Active marginal families and their declared income per head, from the published marts."""
    return (
        world.mart("dim_households")
        .filter(
            (pl.col("category_registered") == "dibao_marginal")
            & (pl.col("approved_on") <= SECOND_DAY)
            & (pl.col("ended_on").is_null() | (pl.col("ended_on") > SECOND_DAY))
        )
        .join(world.mart("fct_household_indicators"), on="household_key")
        .with_columns(per_head=pl.col("income_declared_cny").cast(float) / pl.col("members"))
    )


def test_it_finds_whom_the_rows_describe(world: World, findings: pl.DataFrame) -> None:
    expected = families(world).filter((pl.col("minors") >= 1) | (pl.col("per_head") < 800.5))
    assert findings.filter("is_judged").height == expected.height > 0


def test_the_highest_level_that_holds_wins(world: World, findings: pl.DataFrame) -> None:
    poor = families(world).filter(pl.col("per_head") < 800.5)
    assert findings.filter(pl.col("level") == "orange").height == poor.height > 0


def test_who_has_no_known_income_is_not_judged_unless_another_ground_holds(
    world: World, findings: pl.DataFrame
) -> None:
    unknown = families(world).filter(pl.col("per_head").is_null() & (pl.col("minors") < 1))
    assert findings.filter(~pl.col("is_judged")).height == unknown.height


def test_its_reason_and_evidence_name_the_metrics_and_the_parameter(
    findings: pl.DataFrame,
) -> None:
    row = findings.filter(pl.col("level") == "yellow").to_dicts()[0]
    assert row["reason_zh"].startswith("1 名未成年人：人均 ") or "名未成年人" in row["reason_zh"]
    for told in ('"minors"', '"x01_minors"', '"civil_affairs.households"', str(date(2024, 5, 1))):
        assert told in row["evidence"]


def test_what_answers_an_alert_inhibits_it_and_opens_none(
    world: World, found: pl.DataFrame
) -> None:
    marginal = families(world)
    with_minors = marginal.filter(pl.col("minors") >= 1)["household_key"]
    without = marginal.filter(pl.col("minors") < 1)["household_key"]
    told = dict(
        found.filter(pl.col("rule_id") == "X02").select("household_key", "inhibited_by").iter_rows()
    )
    assert told == {with_minors.min(): "helped"} | dict.fromkeys(without)


def test_the_day_tells_whom_it_looked_at_and_what_it_found(
    world: World, judged: Home, findings: pl.DataFrame
) -> None:
    with duckdb.connect(str(work_database(judged)), read_only=True) as connection:
        told = connection.execute(
            f"select evaluated, subjects, hits, not_judged from intermediate.{EVALUATIONS} "
            "where rule_id = 'X01'"
        ).fetchall()
    households = world.mart("fct_household_indicators").height
    hits = findings.filter("is_judged").height
    assert told == [(True, households, hits, findings.height - hits)]


def test_all_declarations_agree_with_its_rows_and_gate_2_lets_its_alerts_out(
    world: World, judged: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = judged.root.parent / "dbt_project" / "seeds" / "policy"
    monkeypatch.setattr(declarations, "POLICY", rows)
    assert declarations.disagreements("371500", Home(tmp_path)) == []
    alerts = tmp_path / "fct_alerts.parquet"
    renamed = world.mart("fct_alerts").with_columns(pl.col("rule_id").replace("R25", "X01"))
    renamed.write_parquet(alerts)
    with Judge() as judge:
        verdict = judge.judge(load_mart_promises()["fct_alerts"].expectations, alerts, "fct_alerts")
    assert renamed.filter(rule_id="X01").height and verdict.passed


@pytest.mark.parametrize(
    ("file", "row", "told"),
    [
        ("rules", "XX1,new,新,New,support,person,red,2024-05-01,某,请,Go", "number of a rule"),
        ("rules", "X03,new,新,New,support,person,red,2024-05-01,某,请,Go", "which error X03"),
        ("rule_answers", "X09,income_line,exclusion,不详,Unknown", "X09, which has no row"),
        ("rule_answers", "R25,plenty,exclusion,不详,Unknown", "no words for plenty"),
        ("rule_answers", "R25,income_line,both,不详,Unknown", "must be one of"),
    ],
)
def test_a_rule_that_could_not_be_told_of_is_named_before_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, row: str, told: str
) -> None:
    rows = copy_project(DBT_PROJECT, tmp_path / "dbt_project") / "seeds" / "policy"
    with (rows / f"{file}.csv").open("a", encoding="utf-8") as text:
        text.write(row + "\n")
    monkeypatch.setattr(declarations, "POLICY", rows)
    assert any(told in line for line in declarations.every_rule_is_numbered_and_answered())


HOUSEHOLD = "X01,new,新,New,support,household,orange,2024-05-01,某,请,Go"
PERSON = HOUSEHOLD.replace("household", "person")


@pytest.mark.parametrize(
    ("rule", "condition", "told"),
    [
        (HOUSEHOLD, "X01,1,orange,members,>=,three", "is compared with a number"),
        (HOUSEHOLD, 'X01,1,orange,income_declared_cny,<,"1,000"', "is compared with a number"),
        (HOUSEHOLD, "X01,1,orange,members,>=,", "is compared with a number"),
        (HOUSEHOLD, "X01,1,orange,members,in,3|4", "is a number; compare it"),
        (HOUSEHOLD, "X01,1,orange,active_category,=,marginal", "is =, <> or in"),
        (HOUSEHOLD, 'X01,1,orange,active_category,in,"dibao,none"', "is =, <> or in"),
        (HOUSEHOLD, "X01,1,orange,active_category,<,dibao", "is =, <> or in"),
        (HOUSEHOLD, "X01,1,orange,active_category,=,parameter r20_days", "is =, <> or in"),
        (PERSON, "X01,1,orange,is_alive,=,yes", "is = or <> true or false"),
        (PERSON, "X01,1,orange,is_alive,>,false", "is = or <> true or false"),
        (HOUSEHOLD, "X01,1,orange,members,>=,3\nX01,1,yellow,minors,>=,1", "a ground has one"),
        (HOUSEHOLD.replace("support", "suport"), "X01,1,orange,members,>=,3", "the lane must be"),
        (HOUSEHOLD.replace("orange", "amber"), "X01,1,orange,members,>=,3", "the highest_level"),
        (HOUSEHOLD.replace("2024-05-01", ""), "X01,1,orange,members,>=,3", "since when"),
    ],
)
def test_a_row_that_could_not_be_judged_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str, condition: str, told: str
) -> None:
    rows = copy_project(DBT_PROJECT, tmp_path / "dbt_project") / "seeds" / "policy"
    for file, row in (("rules", rule), ("rule_conditions", condition)):
        with (rows / f"{file}.csv").open("a", encoding="utf-8") as text:
            text.write(row + "\n")
    monkeypatch.setattr(declarations, "POLICY", rows)
    assert any(told in line and ", line " in line for line in declarations.wrong_rules())


def test_a_brace_that_is_not_closed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = copy_project(DBT_PROJECT, tmp_path / "dbt_project") / "seeds" / "policy"
    with (rows / "rule_wordings.csv").open("a", encoding="utf-8") as text:
        text.write("R08,{age_years 岁,{age_years} years,不详\n")
    monkeypatch.setattr(declarations, "POLICY", rows)
    assert any("is open" in line and ", line " in line for line in declarations.wrong_rules())


def test_the_shipped_rules_can_all_be_judged() -> None:
    assert declarations.wrong_rules() == []
