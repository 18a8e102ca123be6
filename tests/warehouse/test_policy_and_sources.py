"""What dbt calls its sources follows from the declarations, and policy rows hang together.

Belongs here: comparisons of files that must agree. Does not belong here: results of models
(their unit tests lie beside them).
"""

import shutil
from pathlib import Path
from string import Formatter

import polars as pl
import pytest

from pipelines.contracts.city import load_city
from pipelines.contracts.dbt_sources import CONTROL_TABLES, SOURCES_FILE, render
from pipelines.contracts.sources import load_contracts
from pipelines.settings import DBT_PROJECT, DEPARTMENTS, PROJECT
from pipelines.warehouse import city_numbers

POLICY = DBT_PROJECT / "seeds" / "policy"
REFERENCE = DBT_PROJECT / "seeds" / "reference"
STAGING = DBT_PROJECT / "models" / "staging"


def seed(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False)


def test_dbt_sources_are_what_the_declarations_say() -> None:
    assert SOURCES_FILE.read_text(encoding="utf-8") == render(), (
        "run `python -m pipelines.contracts.dbt_sources` and commit its result"
    )


def test_every_source_has_its_staging_model() -> None:
    tables = list(load_contracts()) + [(department, "people") for department in DEPARTMENTS]
    tables += [("control", table) for table in CONTROL_TABLES]
    missing = [
        f"{department}/{table}"
        for department, table in tables
        if not (STAGING / department / f"stg_{department}__{table}.sql").exists()
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("parameters.csv", ["name", "area_code", "effective_from"]),
        (
            "assistance_standards.csv",
            ["programme", "area_code", "residence", "class", "effective_from"],
        ),
    ],
)
def test_no_two_policy_rows_start_on_one_day(file: str, key: list[str]) -> None:
    rows = seed(POLICY / file)
    assert rows.filter(rows.select(key).is_duplicated()).select(key).rows() == []


@pytest.mark.parametrize("file", ["parameters.csv", "assistance_standards.csv"])
def test_every_policy_row_has_a_reference_and_assumed_ones_say_so(file: str) -> None:
    rows = seed(POLICY / file)
    is_assumed = pl.col("reference").str.contains("assumed")
    wrong = rows.filter(
        pl.col("reference").is_null() | ((pl.col("is_default") == "true") & ~is_assumed)
    )
    assert wrong.rows() == []


def test_standards_use_units_and_periods_that_loading_converts() -> None:
    rows = seed(POLICY / "assistance_standards.csv")
    assert set(rows["unit"]) <= {"yuan", "10k_yuan"} and set(rows["period"]) <= {"month", "year"}


def test_every_programme_code_of_the_ledger_belongs_to_a_programme() -> None:
    codes = load_contracts()["finance", "payments"].columns["program"].codes
    assert set(seed(POLICY / "programmes.csv")["program"]) == set(codes or {})


def test_every_programme_with_a_rate_can_be_paid() -> None:
    rates = set(seed(POLICY / "assistance_standards.csv")["programme"])
    entitled = seed(POLICY / "programmes.csv").filter(pl.col("has_entitlement") == "true")
    assert rates == set(entitled["programme"])


def test_retired_divisions_lead_to_divisions_in_use() -> None:
    divisions = seed(REFERENCE / "divisions.csv")
    in_use = divisions.filter(pl.col("valid_to").is_null())
    assert set(divisions["current_code"]) <= set(in_use["area_code"])


def test_every_township_lies_in_a_county_in_use() -> None:
    counties = seed(REFERENCE / "divisions.csv").filter(
        (pl.col("level") == "county") & pl.col("valid_to").is_null()
    )
    assert set(seed(REFERENCE / "townships.csv")["county_code"]) == set(counties["area_code"])


def test_every_rule_says_what_would_change_its_answer_and_which_error_it_stands_for() -> None:
    answers = seed(POLICY / "rule_answers.csv")
    unanswered = set(seed(POLICY / "rules.csv")["rule_id"]) - set(answers["rule_id"])
    assert sorted(unanswered) == []
    assert set(answers["error"]) <= {"exclusion", "leakage", "by_amount", "none"}
    assert answers["rule_id"].is_duplicated().any() is False


def test_every_number_that_an_answer_quotes_is_a_parameter() -> None:
    answers = seed(POLICY / "rule_answers.csv")
    texts = [*answers["clears_when_zh"], *answers["clears_when_en"]]
    quoted = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
    assert sorted(quoted - set(seed(POLICY / "parameters.csv")["name"])) == []


def test_families_of_rules_and_published_measures_have_their_words_for_the_bulletin() -> None:
    words = seed(PROJECT / "pipelines" / "reporting" / "names.csv")

    def named(kind: str) -> set[str]:
        return set(words.filter(pl.col("kind") == kind)["name"])

    families = seed(POLICY / "rule_answers.csv")["family"]
    measures = seed(REFERENCE / "published_totals.csv")["measure"]
    assert sorted(set(families) - named("rule_family")) == []
    assert sorted(set(measures) - named("measure")) == []
    assert sorted(set(DEPARTMENTS) - named("department")) == []


def test_every_metric_that_a_rule_may_name_has_its_words_for_the_card() -> None:
    metrics = seed(POLICY / "rule_metrics.csv")
    words = seed(PROJECT / "pipelines" / "reporting" / "names.csv")
    fields, units = (set(words.filter(kind=kind)["name"]) for kind in ("field", "unit"))
    assert sorted(set(metrics["metric"]) - fields) == []
    assert sorted(set(metrics["unit_name"].drop_nulls()) - units) == []


@pytest.mark.parametrize(
    ("table", "row", "told"),
    [
        ("parameters", "r29a_persons,371500,4,person,2024-05-01", "counts with 2 or 3 only"),
        ("parameters", "r20_days,371500,60,month,2024-05-01", "its unit must be day"),
        ("parameters", "r20_days,371500,60,day,2023-01-01", "says this already"),
        ("parameters", "r20_days,371500,6o,day,2024-05-01", "'6o' is no number"),
        ("assistance_standards", "dibao,371500,Rural,,800,yuan,month,2024-05-01", "no rule reads"),
        ("assistance_standards", "living,371500,,5,800,yuan,month,2024-05-01", "no rule reads"),
        ("assistance_standards", "dibao,371523,rural,,800,yuan,month,2024-05-01", "not any more"),
        ("assistance_standards", "dibao,371500,rural,,800,yuan,month,2024-5-1", "is no date"),
        ("assistance_standards", "dibao,371500,rural,,800,yuan,month,2024-01-01", "already"),
        ("assistance_standards", "dibao,371500,rural,,9036,yuan,month,2025-01-01", "unit and"),
        ("assistance_standards", "dibao,371500,rural,,800,yuan,week,2024-05-01", "the period one"),
    ],
)
def test_a_new_row_that_could_not_count_is_named_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, row: str, told: str
) -> None:
    shutil.copytree(POLICY.parent, tmp_path / "seeds")
    file = tmp_path / "seeds" / "policy" / f"{table}.csv"
    with file.open("a", encoding="utf-8") as rows:
        rows.write(f"{row},某文件,false\n")
    monkeypatch.setattr(city_numbers, "SEEDS", tmp_path / "seeds")
    (sentence,) = city_numbers.missing_numbers(load_city("371500"))
    assert told in sentence and f"{file}, line " in sentence


def test_the_shipped_numbers_can_all_be_counted_with() -> None:
    assert city_numbers.missing_numbers(load_city("371500")) == []
