"""The floors of the house and the layers of the models, read from the code itself."""

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from pipelines.settings import DBT_PROJECT, DEPARTMENTS, Home
from pipelines.warehouse import declarations
from pipelines.warehouse.dbt import DbtProject

STEPS = ("1_people", "2_measures", "3_metrics", "4_rules")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    project = DbtProject(Home(tmp_path_factory.mktemp("parsed")))
    project.parse()
    return dict(project.manifest)


@pytest.fixture(scope="module")
def models(manifest):
    return {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
    }


def layer_of(node):
    first, *rest = node["fqn"][1:]
    return rest[0] if first == "intermediate" else first


def test_no_floor_imports_from_a_floor_above_it():
    assert lint_imports() == EXIT_STATUS_SUCCESS


def test_staging_alone_reads_sources(models):
    readers = {
        layer_of(node)
        for node in models.values()
        if any(parent.startswith("source.") for parent in node["depends_on"]["nodes"])
    }
    assert readers == {"staging"}


def test_staging_models_stand_in_their_departments_folder(models):
    folders = {node["fqn"][2] for node in models.values() if layer_of(node) == "staging"}
    assert folders == {*DEPARTMENTS, "control"}


def test_a_step_sees_only_the_steps_before_it_and_itself(models):
    order = ["staging", *STEPS, "marts"]
    looking_right = [
        (unique_id, parent)
        for unique_id, node in models.items()
        for parent in node["depends_on"]["nodes"]
        if parent in models and order.index(layer_of(models[parent])) > order.index(layer_of(node))
    ]
    assert looking_right == []


def test_every_mart_and_each_of_its_columns_is_described(models):
    undescribed = [
        f"{node['name']}.{column}"
        for node in models.values()
        if layer_of(node) == "marts"
        for column, about in {"": node, **node["columns"]}.items()
        if not about["description"].strip()
    ]
    assert undescribed == []


def test_every_mart_has_an_enforced_contract(models):
    marts = [node for node in models.values() if layer_of(node) == "marts"]
    assert marts
    assert [node["name"] for node in marts if not node["config"]["contract"]["enforced"]] == []


def test_every_model_says_its_grain_first(models):
    silent = [
        node["name"]
        for node in models.values()
        if not node["raw_code"].lstrip().startswith(("-- One ", "-- The "))
    ]
    assert silent == []


def test_models_name_no_engine(models):
    banned = ("qualify ", "//", "::", "now()", "current_date", "current_timestamp")
    found = [
        (node["name"], word)
        for node in models.values()
        for word in banned
        if word in node["raw_code"].lower()
    ]
    assert found == []


def test_the_day_is_asked_for_through_run_date_alone():
    """The text of a model is kept from day to day: a day written into it would stay there."""
    naming = [
        path.name
        for path in sorted(DBT_PROJECT.rglob("*.sql"))
        if "var(" in path.read_text(encoding="utf-8")
    ]
    assert naming == ["engine.sql"]


def test_all_declarations_agree(tmp_path):
    assert declarations.disagreements("371500", Home(tmp_path)) == []


def test_no_address_of_the_network_stands_in_the_dbt_project():
    texts = [path.read_text(encoding="utf-8") for path in DBT_PROJECT.rglob("*.yml")]
    assert not any("://" in text for text in texts)
