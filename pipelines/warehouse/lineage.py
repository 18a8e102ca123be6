"""Where the values of a mart's column come from: the columns of sources and seeds behind it.

Follows values through the compiled models: what a column is computed from, not what rows were
chosen or joined by. Belongs here: reading compiled SQL. Does not belong here: which table stands
on which (dbt's manifest says it), and how either is shown.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from pipelines.settings import UsageError, put_in_place
from pipelines.warehouse.dbt import DbtProject
from pipelines.warehouse.work_database import work_database

DIALECT = "duckdb"


class Origin(NamedTuple):
    """A column of a source or seed: its schema there, its table and its name."""

    schema: str
    table: str
    column: str


Origins = Mapping[str, Mapping[str, list[Origin]]]
"""Mart → column → what its values come from; an empty list is a constant or a count of rows."""


def origins_of_marts(project: DbtProject) -> Origins:
    """What every column of every mart is computed from.

    Takes a few seconds for the whole project, and is kept below the home under the hash of what it
    was made from.

    Args:
        project: the dbt project, of which a day was built below its home.

    Raises:
        UsageError: no day was built from these models yet, or one is being built now.
    """
    manifest, target = project.manifest, project.target
    compiled = _compiled(project)
    told = hashlib.sha256(sqlglot.__version__.encode())
    for unique_id, text in sorted(compiled.items()):
        told.update(f"{unique_id} {text}".encode())
    kept = target / f"lineage-{told.hexdigest()[:16]}.json"
    if not kept.exists():
        for older in target.glob("lineage-*.json"):
            older.unlink()
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".unfinished")
        origins = _Models(manifest, compiled, _columns_of_sources(project)).origins()
        unfinished.write_text(json.dumps(origins), encoding="utf-8")
        put_in_place(unfinished, kept)
    return {
        mart: {
            column: [Origin(*origin) for origin in origins] for column, origins in columns.items()
        }
        for mart, columns in json.loads(kept.read_text(encoding="utf-8")).items()
    }


class _Models:
    """The models of a project, parsed, each with its columns resolved."""

    def __init__(
        self, manifest: Mapping[str, Any], compiled: Mapping[str, str], sources: Mapping[str, Any]
    ) -> None:
        self._nodes = {name: manifest["nodes"][name] for name in compiled}
        self._names = {(node["schema"], node["name"]): name for name, node in self._nodes.items()}
        self._found: dict[tuple[int, str], frozenset[Origin]] = {}
        self._scopes = self._resolved(manifest, compiled, sources)

    def origins(self) -> dict[str, dict[str, list[Origin]]]:
        """What every column of every mart is computed from, in a fixed order."""
        return {
            node["name"]: {
                column: sorted(self._of(self._scopes[name], column))
                for column in self._scopes[name].expression.named_selects
            }
            for name, node in sorted(self._nodes.items())
            if node["schema"] == "marts"
        }

    def _resolved(
        self, manifest: Mapping[str, Any], compiled: Mapping[str, str], sources: Mapping[str, Any]
    ) -> dict[str, Any]:
        schema: dict[str, Any] = {name: dict(tables) for name, tables in sources.items()}
        for node in manifest["nodes"].values():
            if node["resource_type"] == "seed":
                columns = node["config"]["column_types"]
                schema.setdefault(node["schema"], {})[node["name"]] = columns
        scopes: dict[str, Any] = {}
        for name in self._nodes:
            tree = qualify(
                _without_catalog(sqlglot.parse_one(compiled[name], dialect=DIALECT)),
                dialect=DIALECT,
                schema={
                    of_schema: {
                        table: dict.fromkeys(columns, "text") for table, columns in tables.items()
                    }
                    for of_schema, tables in _needed(schema, manifest, self._nodes[name]).items()
                },
                validate_qualify_columns=False,
            )
            scopes[name] = build_scope(tree)
            node = self._nodes[name]
            columns = dict.fromkeys(scopes[name].expression.named_selects)
            schema.setdefault(node["schema"], {})[node["name"]] = columns
        return scopes

    def _of(self, scope: Any, column: str) -> frozenset[Origin]:
        key = (id(scope), column)
        if key not in self._found:
            self._found[key] = frozenset()  # what a recursive query reads of itself adds nothing
            self._found[key] = self._computed(scope, column)
        return self._found[key]

    def _computed(self, scope: Any, column: str) -> frozenset[Origin]:
        if scope.set_operation_scopes:
            place = scope.expression.named_selects.index(column)
            return frozenset().union(
                *(
                    self._of(branch, branch.expression.named_selects[place])
                    for branch in scope.set_operation_scopes
                )
            )
        chosen = next(
            (one for one in scope.expression.selects if one.alias_or_name == column), None
        )
        return frozenset() if chosen is None else self._behind(scope, chosen)

    def _behind(self, scope: Any, expression: Any) -> frozenset[Origin]:
        """What an expression of a scope is computed from; of a subquery, what it selects."""
        subqueries = {id(inner.expression): inner for inner in scope.subquery_scopes}
        found: set[Origin] = set()
        for node in expression.walk(prune=lambda node: id(node) in subqueries):
            if id(node) in subqueries:
                inner = subqueries[id(node)]
                for column in inner.expression.named_selects:
                    found |= self._of(inner, column)
            elif isinstance(node, exp.Column):
                found |= self._read(scope, node)
        return frozenset(found)

    def _read(self, scope: Any, column: exp.Column) -> frozenset[Origin]:
        source: Any = scope.sources.get(column.table)
        if isinstance(source, Scope):
            made: Any = source.expression
            if column.name in made.named_selects:
                return self._of(source, column.name)
            # A function that makes rows: what it was given.
            return self._behind(source.parent or scope, made)
        if isinstance(source, exp.Table) and source.name:
            name = self._names.get((source.db, source.name))
            if name is not None:
                return self._of(self._scopes[name], column.name)
            return frozenset({Origin(source.db, source.name, column.name)})
        return frozenset()


def _columns_of_sources(project: DbtProject) -> dict[str, dict[str, list[str]]]:
    """The columns of what the models read from outside, as they stand in the work database."""
    schemas = {source["schema"] for source in project.manifest["sources"].values()}
    found: dict[str, dict[str, list[str]]] = {}
    try:
        with duckdb.connect(str(work_database(project.home)), read_only=True) as connection:
            rows = connection.execute(
                "select schema_name, table_name, column_name from duckdb_columns() order by all"
            ).fetchall()
    except duckdb.Error as fault:
        raise UsageError(
            "The work database cannot be read now; ask again when no day is being run."
        ) from fault
    for schema, table, column in rows:
        if schema in schemas:
            found.setdefault(schema, {}).setdefault(table, []).append(column)
    return found


def _compiled(project: DbtProject) -> dict[str, str]:
    """The texts of all models, each after those it reads."""
    models = [node.unique_id for node in project.lineage.in_order if node.kind == "model"]
    if not work_database(project.home).exists() or {*models} - project.statements.keys():
        raise UsageError("No day was built from these models yet; run `wendu run`, then ask again.")
    return {name: project.statements[name].compiled for name in models}


def _needed(
    schema: Mapping[str, Any], manifest: Mapping[str, Any], node: Mapping[str, Any]
) -> dict[str, Any]:
    """Of all known tables those a model reads."""
    needed: dict[str, Any] = {}
    for parent in node["depends_on"]["nodes"]:
        about = manifest["nodes"].get(parent) or manifest["sources"][parent]
        columns = schema.get(about["schema"], {}).get(about["name"])
        if columns:
            needed.setdefault(about["schema"], {})[about["name"]] = columns
    return needed


def _without_catalog(tree: Any) -> Any:
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)
    return tree
