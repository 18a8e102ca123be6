"""What policy and reference rows must look like: the columns of their file, and kinds of values.

Both are declared once, where dbt reads them (`column_types` beside the seeds). Does not belong
here: what a value means, and whether one is missing (`city_numbers`, `declarations`).
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path

from pipelines.contracts.yaml_files import read_yaml
from pipelines.settings import DBT_PROJECT, UsageError
from pipelines.warehouse.city_project import rows_of

EXAMPLE_DAY = "2023-01-01"
DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")


def fault_of(text: str, declared: str) -> str | None:
    """What is wrong with a value of a column that dbt loads as a type; None where nothing is."""
    if sizes := DECIMAL.fullmatch(declared):
        decimals = int(sizes[2])
        whole = int(sizes[1]) - decimals
        if not re.fullmatch(rf"\d{{1,{whole}}}(\.\d{{1,{decimals}}})?", text, re.ASCII):
            return "is no number; write digits and a decimal point"
    if declared == "date" and not _is_day(text):
        return f"is no date; write it as {EXAMPLE_DAY}"
    if declared == "boolean" and text.lower() not in ("true", "false"):
        return "is neither true nor false"
    return None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def misfits(folder: Path) -> Iterator[str]:
    """What is wrong with the form of the files of `policy/` and `reference/`, a sentence each.

    Args:
        folder: the shipped seeds, or a city's folder, which has fewer of them.
    """
    for place in ("policy", "reference"):
        for file in sorted((folder / place).glob("*.csv")):
            if file.stem in column_types():
                yield from _misfits_of(file, column_types()[file.stem])


def _misfits_of(file: Path, types: Mapping[str, str]) -> Iterator[str]:
    try:
        rows = rows_of(file, list(types))
    except UsageError as fault:
        yield str(fault)
        return
    for line, row in enumerate(rows, start=2):
        for column, declared in types.items():
            if row[column] and (wrong := fault_of(row[column], declared)):
                yield f"{file}, line {line}, {column}: {row[column]!r} {wrong}."


@cache
def column_types() -> dict[str, dict[str, str]]:
    """The columns of every policy and reference file, in order, with what dbt loads them as."""
    return {
        seed["name"]: seed["config"]["column_types"]
        for file in sorted((DBT_PROJECT / "seeds").rglob("*.yml"))
        for seed in read_yaml(file.read_text(encoding="utf-8"))["seeds"]
    }
