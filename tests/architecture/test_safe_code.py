"""What no module may do: read YAML that can run code, write a cell that is a formula, use a
package under a licence nobody looked at."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipelines.contracts.yaml_files import PlainSafeLoader
from pipelines.settings import PROJECT
from tests.architecture.licences import is_allowed, licences, locked

MODULES = sorted([*PROJECT.glob("pipelines/**/*.py"), *PROJECT.glob("tests/**/*.py")])
SAFE_LOADERS = {"SafeLoader", "CSafeLoader", PlainSafeLoader.__name__}
UNSAFE = {"unsafe_load", "unsafe_load_all", "full_load", "full_load_all", "load_all"}


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call of an attribute, as `object.attribute`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func), node


def reads_unsafely(call: str, node: ast.Call) -> bool:
    given = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "Loader")]
    loaders = {ast.unparse(argument).rpartition(".")[2] for argument in given}
    is_unsafe = call.rpartition(".")[2] in UNSAFE
    return call.startswith("yaml.") and (
        is_unsafe or (call == "yaml.load" and not (loaders and loaders <= SAFE_LOADERS))
    )


def test_yaml_is_read_safely_everywhere() -> None:
    found = [(path, call, node) for path in MODULES for call, node in calls(path)]
    assert sum(call.startswith("yaml.") for _, call, _ in found) > 3
    assert [
        f"{path}:{node.lineno}" for path, call, node in found if reads_unsafely(call, node)
    ] == []


def test_our_own_loader_makes_what_the_safe_one_makes() -> None:
    assert PlainSafeLoader.yaml_constructors == yaml.CSafeLoader.yaml_constructors


@pytest.mark.parametrize(
    "code", ["yaml.load(text)", "yaml.load(text, yaml.Loader)", "yaml.unsafe_load(text)",
             "yaml.load(text, Loader=yaml.FullLoader)"],
)  # fmt: skip
def test_what_reads_yaml_unsafely_is_found(code: str) -> None:
    node = ast.parse(code, mode="eval").body
    assert isinstance(node, ast.Call)
    assert reads_unsafely(ast.unparse(node.func), node)


def test_every_workbook_keeps_texts_from_becoming_formulas() -> None:
    written = [
        path for path in MODULES if "pipelines" in path.parts
        and any(call == "xlsxwriter.Workbook" for call, _ in calls(path))
    ]  # fmt: skip
    assert written
    assert [
        path for path in written
        if '"strings_to_formulas": False' not in path.read_text(encoding="utf-8")
    ] == []  # fmt: skip


def test_every_locked_package_has_an_allowed_licence() -> None:
    found = licences()
    assert len(found) > len(locked()) * 0.9
    assert {name: told for name, told in found.items() if not is_allowed(told)} == {}


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "unknown", "MIT AND AGPL-3.0-only"])
def test_a_licence_nobody_looked_at_is_found(licence: str) -> None:
    assert not is_allowed(licence)
