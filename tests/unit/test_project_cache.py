"""What is worked out of a dbt project is kept for all with the same files, and for nobody else."""

import os
import shutil
from pathlib import Path

import pytest

from pipelines.settings import DBT_PROJECT, Home
from pipelines.warehouse import project_cache
from pipelines.warehouse.dbt import DbtProject
from pipelines.warehouse.project_cache import KEPT, ProjectCache

KIND = "statements.json"


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An invented project in place of the shipped one."""
    project = tmp_path / "shipped"
    (project / "models").mkdir(parents=True)
    (project / "models" / "one.sql").write_text("select 1")
    monkeypatch.setattr(project_cache, "DBT_PROJECT", project)
    return project


def test_every_home_reads_what_one_of_them_kept(shipped: Path, tmp_path: Path) -> None:
    ProjectCache(shipped, tmp_path / "home").write(KIND, b"kept")
    assert ProjectCache(shipped, tmp_path / "another home").read(KIND) == b"kept"


def test_nothing_is_read_of_a_project_with_other_files(shipped: Path, tmp_path: Path) -> None:
    ProjectCache(shipped, tmp_path / "home").write(KIND, b"kept")
    (shipped / "models" / "one.sql").write_text("select 2")
    assert ProjectCache(shipped, tmp_path / "home").read(KIND) is None


def test_what_programs_leave_in_the_folder_makes_no_other_project(
    shipped: Path, tmp_path: Path
) -> None:
    before = ProjectCache(shipped, tmp_path / "home").files
    (shipped / "target").mkdir()
    (shipped / "target" / "left.json").write_text("{}")
    assert ProjectCache(shipped, tmp_path / "home").files == before


def test_where_nothing_can_be_written_beside_the_project_a_home_keeps_its_own(
    shipped: Path, tmp_path: Path
) -> None:
    (shipped / "target").write_text("no folder")
    home = tmp_path / "home"
    ProjectCache(shipped, home).write(KIND, b"kept")
    assert ProjectCache(shipped, home).read(KIND) == b"kept"
    assert ProjectCache(shipped, tmp_path / "another home").read(KIND) is None


def test_of_old_projects_nothing_is_kept_for_ever(shipped: Path, tmp_path: Path) -> None:
    for number in range(KEPT + 2):
        (shipped / "models" / "one.sql").write_text(f"select {number}")
        ProjectCache(shipped, tmp_path / "home").write(KIND, b"kept")
    assert len(list((shipped / "target").glob(f"*.{KIND}"))) == KEPT
    assert ProjectCache(shipped, tmp_path / "home").read(KIND) == b"kept"


def test_what_is_read_is_kept_longer_than_what_is_not(shipped: Path, tmp_path: Path) -> None:
    used = ProjectCache(shipped, tmp_path / "home")
    used.write(KIND, b"used")
    for number in range(KEPT + 2):
        (shipped / "models" / "one.sql").write_text(f"select {number + 2}")
        other = ProjectCache(shipped, tmp_path / "home")
        other.write(KIND, b"kept")
        os.utime(shipped / "target" / f"{other.files[:16]}.{KIND}", (number, number))
        assert used.read(KIND) == b"used"


def test_files_that_changed_meanwhile_are_noticed(shipped: Path, tmp_path: Path) -> None:
    cache = ProjectCache(shipped, tmp_path / "home")
    assert cache.files
    assert cache.is_of_these_files
    (shipped / "models" / "one.sql").write_text("select 2")
    assert not cache.is_of_these_files


def test_a_project_parsed_in_another_place_reads_its_own_seeds(
    shipped: Path, tmp_path: Path
) -> None:
    (shipped / "models" / "one.sql").unlink()
    (shipped / "seeds").mkdir()
    (shipped / "seeds" / "limits.csv").write_text("name,value\na,1\n")
    (shipped / "dbt_project.yml").write_text("name: invented\nprofile: wendu\n")
    shutil.copy(DBT_PROJECT / "profiles.yml", shipped)
    elsewhere = shutil.copytree(shipped, tmp_path / "elsewhere")
    DbtProject(Home(tmp_path / "home"), elsewhere).parse()
    shutil.rmtree(elsewhere)
    project = DbtProject(Home(tmp_path / "another home"), shipped)
    assert {node.root_path for node in project.parse().nodes.values()} == {str(shipped)}
    described = project.manifest["nodes"].values()
    assert {node["root_path"] for node in described} == {str(shipped)}
