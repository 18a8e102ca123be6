"""Department tables as declared in `expectations/sources/<department>/<table>.yml`.

One declaration gives the header to look for, the kind of every value, what becomes of it right
of conform, when a delivery is expected and what gate 1 asks of it. Nothing here reads a delivery.
"""

from functools import cache
from pathlib import Path
from typing import Any, Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.contracts.yaml_files import read_yaml, what_is_wrong
from pipelines.settings import DEPARTMENTS, EXPECTATIONS, UsageError

Kind = Literal[
    "id", "certificate", "name", "area", "date", "month", "datetime",
    "money", "decimal", "int", "flag", "text", "code",
]  # fmt: skip
Space = Literal["person", "household", "relapse_watch_household", "account", "certificate"]

LAKE_TYPES: dict[str, pl.DataType] = {
    "area": pl.String(), "date": pl.Date(), "month": pl.Date(), "datetime": pl.Datetime("us"),
    "money": pl.Decimal(14, 2), "decimal": pl.Decimal(14, 4), "int": pl.Int32(),
    "flag": pl.Boolean(), "text": pl.String(), "code": pl.String(),
}  # fmt: skip
"""Type in the lake of every kind that is kept as it is. A month is the date of its first day."""

TECHNICAL_COLUMNS: dict[str, pl.DataType] = {
    "received_on": pl.Date(), "change": pl.String(), "supersedes": pl.Boolean(),
    "is_stale": pl.Boolean(),
}  # fmt: skip
"""Columns every lake table ends with; see `lake_schema`."""

PEOPLE_SCHEMA = pl.Schema({
    "person_key": pl.Binary(), "birth_on": pl.Date(), "sex": pl.String(), "received_on": pl.Date(),
})  # fmt: skip
"""The shelf `lake/<department>/people/`: what a number says of its bearer, and nothing else."""


FILL_IN = "FILL_IN"
"""What stands in a new declaration where somebody has to say something."""


class Declared(BaseModel):
    """Base of everything declared: a misspelt key is refused, a declared object never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(Declared):
    """A name in both languages."""

    en: str
    zh: str


class Column(Declared):
    """One column of a department table.

    `becomes` names the lake column where that differs from the department's: a pseudonym for
    `id`, `certificate` and any `text` with a `space`; the keyed hash of a name (of the person in
    column `names`). `restricted` values go to the vault only. `event` dates may not lie after
    the received date; `negative` amounts are allowed; `free_text` has long digit runs masked.
    """

    zh: str
    kind: Kind
    required: bool = False
    codes: dict[str, str] | str | None = None
    becomes: str | None = None
    names: str | None = None
    space: Space | None = None
    event: bool = False
    negative: bool = False
    restricted: bool = False
    free_text: bool = False
    description: str = ""

    @property
    def is_number_of_a_person(self) -> bool:
        """Whether the value is a citizen number, or that of a certificate: it begins with one."""
        return self.kind in ("id", "certificate")

    @property
    def is_pseudonymised(self) -> bool:
        """Whether the lake holds a key in place of the value."""
        return self.is_number_of_a_person or self.kind == "name" or self.space is not None

    @property
    def key_space(self) -> Space | None:
        """Which family of pseudonyms the value belongs to."""
        if self.kind == "id":
            return "person"
        return "certificate" if self.kind == "certificate" else self.space


class Expectation(Declared):
    """One expectation of gate 1 or gate 2: a Great Expectations type, its arguments, and why."""

    type: str
    severity: Literal["critical", "warning", "info"] = "critical"
    reason: str
    since: str
    kwargs: dict[str, Any] = Field(default_factory=dict)


class Volume(Declared):
    """When a snapshot is held, not believed: so many rows stood, and more than this share left.

    Defaults of 2026-11-23: registers lose under five in a hundred between two deliveries, a file
    cut in half loses fifty; registers of a few hundred rows may really change by a third, and no
    register of some dozens loses nearly all.
    """

    from_rows: int = Field(default=200, ge=1)
    lost_share: float = Field(default=0.3, gt=0, lt=1)
    few_from_rows: int = Field(default=20, ge=1)
    few_lost_share: float = Field(default=0.8, gt=0, lt=1)

    def most_lost_share(self, standing: int) -> float | None:
        """The share that a register of so many rows may lose; any share where it is tiny."""
        if standing >= self.from_rows:
            return self.lost_share
        return self.few_lost_share if standing >= self.few_from_rows else None


class Contract(Declared):
    """One department table, as declared."""

    table: str
    department: str
    title: Title
    mode: Literal["snapshot", "append"]
    expected: Literal["every_working_day"] = "every_working_day"
    key: tuple[str, ...]
    columns: dict[str, Column]
    volume: Volume = Volume()
    expectations: tuple[Expectation, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> "Contract":
        for name in self.key:
            if name not in self.columns or not self.columns[name].required:
                raise ValueError(f"key column {name} must be declared and required")
        for name, column in self.columns.items():
            if (column.kind == "code") != (column.codes is not None):
                raise ValueError(f"{name}: a code, and only a code, lists its codes")
            if column.kind in ("id", "certificate", "name") and not column.becomes:
                raise ValueError(f"{name}: an identity must say what it becomes")
            if column.names and column.names not in self.columns:
                raise ValueError(f"{name}: names the unknown column {column.names}")
        return self

    @property
    def lake_columns(self) -> dict[str, str]:
        """Department column → lake column, of those the lake holds, in declared order."""
        return {
            name: column.becomes or name
            for name, column in self.columns.items()
            if not column.restricted
        }

    @property
    def lake_key(self) -> list[str]:
        """The key in the lake's names."""
        return [self.lake_columns[name] for name in self.key]

    @property
    def lake_schema(self) -> pl.Schema:
        """Columns and types of the table in the lake.

        Keys are 16 bytes, names' hashes and accounts' too. A certificate adds `person_key`.
        `received_on`: when the change was received. `change`: `upsert` or `remove` (then only
        key and technical columns are set). `supersedes`: an earlier row of the key exists.
        `is_stale`: the newest delivery refused this key's row, the last accepted one stands.
        """
        schema: dict[str, pl.DataType] = {}
        for name, lake_name in self.lake_columns.items():
            column = self.columns[name]
            schema[lake_name] = pl.Binary() if column.is_pseudonymised else LAKE_TYPES[column.kind]
            if column.kind == "certificate":
                schema["person_key"] = pl.Binary()
        return pl.Schema(schema | TECHNICAL_COLUMNS)

    def narrowed(self, *names: str) -> "Contract":
        """The table with its key and some other columns alone, to read no more of a row."""
        kept = {*self.key, *names}
        return self.model_copy(
            update={"columns": {name: self.columns[name] for name in self.columns if name in kept}}
        )


def load_contract(path: Path, shared_codes: dict[str, dict[str, str]]) -> Contract:
    """Read one declaration; shared code lists named by a column are filled in.

    Raises:
        UsageError: the file does not hang together; says which file and what.
    """
    text = path.read_text(encoding="utf-8")
    if FILL_IN in text:
        lines = [str(line) for line, told in enumerate(text.splitlines(), 1) if FILL_IN in told]
        raise UsageError(f"{path}: not filled in yet, lines {', '.join(lines)}.")
    try:
        declared = read_yaml(text)
        for column in declared["columns"].values():
            if isinstance(column.get("codes"), str):
                column["codes"] = shared_codes[column["codes"]]
        contract = Contract.model_validate(declared)
    except (yaml.YAMLError, ValidationError, KeyError, TypeError) as fault:
        why = what_is_wrong(fault)
        raise UsageError(f"{path}: this declaration cannot be used: {why}.") from fault
    if (contract.department, contract.table) != (path.parent.name, path.stem):
        raise UsageError(f"{path}: file and folder must be named as its table and department")
    return contract


@cache
def load_contracts(folder: Path = EXPECTATIONS) -> dict[tuple[str, str], Contract]:
    """All declarations by (department, table), departments in their usual order."""
    shared_codes = read_yaml((folder / "codes.yml").read_text(encoding="utf-8"))
    contracts = [
        load_contract(path, shared_codes)
        for department in DEPARTMENTS
        for path in sorted((folder / "sources" / department).glob("*.yml"))
    ]
    return {(contract.department, contract.table): contract for contract in contracts}


def contracts_of(department: str, folder: Path = EXPECTATIONS) -> list[Contract]:
    """The tables of one department."""
    return [
        contract for (name, _), contract in load_contracts(folder).items() if name == department
    ]
