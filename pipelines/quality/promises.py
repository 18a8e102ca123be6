"""What the gates ask: derived from a table's declaration, typed as judgement in YAML, per mart.

Here is what is expected and where that is read; computing it is the engine's. Nothing that a
contract already says is typed a second time in YAML.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from pydantic import ValidationError

from pipelines.contracts.sources import LAKE_TYPES, Contract, Declared, Expectation
from pipelines.contracts.yaml_files import read_yaml, what_is_wrong
from pipelines.settings import EXPECTATIONS, UsageError

DERIVED_SINCE = "2024-04-30"
AMOUNT_KINDS = ("money", "decimal", "int")
NUMBER_PATTERN = (
    "(^|[^0-9])"
    "([1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx])"
    "([1-7][1-4])?([^0-9]|$)"
)
"""What reads as a citizen number or as a disability certificate's, by form; group 2 the number.

No `(?:…)`: a colon before a digit or letter would be taken for a parameter of the query.
"""

CHECK_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"


class MartPromise(Declared):
    """What is promised of one published table, as declared in `expectations/marts/`."""

    mart: str
    description: str
    expectations: tuple[Expectation, ...]


def gate_expectations(contract: Contract) -> tuple[Expectation, ...]:
    """All that gate 1 asks of a table: what follows from its contract, then what was typed."""
    return (*derived_expectations(contract), *contract.expectations)


def derived_expectations(contract: Contract) -> tuple[Expectation, ...]:
    """What follows from a declaration alone; nobody types it.

    Required values are not null, the key is unique, codes are in their list, amounts are not
    negative unless the contract allows it, keys have 16 bytes, areas 6, 9 or 12 digits, months
    start on the first, a snapshot has rows, and no text reads as a citizen number.
    """
    return (
        *_rows(contract),
        *_required(contract),
        *_unique_key(contract),
        *_codes(contract),
        *_amounts(contract),
        *_forms(contract),
    )


def _expect(type_: str, reason: str, **arguments: Any) -> Expectation:
    return Expectation(type=type_, reason=reason, since=DERIVED_SINCE, kwargs=arguments)


def unexpected_rows(label: str, where: str, reason: str) -> Expectation:
    """A query expectation: no row may meet the condition. Its rows carry no values."""
    return _expect(
        "unexpected_rows_expectation", reason, label=label,
        unexpected_rows_query=f"select 1 from {{batch}} where {where}",
    )  # fmt: skip


def _rows(contract: Contract) -> Iterator[Expectation]:
    if contract.mode == "snapshot":
        yield _expect(
            "expect_table_row_count_to_be_between",
            "a snapshot without rows would empty the register",
            min_value=1,
        )


def _required(contract: Contract) -> Iterator[Expectation]:
    for name, lake_name in contract.lake_columns.items():
        if contract.columns[name].required:
            yield _expect(
                "expect_column_values_to_not_be_null",
                "the contract requires a value",
                column=lake_name,
            )


def _unique_key(contract: Contract) -> Iterator[Expectation]:
    """Hashes first, then only rows of repeated hashes: exact, with a third of the memory."""
    key = ", ".join(f'"{column}"' for column in contract.lake_key)
    yield _expect(
        "unexpected_rows_expectation",
        "a key stands for one row",
        label=", ".join(contract.lake_key),
        unexpected_rows_query=(
            f"select 1 from {{batch}} where hash({key}) in (select hash({key}) from {{batch}} "
            f"group by hash({key}) having count(*) > 1) group by {key} having count(*) > 1"
        ),
    )


def _codes(contract: Contract) -> Iterator[Expectation]:
    for name, lake_name in contract.lake_columns.items():
        codes = contract.columns[name].codes
        if isinstance(codes, dict):
            yield _expect(
                "expect_column_values_to_be_in_set",
                "the contract lists the codes",
                column=lake_name,
                value_set=list(codes),
            )


def _amounts(contract: Contract) -> Iterator[Expectation]:
    for name, lake_name in contract.lake_columns.items():
        column = contract.columns[name]
        if column.kind in AMOUNT_KINDS and not column.negative:
            yield _expect(
                "expect_column_values_to_be_between",
                "the contract allows no negative value here",
                column=lake_name,
                min_value=0,
            )


def _forms(contract: Contract) -> Iterator[Expectation]:
    schema = contract.lake_schema
    lake_names = contract.lake_columns.items()
    keys = [name for name, kind in schema.items() if kind == pl.Binary()]
    if keys:
        yield unexpected_rows(
            "keys", " or ".join(f'octet_length("{name}") <> 16' for name in keys),
            "a pseudonym or keyed hash has 16 bytes",
        )  # fmt: skip
    areas = [lake for name, lake in lake_names if contract.columns[name].kind == "area"]
    if areas:
        yield unexpected_rows(
            "areas", " or ".join(f'length("{name}") not in (6, 9, 12)' for name in areas),
            "a division code has 6, 9 or 12 digits",
        )  # fmt: skip
    months = [lake for name, lake in lake_names if contract.columns[name].kind == "month"]
    if months:
        yield unexpected_rows(
            "months", " or ".join(f'day("{name}") <> 1' for name in months),
            "a month is the date of its first day",
        )  # fmt: skip
    texts = [
        lake
        for name, lake in lake_names
        if contract.columns[name].kind == "text" and schema[lake] == LAKE_TYPES["text"]
    ]
    if texts:
        yield no_citizen_number(texts)


def no_citizen_number(columns: list[str]) -> Expectation:
    """No text in these columns holds a citizen number, by form and check character.

    Serial numbers of eighteen digits with a date inside are common; the check character tells
    most of them from people.
    """
    return unexpected_rows(
        "no citizen number",
        " or ".join(_holds_citizen_number(f'"{column}"') for column in columns),
        "identities stay in the vault",
    )


def _holds_citizen_number(column: str) -> str:
    total = " + ".join(
        f"{weight} * cast(n[{place}] as integer)"
        for place, weight in enumerate(CHECK_WEIGHTS, start=1)
    )
    is_valid = f"substr('{CHECK_CHARACTERS}', 1 + ({total}) % 11, 1) = upper(n[18])"
    pattern = NUMBER_PATTERN.replace("{", "{{").replace("}", "}}")
    found = f"regexp_extract_all({column}, '{pattern}', 2)"
    return (
        f"(length({column}) >= 18 and regexp_matches({column}, '{pattern}') "
        f"and len(list_filter({found}, lambda n: {is_valid})) > 0)"
    )


def load_mart_promise(path: Path) -> MartPromise:
    """Read one promise.

    Raises:
        UsageError: the file does not hang together; says which file and what.
    """
    try:
        declared = read_yaml(path.read_text(encoding="utf-8"))
        promise = MartPromise.model_validate(declared)
    except (yaml.YAMLError, ValidationError) as fault:
        raise UsageError(f"{path}: this promise cannot be used: {what_is_wrong(fault)}.") from fault
    if promise.mart != path.stem:
        raise UsageError(f"{path}: the file must be named as its mart, {promise.mart}.yml")
    return promise


@cache
def load_mart_promises(folder: Path = EXPECTATIONS) -> dict[str, MartPromise]:
    """All promises by mart."""
    promises = [load_mart_promise(path) for path in sorted((folder / "marts").glob("*.yml"))]
    return {promise.mart: promise for promise in promises}
