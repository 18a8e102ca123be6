"""The data dictionary: one page that says of every published column what it is and whence.

Chinese and English, searched by a few lines of script in the page itself, nothing from the
network. Belongs here: putting together what dbt's manifest, the declarations of sources and the
promises of marts say, and the page. Does not belong here: descriptions themselves (they stand
beside the models and in `expectations/`), and following values through models (`warehouse`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.contracts.sources import Column as DepartmentColumn
from pipelines.contracts.sources import Contract, load_contracts
from pipelines.quality import load_mart_promises
from pipelines.settings import UsageError

FILE = "dictionary.html"

UNITS: Mapping[str, tuple[str, str]] = {
    "yuan": ("元", "yuan"),
    "yuan_a_month": ("元/月", "yuan a month"),
    "yuan_a_month_per_head": ("元/人·月", "yuan a head and month"),
    "ratio": ("比例", "ratio"),
    "year": ("岁", "years"),
    "working_day": ("工作日", "working days"),
    "person": ("人", "persons"),
    "household": ("户", "households"),
    "alert": ("条", "alerts"),
    "reply": ("条回复", "replies"),
    "row": ("行", "rows"),
    "file": ("个文件", "files"),
    "subject": ("个对象", "subjects"),
    "as_measured": ("依指标而定", "as the measure"),
}
"""Units as the yml of the marts names them, in Chinese and English."""

GROUPS: Mapping[str, tuple[str, str]] = {
    "registry": ("登记", "Registry"),
    "benefits": ("待遇", "Benefits"),
    "monitoring": ("监测", "Monitoring"),
    "quality": ("质量", "Quality"),
    "views": ("视图和名称表", "Views and names"),
    "civil_affairs": ("民政部门来源", "From civil affairs"),
    "finance": ("财政部门来源", "From finance"),
    "agriculture": ("农业农村部门来源", "From agriculture"),
    "disabled_federation": ("残联来源", "From the disabled persons' federation"),
}
"""Folders of marts, the views, and departments, in the order of the page."""

LAYERS: Sequence[tuple[str, str, str]] = (
    ("source", "来源", "sources"),
    ("seed", "政策和参考", "policy and reference"),
    ("staging", "整理", "staging"),
    ("1_people", "人与家庭", "1 people"),
    ("2_measures", "测算", "2 measures"),
    ("3_metrics", "指标", "3 metrics"),
    ("4_rules", "规则", "4 rules"),
    ("marts", "发布", "marts"),
)
"""What stands before a mart, from left to right."""

Origins = Mapping[str, Mapping[str, Sequence[tuple[str, str, str]]]]


@dataclass(frozen=True)
class Column:
    """A column as the page shows it.

    `origins` are columns behind it by table: `finance.payments` → `amount`; None means that they
    were not followed, an empty mapping that the value is a constant or a count.
    """

    name: str
    type: str
    zh: str
    en: str
    unit: tuple[str, str] | None = None
    values: Sequence[str] = ()
    is_never_empty: bool = False
    origins: Mapping[str, Sequence[str]] | None = None


@dataclass(frozen=True)
class Table:
    """A table as the page shows it, with the names of what stands before it by layer."""

    schema: str
    name: str
    group: str
    zh: str
    en: str
    key: Sequence[str]
    columns: Sequence[Column]
    layers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    used_by: Sequence[str] = ()

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return f"{self.schema}.{self.name}"


def write_dictionary(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    origins: Origins,
) -> Path:
    """Write the dictionary; the same warehouse, project and origins give the same bytes.

    Args:
        folder: gets `dictionary.html`, replaced as a whole.
        connection: the published warehouse: which tables and columns there are, and their types.
        manifest: the parsed dbt project: descriptions, Chinese names, units and lineage.
        origins: mart → column → columns of sources behind it, as (schema, table, column).
    """
    tables = [
        *_marts(connection, manifest, origins),
        *_views(connection, manifest),
        *_sources(manifest),
    ]
    order = list(GROUPS)
    tables.sort(key=lambda table: (order.index(table.group), table.name))
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template(FILE).render(
        tables=tables, groups=GROUPS, layers=LAYERS, anchors={table.anchor for table in tables}
    )
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(page, encoding="utf-8")
    unfinished.replace(file)
    return file


def _marts(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], origins: Origins
) -> Iterator[Table]:
    promises = load_mart_promises()
    published = _published(connection, "marts")
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] != "model" or node["schema"] != "marts":
            continue
        if node["name"] not in published:
            raise UsageError(
                f"The published warehouse has no {node['name']} yet; run a day, then ask again."
            )
        promised = promises[node["name"]].expectations if node["name"] in promises else ()
        values = {
            one.kwargs["column"]: one.kwargs["value_set"]
            for one in promised
            if one.type == "expect_column_values_to_be_in_set"
        }
        never_empty = {
            one.kwargs["column"]
            for one in promised
            if one.type == "expect_column_values_to_not_be_null" and one.severity == "critical"
        }
        followed = origins.get(node["name"], {})
        yield Table(
            schema="marts",
            name=node["name"],
            group=node["fqn"][-2],
            zh=node["config"]["meta"].get("zh", ""),
            en=node["description"],
            key=node["config"]["meta"].get("ordered_by", []),
            columns=[
                Column(
                    name=name,
                    type=kind,
                    zh=about["config"]["meta"].get("zh", ""),
                    en=about["description"],
                    unit=_unit(node["name"], name, about),
                    values=[str(value) for value in values.get(name, ())],
                    is_never_empty=name in never_empty,
                    origins=_by_table(followed[name]) if name in followed else None,
                )
                for name, kind in published[node["name"]].items()
                for about in [node["columns"][name]]
            ],
            layers=_before(manifest, unique_id),
        )


def _views(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> Iterator[Table]:
    published = _published(connection, "views")
    columns_of_marts = {
        node["name"]: node["columns"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }
    for node in manifest["nodes"].values():
        if node["resource_type"] not in ("analysis", "seed") or node["name"] not in published:
            continue
        read = list(dict.fromkeys(re.findall(r"\bmarts\.(\w+)", node["raw_code"])))
        told = {
            name: about for mart in reversed(read) for name, about in columns_of_marts[mart].items()
        } | node["columns"]
        yield Table(
            schema="views",
            name=node["name"],
            group="views",
            zh=node["config"]["meta"].get("zh", ""),
            en=node["description"],
            key=[],
            columns=[
                Column(
                    name=name,
                    type=kind,
                    zh=told[name]["config"]["meta"].get("zh", ""),
                    en=told[name]["description"],
                    unit=_unit(node["name"], name, told[name]),
                )
                for name, kind in published[node["name"]].items()
            ],
            layers={"marts": read} if read else {},
        )


def _sources(manifest: Mapping[str, Any]) -> Iterator[Table]:
    used: dict[str, list[str]] = {}
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] == "model" and node["schema"] == "marts":
            for name in _before(manifest, unique_id).get("source", ()):
                used.setdefault(name, []).append(node["name"])
    for (department, table), contract in load_contracts().items():
        yield Table(
            schema=department,
            name=table,
            group=department,
            zh=contract.title.zh,
            en=f"{contract.title.en}, {contract.mode}.",
            key=list(contract.key),
            columns=[
                _department_column(contract, name, column)
                for name, column in contract.columns.items()
            ],
            used_by=sorted(used.get(f"{department}.{table}", [])),
        )


def _department_column(contract: Contract, name: str, column: DepartmentColumn) -> Column:
    codes = column.codes if isinstance(column.codes, dict) else {}
    if column.restricted:
        where = "Kept in the vault only."
    elif column.is_pseudonymised:
        where = f"A keyed hash right of conform: {contract.lake_columns[name]}."
    else:
        where = ""
    return Column(
        name=name,
        type=column.kind,
        zh=column.zh,
        en=" ".join(filter(None, [column.description, where])),
        unit=UNITS["yuan"] if column.kind == "money" else None,
        values=[f"{code} {meaning}" for code, meaning in codes.items()],
        is_never_empty=column.required,
    )


def _published(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, dict[str, str]]:
    """Table → column → type of what is published in a schema."""
    found: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        "select table_name, column_name, lower(data_type) from duckdb_columns() "
        "where schema_name = ? order by table_name, column_index",
        [schema],
    ).fetchall()
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = {"varchar": "text"}.get(kind, kind)
    return found


def _unit(table: str, column: str, about: Mapping[str, Any]) -> tuple[str, str] | None:
    unit = about["config"]["meta"].get("unit")
    if unit is not None and unit not in UNITS:
        raise UsageError(f"{table}.{column}: the dictionary knows no unit {unit}.")
    return UNITS[unit] if unit else None


def _by_table(origins: Iterable[tuple[str, str, str]]) -> dict[str, list[str]]:
    """Columns by table, tables as people name them: `finance.payments`, `policy.parameters`."""
    found: dict[str, list[str]] = {}
    for schema, table, column in sorted(origins):
        found.setdefault(_table_name(schema, table), []).append(column)
    return found


def _table_name(schema: str, table: str) -> str:
    return table.replace("__", ".", 1) if schema == "lake" else f"{schema}.{table}"


def _before(manifest: Mapping[str, Any], unique_id: str) -> dict[str, list[str]]:
    """Everything a mart stands on, by layer."""
    seen: set[str] = set()
    waiting = list(manifest["nodes"][unique_id]["depends_on"]["nodes"])
    while waiting:
        parent = waiting.pop()
        if parent in seen:
            continue
        seen.add(parent)
        if parent in manifest["nodes"]:
            waiting += manifest["nodes"][parent]["depends_on"].get("nodes", [])
    found: dict[str, list[str]] = {}
    for parent in sorted(seen):
        if parent in manifest["sources"]:
            source = manifest["sources"][parent]
            found.setdefault("source", []).append(_table_name(source["schema"], source["name"]))
            continue
        node = manifest["nodes"][parent]
        first, *rest = node["fqn"][1:]
        layer = (
            "seed"
            if node["resource_type"] == "seed"
            else rest[0]
            if rest and first == "intermediate"
            else first
        )
        found.setdefault(layer, []).append(node["name"])
    return found
