"""Libraries that another library imports and nobody calls are not run, and work once called."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.quality.unused import loaded_on_first_use
from pipelines.settings import PROJECT


@pytest.fixture
def heavy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module that says when it is run, in a package of its own."""
    package = tmp_path / "wendu_invented"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "heavy.py").write_text("from pathlib import Path\nPath(__file__ + '.ran').touch()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield f"{package.name}.heavy"
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]


def has_run(tmp_path: Path) -> bool:
    return (tmp_path / "wendu_invented" / "heavy.py.ran").exists()


def test_a_module_is_run_when_it_is_used_and_not_before(heavy: str, tmp_path: Path) -> None:
    with loaded_on_first_use({heavy}):
        module = importlib.import_module(heavy)
    assert not has_run(tmp_path)
    assert module.Path is Path
    assert has_run(tmp_path)


def test_a_module_that_is_not_named_is_run_at_once(heavy: str, tmp_path: Path) -> None:
    with loaded_on_first_use({"wendu_invented.other"}):
        importlib.import_module(heavy)
    assert has_run(tmp_path)


def test_imports_are_as_ever_afterwards() -> None:
    before = list(sys.meta_path)
    with loaded_on_first_use({"anything"}):
        assert sys.meta_path != before
    assert sys.meta_path == before


def test_the_judge_runs_neither_statistics_nor_charts() -> None:
    told = subprocess.run(
        [sys.executable, "-c",
         "import sys, pipelines.quality.engine\n"
         "print('scipy.stats' in sys.modules, 'altair' in sys.modules)\n"
         "print([name for name in sys.modules if name.startswith(('scipy.stats.', 'altair.'))])"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert told[:2] == ["True True", "[]"]
