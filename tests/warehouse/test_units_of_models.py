"""dbt's own unit tests, which lie beside the models they test, run once and told one by one."""

import shutil

import pytest
import yaml

from pipelines.settings import DBT_PROJECT, Home
from pipelines.warehouse.dbt import DbtProject
from pipelines.warehouse.work_database import work_database
from tests.conftest import World

UNITS = sorted(
    unit["name"]
    for path in (DBT_PROJECT / "models").rglob("*unit_tests.yml")
    for unit in yaml.safe_load(path.read_text(encoding="utf-8"))["unit_tests"]
)


@pytest.fixture(scope="module")
def told(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What dbt says of each unit test, over a copy of the shared city's work database."""
    home = Home(tmp_path_factory.mktemp("units") / "home")
    home.warehouse.mkdir(parents=True)
    shutil.copy(work_database(world.home), work_database(home))
    return {
        unit.unique_id.rpartition(".")[2]: f"{unit.status} {unit.message}".strip()
        for unit in DbtProject(home).test_units()
    }


@pytest.mark.parametrize("unit", UNITS)
def test_a_model_does_what_its_unit_test_says(told: dict[str, str], unit: str) -> None:
    assert told.get(unit, "was not run") == "pass"
