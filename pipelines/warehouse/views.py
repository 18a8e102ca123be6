"""Views for common joins and tables of names, beside the marts in the published database file.

They stand in the schema `views`, so that whoever counts on the marts finds the marts alone.
Belongs here: which there are (the dbt project says it) and writing them into an open database.
Does not belong here: the marts (`publication`), and questions that analysts ask (`analyses/`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.warehouse.work_database import sql_text

VIEWS_SCHEMA = "views"


@dataclass(frozen=True)
class View:
    """A view as the dbt project declares it: `analyses/views/<name>.sql` and its description."""

    name: str
    description: str
    columns: Mapping[str, str]
    select: str

    @property
    def marts(self) -> list[str]:
        """The marts it reads, in the order it names them."""
        return list(dict.fromkeys(re.findall(r"\bmarts\.(\w+)", self.select)))


@dataclass(frozen=True)
class NameTable:
    """A seed that is published because marts name its keys: programmes, rules."""

    name: str
    description: str
    columns: Mapping[str, str]
    types: Mapping[str, str]
    file: Path


def declared_views(manifest: Mapping[str, Any]) -> list[View]:
    """The views of a parsed dbt project, by name."""
    return sorted(
        (
            View(node["name"], node["description"], _descriptions(node), node["raw_code"])
            for node in manifest["nodes"].values()
            if node["resource_type"] == "analysis" and node["fqn"][-2] == VIEWS_SCHEMA
        ),
        key=lambda view: view.name,
    )


def declared_name_tables(manifest: Mapping[str, Any]) -> list[NameTable]:
    """The seeds that a parsed dbt project marks `is_published`, by name."""
    return sorted(
        (
            NameTable(
                node["name"],
                node["description"],
                _descriptions(node),
                node["config"]["column_types"],
                Path(node["root_path"]) / node["original_file_path"],
            )
            for node in manifest["nodes"].values()
            if node["resource_type"] == "seed" and node["config"]["meta"].get("is_published")
        ),
        key=lambda table: table.name,
    )


def write_views(
    connection: duckdb.DuckDBPyConnection,
    views: Iterable[View],
    name_tables: Iterable[NameTable],
    described: Mapping[str, Mapping[str, str]],
) -> None:
    """Make the schema of views anew in a database that holds the marts, everything described.

    Args:
        connection: the database, writable.
        views: each selects from `marts.…` and from name tables.
        name_tables: read from their files.
        described: descriptions of the columns of every mart; a view's column takes the one of
            the first mart it names that has a column of its name, unless it has its own.
    """
    connection.execute(f"drop schema if exists {VIEWS_SCHEMA} cascade")
    connection.execute(f"create schema {VIEWS_SCHEMA}")
    for table in name_tables:
        relation = f'{VIEWS_SCHEMA}."{table.name}"'
        types = ", ".join(
            f"{sql_text(name)}: {sql_text(kind)}" for name, kind in table.types.items()
        )
        connection.execute(
            f"create table {relation} as "
            f"select * from read_csv({sql_text(table.file.as_posix())}, columns = {{{types}}})"
        )
        connection.execute(f"comment on table {relation} is {sql_text(table.description)}")
        _describe_columns(connection, relation, table.columns)
    for view in views:
        relation = f'{VIEWS_SCHEMA}."{view.name}"'
        connection.execute(f"create view {relation} as {view.select}")
        connection.execute(f"comment on view {relation} is {sql_text(view.description)}")
        told = {
            name: text for mart in reversed(view.marts) for name, text in described[mart].items()
        }
        names = connection.execute(f"select column_name from (describe {relation})").fetchall()
        known = told | dict(view.columns)
        _describe_columns(connection, relation, {name: known[name] for (name,) in names})


def _describe_columns(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Mapping[str, str]
) -> None:
    for column, description in columns.items():
        connection.execute(f'comment on column {relation}."{column}" is {sql_text(description)}')


def _descriptions(node: Mapping[str, Any]) -> dict[str, str]:
    return {name: column["description"] for name, column in node["columns"].items()}
