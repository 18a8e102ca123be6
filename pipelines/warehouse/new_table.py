"""A department table more: its declaration to fill in, then what follows from it.

Writes into the program's own folders, for whoever keeps the declarations. Lake, gate 1, assets and
documentation follow from the declaration by themselves. Does not belong here: what a declaration
means (`contracts.sources`), rules that use the table.
"""

import re
from pathlib import Path

import yaml

from pipelines.contracts.dbt_sources import render
from pipelines.contracts.sources import FILL_IN, Column, Contract, load_contracts
from pipelines.settings import DBT_PROJECT, DEPARTMENTS, EXPECTATIONS, UsageError

SKELETON = f"""\
# {{table}} of {{department}}. Say what stands there in capitals, add the columns, and run
# `wendu new-table {{department}}/{{table}}` again.
# kinds: text, id (citizen number), certificate, name, area, date, datetime, month, money (yuan),
#        decimal, int, flag, code (with codes: {{{{"1": 名称}}}} or the name of a list of codes.yml)
# mode: snapshot (the full state each time) or append (what is new since the last delivery)
# required: a row without it is refused. becomes: the lake's name of a key (id, certificate, name).
# names: whose name it is. restricted: to the vault only. event: may not lie after its delivery.
# free_text: long numbers are masked. negative: amounts below zero are allowed.
table: {{table}}
department: {{department}}
title: {{{{en: {FILL_IN}, zh: {FILL_IN}}}}}
mode: {FILL_IN}
expected: every_working_day
key: [record_no]
columns:
  record_no: {{{{zh: {FILL_IN}, kind: text, required: true}}}}
  id_no: {{{{zh: 证件号码, kind: id, required: true, becomes: person_key}}}}
  name: {{{{zh: 姓名, kind: name, required: true, becomes: name_key, names: id_no}}}}
expectations: []
"""

VERSION_COLUMNS = (
    "is_stale", "known_from_on", "known_until_on", "is_latest", "state_from_on", "state_until_on",
)  # fmt: skip


def make_table(
    department: str, table: str, expectations: Path = EXPECTATIONS, project: Path = DBT_PROJECT
) -> list[str]:
    """Make a table's declaration, or, once it is filled in, what follows from it.

    Args:
        department: one of the four.
        table: a name in lower case with underscores.
        expectations: folder of the declarations.
        project: the dbt project.

    Returns:
        What was written and what is to be done next, one sentence each.

    Raises:
        UsageError: no such department, no such name for a table, or a declaration that cannot be
            used yet.
    """
    if department not in DEPARTMENTS:
        raise UsageError(
            f"{department!r} is no department: choose one of {', '.join(DEPARTMENTS)}."
        )
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", table):
        raise UsageError(f"{table!r} is no name of a table: lower case letters and underscores.")
    declaration = expectations / "sources" / department / f"{table}.yml"
    if not declaration.exists():
        text = SKELETON.format(department=department, table=table)
        declaration.write_text(text, encoding="utf-8")
        return [
            f"{declaration} is made; fill it in, then run the same command again. Until then no "
            "command that reads the declarations goes on."
        ]
    contract = load_contracts(expectations)[department, table]
    staging = project / "models" / "staging"
    model = staging / department / f"stg_{department}__{table}.sql"
    told = []
    if not model.exists():
        model.write_text(staging_model(contract), encoding="utf-8")
        told.append(f"{model} is made; look at its names.")
    _describe(staging / department / f"{department}.yml", contract)
    (staging / "sources.yml").write_text(render(expectations), encoding="utf-8")
    told.append(
        f"{staging / 'sources.yml'} and {department}.yml follow the declaration. Next: rows of "
        "seeds/policy/rule_sources.csv for each rule that needs the table, then `wendu check`."
    )
    return told


def staging_model(contract: Contract) -> str:
    """The model that names a table's columns as the models right of it want them."""
    named = {lake: contract.columns.get(name) for name, lake in contract.lake_columns.items()}
    lines = [
        lake if (new := _name_of(lake, named.get(lake))) == lake else f"{lake} as {new}"
        for lake in [*_lake_values(contract), *VERSION_COLUMNS]
    ]
    key = ", ".join(f"'{name}'" for name in contract.lake_key)
    source = f"source('lake', '{contract.department}__{contract.table}')"
    selected = ",\n        ".join(lines)
    what = f"{contract.title.en.lower()} row and version of it"
    return f"""\
-- One row per {what} (a later delivery with other content makes a new version).
with versions as (
    select * from {{{{ lake_versions({source}, [{key}]) }}}} as lake_versions
),

final as (
    select
        {selected}
    from versions
)

select * from final
"""


def _lake_values(contract: Contract) -> list[str]:
    technical = {"received_on", "change", "supersedes", "is_stale"}
    return [name for name in contract.lake_schema if name not in technical]


def _name_of(lake: str, column: Column | None) -> str:
    """Units in names: `_cny`, `_on`, `_at`, `is_`."""
    if column is None or column.is_pseudonymised:
        return lake
    endings = {"money": "_cny", "date": "_on", "datetime": "_at"}
    ending = endings.get(column.kind, "")
    if column.kind == "flag":
        return lake if lake.startswith(("is_", "has_")) else f"is_{lake}"
    return lake if lake.endswith(ending) else lake + ending


def _describe(file: Path, contract: Contract) -> None:
    """The model's line in the department's file, where it has none yet."""
    described = yaml.safe_load(file.read_text(encoding="utf-8"))
    name = f"stg_{contract.department}__{contract.table}"
    if all(model["name"] != name for model in described["models"]):
        described["models"].append({
            "name": name,
            "description": f"{contract.title.zh}: every accepted version; current rows have no "
            "known_until_on.",
        })  # fmt: skip
        described["models"].sort(key=lambda model: str(model["name"]))
        text = yaml.safe_dump(described, allow_unicode=True, sort_keys=False, width=200)
        file.write_text(text, encoding="utf-8")
