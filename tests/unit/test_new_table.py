"""A department table more: declared, filled in, and then everything that follows from it."""

import shutil
from pathlib import Path

import pytest
import yaml

from pipelines.contracts.dbt_sources import render
from pipelines.contracts.sources import FILL_IN, load_contract, load_contracts
from pipelines.settings import DBT_PROJECT, EXPECTATIONS, UsageError
from pipelines.warehouse.new_table import make_table, staging_model

FILLED = """
table: medical_bills
department: finance
title: {en: Medical bills, zh: 医疗费用}
mode: append
expected: every_working_day
key: [bill_no]
columns:
  bill_no: {zh: 票据号, kind: text, required: true}
  id_no: {zh: 证件号码, kind: id, required: true, becomes: person_key}
  name: {zh: 姓名, kind: name, required: true, becomes: name_key, names: id_no}
  own_payment: {zh: 个人负担, kind: money, required: true}
  discharged: {zh: 出院日期, kind: date, event: true}
  settled: {zh: 是否结清, kind: flag}
expectations: []
"""


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Copies of the declarations and of the staging models."""
    expectations = shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    staging = Path("models") / "staging"
    shutil.copytree(DBT_PROJECT / staging, tmp_path / "dbt_project" / staging)
    return expectations, tmp_path / "dbt_project"


def test_a_new_declaration_asks_for_what_it_lacks_and_nothing_goes_on_before(folders):
    expectations, project = folders
    (told,) = make_table("finance", "medical_bills", expectations, project)
    path = expectations / "sources" / "finance" / "medical_bills.yml"
    assert str(path) in told
    lines = [str(at) for at, line in enumerate(path.read_text("utf-8").splitlines(), 1)
             if FILL_IN in line]  # fmt: skip
    with pytest.raises(UsageError) as fault:
        make_table("finance", "medical_bills", expectations, project)
    assert str(fault.value) == f"{path}: not filled in yet, lines {', '.join(lines)}."


def test_the_new_declaration_holds_together_once_it_is_filled_in(folders):
    expectations, project = folders
    make_table("finance", "medical_bills", expectations, project)
    path = expectations / "sources" / "finance" / "medical_bills.yml"
    text = path.read_text("utf-8").replace(f"mode: {FILL_IN}", "mode: append")
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert not any(FILL_IN in line for line in comments)
    path.write_text(text.replace(FILL_IN, "费用"), encoding="utf-8")
    assert load_contract(path, {}).lake_key == ["record_no"]


def test_from_a_filled_declaration_follow_its_model_and_sources(folders):
    expectations, project = folders
    path = expectations / "sources" / "finance" / "medical_bills.yml"
    path.write_text(FILLED, encoding="utf-8")
    told = make_table("finance", "medical_bills", expectations, project)
    staging = project / "models" / "staging"
    model = (staging / "finance" / "stg_finance__medical_bills.sql").read_text("utf-8")
    for named in (
        "own_payment as own_payment_cny",
        "discharged as discharged_on",
        "settled as is_settled",
        "source('lake', 'finance__medical_bills'), ['bill_no']",
    ):
        assert named in model
    assert (staging / "sources.yml").read_text("utf-8") == render(expectations)
    described = yaml.safe_load((staging / "finance" / "finance.yml").read_text("utf-8"))
    names = [row["name"] for row in described["models"]]
    assert names.count("stg_finance__medical_bills") == 1
    assert len(told) == 2
    make_table("finance", "medical_bills", expectations, project)
    again = yaml.safe_load((staging / "finance" / "finance.yml").read_text("utf-8"))
    assert again == described


def test_a_model_is_written_as_those_that_there_are():
    contract = load_contracts()["agriculture", "machinery"]
    path = DBT_PROJECT / "models/staging/agriculture/stg_agriculture__machinery.sql"
    made, kept = staging_model(contract).splitlines(), path.read_text("utf-8").splitlines()
    assert made[1:] == kept[1:]


@pytest.mark.parametrize(
    ("department", "table", "told"),
    [("police", "a", "no department"), ("finance", "Bills", "no name"), ("finance", "", "no name")],
)
def test_a_wrong_name_is_told_in_one_sentence(folders, department, table, told):
    with pytest.raises(UsageError, match=told):
        make_table(department, table, *folders)
