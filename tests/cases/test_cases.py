"""Every case that an analyst wrote holds. All cases of one day are built together."""

from itertools import groupby

import polars as pl
import pytest

from pipelines.warehouse.work_database import work_database
from tests.cases.runner import Case, Judged, faults, judge, read_cases

CASES = read_cases()
MOST_BUILDS = 6


def day_of(case: Case) -> tuple[object, bool]:
    return case.on, case.is_late


@pytest.fixture(scope="module")
def judged(world, tmp_path_factory) -> dict[tuple[object, bool], Judged]:
    days = groupby(sorted(CASES, key=day_of), key=day_of)
    standing = work_database(world.home)
    return {
        day: judge(list(cases), tmp_path_factory.mktemp("cases") / "home", standing)
        for day, cases in days
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.name}")
def test_a_case_holds(case: Case, judged: dict[tuple[object, bool], Judged]) -> None:
    assert faults(case, judged[day_of(case)]) == []


def test_hits_are_among_subjects_that_every_evaluated_rule_counts(judged) -> None:
    """Also where nobody was to be judged, and where the newest month was not paid yet."""
    evaluations = pl.concat([one.evaluations for one in judged.values()]).filter("evaluated")
    assert evaluations["rule_id"].n_unique() > 30
    uncounted = evaluations.filter(pl.col("subjects").is_null())
    assert uncounted.select("rule_id", "on_date").rows() == []
    beyond = evaluations.filter(pl.col("hits") > pl.col("subjects"))
    assert beyond.select("rule_id", "on_date", "subjects", "hits").rows() == []


def test_the_cases_of_all_rules_are_built_in_a_few_days() -> None:
    assert len({day_of(case) for case in CASES}) <= MOST_BUILDS
