"""The world that the tests share: one small demo city, run for two days by the command itself."""

import gc
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock

from pipelines.cli import OBJECTS_BEFORE_COLLECTING
from pipelines.settings import Home
from tests.commands import Ran, run_here, run_wendu

gc.set_threshold(OBJECTS_BEFORE_COLLECTING, 20, 50)  # as the command does, and why

SCALE = "0.01"
FIRST_DAY, SECOND_DAY = date(2024, 4, 30), date(2024, 5, 1)


@dataclass(frozen=True)
class World:
    """A home in which days were run, and what the command said."""

    home: Home
    ran: Ran

    def mart(self, name: str) -> pl.DataFrame:
        """A published mart."""
        return pl.read_parquet(self.home.published / "parquet" / f"{name}.parquet")

    def truth(self, name: str) -> pl.DataFrame:
        """What the generator knows."""
        return pl.read_parquet(self.home.truth / f"{name}.parquet")


IN_ORDER = (
    "cases/test_cases.py",  # builds the world
    "end_to_end/test_a_messy_city.py",  # does without it, and so does the next
    "end_to_end/test_another_city.py",
    "end_to_end/test_killed_runs.py",  # builds the third day
    "end_to_end/test_secrets.py",
    "end_to_end/test_replayed_days.py",
    "end_to_end/test_what_stands.py",
    "warehouse/test_properties_of_judging.py",
    "end_to_end/test_commands.py",
    "end_to_end", "warehouse", "unit", "architecture",
)  # fmt: skip
"""Files and folders in the order in which they start: the longest first, so that no worker is left
alone with one at last, and beside a file that builds what others read, one that does not wait."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the files whose tests take longest."""
    tests = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        file = item.path.relative_to(tests).as_posix()
        return IN_ORDER.index(file if file in IN_ORDER else file.partition("/")[0])

    items.sort(key=place)


def hashes(folder: Path) -> dict[str, str]:
    """What every file below a folder holds, by its path in it."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="session")
def wendu() -> Callable[..., Ran]:
    """The command line, run in this process; `run_wendu` gives it one of its own."""
    return run_here


def built_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, build: Callable[[Home], Ran]
) -> World:
    """A home that whichever worker asks first builds; the others wait and read the same one."""
    place = tmp_path_factory.getbasetemp().parent / name
    if "PYTEST_XDIST_WORKER" not in os.environ:
        place = tmp_path_factory.mktemp(name)
    home, told = Home(place / "home"), place / "told.json"
    with FileLock(place.with_suffix(".lock")):
        if not told.exists():
            ran = build(home)
            told.write_text(json.dumps(asdict(ran)), encoding="utf-8")
    return World(home, Ran(**json.loads(told.read_text(encoding="utf-8"))))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The demo city's first two days, run as the guide says, by a process of its own."""
    return built_once(
        tmp_path_factory,
        "world",
        lambda home: run_wendu("demo", "--scale", SCALE, "--days", "2", home=home.root),
    )
