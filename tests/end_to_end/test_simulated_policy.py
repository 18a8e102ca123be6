"""Another policy for a published day: who would come in, who would go out, at what cost."""

import json
import re
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from pipelines.warehouse.work_database import work_database
from tests.conftest import SECOND_DAY, hashes

CITY = "371500"


@pytest.fixture(scope="module")
def simulated(world, wendu):
    def ask(*changes):
        asked = [part for change in changes for part in ("--set", change)]
        ran = wendu("simulate", "--date", str(SECOND_DAY), *asked, "--json", home=world.home.root)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    return ask


@pytest.fixture(scope="module")
def raised(simulated):
    return simulated("standard.dibao.urban=2000", "standard.nursing.1=200")


def of_city(document, programme):
    rows = [row for row in document["counts"] if row["programme"] == programme]
    [row] = [row for row in rows if row["county_code"] == CITY]
    for name in ("before", "in", "out", "after"):
        assert sum(other[name] for other in rows) == 2 * row[name]
    return row


def considered(world):
    """Families on the roll but for tekun, with their income as published.

    `is_one_person_dibao` is not published: it comes from the work database.
    """
    with duckdb.connect(str(work_database(world.home)), read_only=True) as connection:
        of_one_person = connection.sql(
            "select lower(hex(household_key)) as household_key, true as is_one_person_dibao "
            "from intermediate.int_people__households "
            "inner join intermediate.int_people__household_keys using (household_id) "
            "where unit = 'single' and category = 'dibao'"
        ).pl()
    households = world.mart("dim_households").filter(
        pl.col("concept") == "civil_affairs",
        pl.col("category_registered").is_in(["dibao", "dibao_marginal", "rigid_expenditure"]),
        pl.col("ended_on").is_null(),
    )
    return (
        households.join(world.mart("fct_household_indicators"), on="household_key")
        .join(of_one_person, on="household_key", how="left")
        .with_columns(pl.col("is_one_person_dibao").fill_null(value=False))
    )


def test_the_numbers_in_force_change_nothing(simulated, world):
    before = hashes(world.home.published)
    document = simulated("standard.dibao.rural=753", "standard.dibao.urban=931.00")
    assert [row for row in document["counts"] if row["in"] or row["out"]] == []
    assert {row["difference_cny"] for row in document["counts"]} <= {"0.00", None}
    assert hashes(world.home.published) == before


def test_a_higher_standard_lets_in_whose_income_lies_below_it(simulated, world):
    """Of watched families, all rural, those in which somebody is assisted stay out."""
    coming = (
        pl.col("category_computed") != "dibao",
        pl.col("income_counted_cny") < 1000 * pl.col("members").cast(pl.Decimal(10, 2)),
    )
    on_the_roll = considered(world).filter(
        *coming, ~pl.col("is_one_person_dibao"), residence="rural"
    )
    watched = world.mart("dim_households").filter(concept="relapse_watch")
    watched = watched.join(world.mart("fct_household_indicators"), on="household_key")
    found = of_city(simulated("standard.dibao.rural=1000"), "dibao")
    most = on_the_roll.height + watched.filter(*coming).height
    assert 0 < on_the_roll.height <= found["in"] <= most
    assert found["out"] == 0


def test_a_higher_standard_costs_its_rise_for_every_person_covered(raised, world):
    """In this city no urban family lies between the two standards."""
    is_dibao = (pl.col("category_computed") == "dibao") | pl.col("is_one_person_dibao")
    urban = considered(world).filter(
        is_dibao & pl.col("category_computed").is_not_null(), residence="urban"
    )
    found = of_city(raised, "dibao")
    assert (found["in"], found["out"]) == (0, 0)
    rise = urban["covered_persons"].sum() * (2000 - 931)
    assert Decimal(found["difference_cny"]) == rise > 0


def test_what_it_costs_before_is_near_what_is_due_by_the_roll(raised, world):
    due = world.mart("fct_entitlements").filter(program="dibao")
    of_the_month = due.filter(period=due["period"].max())["amount_due_cny"].sum()
    before = Decimal(of_city(raised, "dibao")["cost_before_cny"])
    assert abs(before / of_the_month - 1) < Decimal("0.1")


def test_a_higher_rate_costs_its_rise_for_everybody_it_is_due_to(raised, world):
    due = world.mart("fct_entitlements").filter(program="nursing")
    level_1 = due.filter(period=due["period"].max(), amount_due_cny=Decimal(168)).height
    found = of_city(raised, "nursing")
    assert (found["in"], found["out"]) == (0, 0)
    assert Decimal(found["difference_cny"]) == level_1 * (200 - 168) > 0


def test_what_was_asked_and_not_judged_is_told(raised, world):
    assert raised["set"][0] == {
        "name": "standard.dibao.urban", "from": ["931.00"], "to": "2000",
    }  # fmt: skip
    assert raised["due_for"] == str(world.mart("fct_entitlements")["period"].max())[:7]
    unknown = considered(world).filter(pl.col("category_computed").is_null()).height
    assert raised["not_judged_households"]["before"] >= unknown > 0


def test_whose_income_nobody_knows_any_more_does_not_go_out(simulated):
    document = simulated("parameter.declared_income_valid_months=1")
    told = document["not_judged_households"]
    assert told["after"] > told["before"]
    assert {row["out"] for row in document["counts"]} == {0}


def test_people_get_a_table_and_what_it_counts(world, wendu):
    ran = wendu(
        "simulate", "--date", str(SECOND_DAY), "--set", "parameter.marginal_line_multiple=2",
        home=world.home.root,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "parameter.marginal_line_multiple 1.5 → 2" in ran.out
    assert re.search(rf"│ dibao_marginal +│ {CITY} ", ran.out)
    assert "no counted income" in " ".join(ran.out.split())


@pytest.mark.parametrize(
    ("day", "asked", "told"),
    [
        ("2024-05-30", "standard.dibao.rural=1000", "2024-05-30 is not published"),
        (str(SECOND_DAY), "standard.dibao.rurla=1000", "standard.dibao.rural"),
        (str(SECOND_DAY), "a lot", "cannot be read"),
        (str(SECOND_DAY), "parameter.window_months=0", "calendar of payments must stay"),
        (str(SECOND_DAY), "parameter.r31_from_age=20", "parameter.marginal_line_multiple"),
    ],
)
def test_what_cannot_be_simulated_is_told_in_one_sentence(world, wendu, day, asked, told):
    ran = wendu("simulate", "--date", day, "--set", asked, home=world.home.root)
    assert ran.code == 4
    assert told in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
