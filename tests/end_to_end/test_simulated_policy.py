"""Another policy for a published day: who would come in, who would go out, at what cost."""

import json
from decimal import Decimal

import polars as pl
import pytest

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
    """Families on the roll but for tekun, with their income as published."""
    indicators = world.mart("fct_household_indicators")
    households = world.mart("dim_households").filter(
        pl.col("concept") == "civil_affairs",
        pl.col("category_registered").is_in(["dibao", "dibao_marginal", "rigid_expenditure"]),
        pl.col("ended_on").is_null(),
    )
    return households.join(indicators, on="household_key")


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
    on_the_roll = considered(world).filter(*coming, residence="rural").height
    watched = world.mart("dim_households").filter(concept="relapse_watch")
    watched = watched.join(world.mart("fct_household_indicators"), on="household_key")
    found = of_city(simulated("standard.dibao.rural=1000"), "dibao")
    assert 0 < on_the_roll <= found["in"] <= on_the_roll + watched.filter(*coming).height
    assert found["out"] == 0


def test_a_higher_standard_costs_its_rise_for_every_member(raised, world):
    """In this city no urban family lies between the two standards."""
    urban = considered(world).filter(residence="urban", category_computed="dibao")
    found = of_city(raised, "dibao")
    assert found["in"] == 0
    assert Decimal(found["difference_cny"]) == urban["members"].sum() * (2000 - 931) > 0


def test_a_higher_rate_costs_its_rise_for_everybody_it_is_due_to(raised, world):
    due = world.mart("fct_entitlements").filter(program="nursing")
    level_1 = due.filter(period=due["period"].max(), amount_due_cny=Decimal(168)).height
    found = of_city(raised, "nursing")
    assert (found["in"], found["out"]) == (0, 0)
    assert Decimal(found["difference_cny"]) == level_1 * (200 - 168) > 0


def test_what_was_asked_and_not_judged_is_told(raised, world):
    assert raised["set"][0] == {
        "name": "standard.dibao.urban", "from": ["931"], "to": "2000",
    }  # fmt: skip
    assert raised["due_for"] == str(world.mart("fct_entitlements")["period"].max())[:7]
    unknown = considered(world).filter(pl.col("category_computed").is_null()).height
    assert raised["not_judged_households"] >= unknown > 0


def test_people_get_a_table_and_what_it_counts(world, wendu):
    ran = wendu(
        "simulate", "--date", str(SECOND_DAY), "--set", "parameter.marginal_line_multiple=2",
        home=world.home.root,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "parameter.marginal_line_multiple 1.5 → 2" in ran.out
    assert "dibao_marginal" in ran.out
    assert "not judged" in " ".join(ran.out.split())


@pytest.mark.parametrize(
    ("day", "asked", "told"),
    [
        ("2024-05-30", "standard.dibao.rural=1000", "2024-05-30 is not published"),
        (str(SECOND_DAY), "standard.dibao.rurla=1000", "standard.dibao.rural"),
        (str(SECOND_DAY), "a lot", "cannot be read"),
    ],
)
def test_what_cannot_be_simulated_is_told_in_one_sentence(world, wendu, day, asked, told):
    ran = wendu("simulate", "--date", day, "--set", asked, home=world.home.root)
    assert ran.code == 4
    assert told in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
