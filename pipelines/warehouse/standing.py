"""What of the work database still stands when the next day is built.

A relation stands when all it is made of is as it was: the project's files, the relations it reads,
and the day where its text asks for it. What stands is not built again, so a day on which a
department sent nothing costs no work on its tables. The notes lie in the work database itself and
go with it; a relation has its note only once it is built, and loses it before it is built anew.

Belongs here: deciding and noting. Does not belong here: running dbt (`dbt`), what a relation of
the lake is made of (`work_database`).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

NOTES = "standing.notes"

TOLD = "standing.told"
"""Of each model and seed what it was made of when the work database was built last; empty while it
is built."""

HASH_OF_ROWS = "sum(cast(hash(rows) as hugeint))"
"""Of a relation called `rows`, its rows in any order."""

DAY = "control.run_date()"
"""How the text of a model asks for the day that is built."""

COMPARED = "compared"
"""Tag of tables and views whose rows are compared with those before: where they came out the same,
what reads them stands, though they, or what they show, were built anew."""

REGISTERS = "registers"
"""First stage of a build: compared tables and views, and all that they read."""

THE_REST = "the_rest"

GROWING = "growing"
"""Materialization of tables to which a day adds what came, and takes nothing away. Such a model has
a column `known_from_on`, and names in its meta, as `grows_with`, the lake relation it follows."""


@dataclass(frozen=True)
class Given:
    """What a source relation is made of: a hash of all, and of each part in order of arrival."""

    made_of: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
    """What a relation was made of, and of compared ones the rows.

    `holds` is, of growing ones, what is in them; of compared views, what they were made of when
    their rows were compared.
    """

    made_of: str
    rows: str = ""
    holds: str = ""


@dataclass(frozen=True)
class Lineage:
    """A parsed dbt project as far as it says what is made of what.

    `manifest` is dbt's own, `files` a hash of all files of the project.
    """

    manifest: Any
    files: str

    def stage(self, name: str) -> list[Any]:
        """The nodes of a stage that put a relation into the work database, in order."""
        of_registers = self._registers
        return [
            node
            for node in self.in_order
            if (node.unique_id in of_registers) == (name == REGISTERS)
        ]

    @cached_property
    def in_order(self) -> list[Any]:
        """Every model and seed, each after what it reads."""
        nodes = {
            node.unique_id: node
            for node in self.manifest.nodes.values()
            if node.resource_type in ("model", "seed")
        }
        placed: dict[str, Any] = {}

        def place(unique_id: str) -> None:
            if unique_id in nodes and unique_id not in placed:
                for above in nodes[unique_id].depends_on_nodes:
                    place(above)
                placed[unique_id] = nodes[unique_id]

        for unique_id in sorted(nodes):
            place(unique_id)
        return list(placed.values())

    @cached_property
    def _registers(self) -> set[str]:
        found: set[str] = set()
        for node in reversed(self.in_order):
            if COMPARED in node.tags or node.unique_id in found:
                found |= {node.unique_id, *node.depends_on_nodes}
        return found

    def below(self, node: Any) -> set[str]:
        """Everything that a node is made of, sources included."""
        nodes, found, open_ = self.manifest.nodes, set[str](), [*node.depends_on_nodes]
        while open_:
            unique_id = open_.pop()
            if unique_id not in found:
                found.add(unique_id)
                open_ += nodes[unique_id].depends_on_nodes if unique_id in nodes else ()
        return found

    def names_the_day(self, node: Any) -> bool:
        """Whether a node asks which day it is, and so differs from day to day."""
        return bool(self._dated_macros.intersection(node.depends_on_macros))

    def has_one_text(self, node: Any) -> bool:
        """Whether the text of a node follows from the project's files, and from no row."""
        return not self._asking_macros.intersection(node.depends_on_macros)

    @cached_property
    def _dated_macros(self) -> set[str]:
        return self._macros_with(DAY)

    @cached_property
    def _asking_macros(self) -> set[str]:
        return self._macros_with("run_query(")

    def _macros_with(self, words: str) -> set[str]:
        """Macros of the project with some words in their text, or in that of one they call."""
        macros = {
            unique_id: macro
            for unique_id, macro in self.manifest.macros.items()
            if macro.package_name == self.manifest.metadata.project_name
        }
        found = {unique_id for unique_id, macro in macros.items() if words in macro.macro_sql}
        while True:
            more = {
                unique_id
                for unique_id, macro in macros.items()
                if unique_id not in found and found.intersection(macro.depends_on.macros)
            }
            if not more:
                return found
            found |= more


@dataclass
class Standing:
    """The notes of one work database, held against what a day is made of.

    `given` tells of each source relation, by schema and name, what it is made of.
    """

    database: Path
    lineage: Lineage
    on_date: str
    given: Mapping[str, Given]
    _made_of: dict[str, str] = field(default_factory=dict)
    _rows: dict[str, str] = field(default_factory=dict)

    def stale(self, stage: str) -> dict[str, Note]:
        """The nodes of a stage that must be built, with the notes they get once they are.

        A view is asked for its own text alone: what it reads, the day too, it reads anew.
        """
        with self._connection() as connection:
            notes = _notes_in(connection)
        found = {}
        for node in self.lineage.stage(stage):
            own = hash_of(self.lineage.files, node.unique_id)
            whole = hash_of(
                own,
                self.on_date if self.lineage.names_the_day(node) else "",
                *(self._told_of(above, stage) for above in node.depends_on_nodes),
            )
            self._made_of[node.unique_id] = whole
            made_of = own if node.config.materialized == "view" else whole
            note = notes.get(node.unique_id)
            if note is None or note.made_of != made_of:
                found[node.unique_id] = Note(made_of)
            else:
                self._rows[node.unique_id] = note.rows
        return found

    def tell(self) -> None:
        """Write down what everything is made of, once all is built."""
        nodes = self.lineage.manifest.nodes
        names = [_name_of(nodes[unique_id]) for unique_id in self._made_of]
        told = [names, [*self._made_of.values()]]
        with self._connection() as connection:
            connection.execute(f"insert into {TOLD} select unnest(?), unnest(?)", told)

    def take_back(self, nodes: Iterable[str]) -> None:
        """Forget the notes of nodes that are about to be built.

        A growing table that cannot simply grow goes with its note, and is built whole.
        """
        listed = {unique_id: self.lineage.manifest.nodes[unique_id] for unique_id in nodes}
        with self._connection() as connection:
            notes = _notes_in(connection)
            for unique_id, node in listed.items():
                note = notes.get(unique_id)
                if _grows(node) and not (note and self._can_grow(connection, node, note)):
                    connection.execute(f"drop table if exists {_name_of(node)}")
            connection.execute(f"delete from {NOTES} where unique_id in ?", [[*listed]])

    def note(self, stage: str, built: Mapping[str, Note]) -> None:
        """Note what was built of a stage: of compared relations the rows, of growing ones more."""
        with self._connection() as connection:
            for unique_id, note in built.items():
                node, rows, holds = self.lineage.manifest.nodes[unique_id], "", ""
                if COMPARED in node.tags and not _is_compared_view(node):
                    rows = _rows_of(connection, _name_of(node))
                    self._rows[unique_id] = rows
                if _grows(node):
                    holds = json.dumps(self._held_by(node))
                connection.execute(
                    f"insert into {NOTES} values (?, ?, ?, ?)",
                    [unique_id, note.made_of, rows, holds],
                )
            notes = _notes_in(connection)
            for node in filter(_is_compared_view, self.lineage.stage(stage)):
                self._compare(connection, node, notes[node.unique_id])

    def _compare(self, connection: duckdb.DuckDBPyConnection, node: Any, note: Note) -> None:
        """Look what a view shows, where what it is made of has changed since it was looked at."""
        whole, rows = self._made_of[node.unique_id], note.rows
        if note.holds != whole:
            rows = _rows_of(connection, _name_of(node))
            connection.execute(
                f"update {NOTES} set rows = ?, holds = ? where unique_id = ?",
                [rows, whole, node.unique_id],
            )
        self._rows[node.unique_id] = rows

    def _can_grow(self, connection: duckdb.DuckDBPyConnection, node: Any, note: Note) -> bool:
        """Whether all that a table was made of is still there, and what came takes nothing back."""
        if not note.holds:
            return False
        held, now = json.loads(note.holds), self._held_by(node)
        if held.keys() != now.keys() or any(
            now[relation][: len(parts)] != parts for relation, parts in held.items()
        ):
            return False
        relation = node.config.meta["grows_with"]
        since = f"(select max(known_from_on) from {_name_of(node)})"
        superseding = connection.execute(
            f"select count(*) from {relation} where supersedes and received_on > {since}"
        ).fetchall()
        return superseding == [(0,)]

    def _held_by(self, node: Any) -> dict[str, list[str]]:
        """The parts of all source relations below a node, and the project's files as one."""
        sources = self.lineage.manifest.sources
        names = [
            f"{sources[below].schema}.{sources[below].name}"
            for below in self.lineage.below(node)
            if below in sources
        ]
        return {"files": [self.lineage.files]} | {
            name: list(self.given[name].parts) for name in sorted(names)
        }

    def _told_of(self, unique_id: str, stage: str) -> str:
        """What a relation says of itself to one that reads it: its rows, once its stage is over."""
        if unique_id in self.lineage.manifest.sources:
            source = self.lineage.manifest.sources[unique_id]
            return self.given[f"{source.schema}.{source.name}"].made_of
        if stage == THE_REST and self._rows.get(unique_id):
            return self._rows[unique_id]
        return self._made_of[unique_id]

    def _connection(self) -> duckdb.DuckDBPyConnection:
        connection = open_to_write(self.database)
        connection.execute(
            f"create table if not exists {NOTES} "
            "(unique_id varchar, made_of varchar, rows varchar, holds varchar)"
        )
        return connection


def forget_told(connection: duckdb.DuckDBPyConnection) -> None:
    """What relations are made of is not known any more: some are about to be built."""
    connection.execute("create schema if not exists standing")
    connection.execute(f"create or replace table {TOLD} (relation varchar, made_of varchar)")


def told_of(connection: duckdb.DuckDBPyConnection, relation: str) -> str | None:
    """What a relation of a work database is made of: the same text, the same rows.

    Args:
        connection: the work database.
        relation: schema and name, both in quotes.

    Returns:
        None where it is not known, or the relation is no model.
    """
    try:
        told = connection.execute(f"select made_of from {TOLD} where relation = ?", [relation])
    except duckdb.CatalogException:
        return None
    return next((made_of for (made_of,) in told.fetchall()), None)


def open_to_write(database: Path) -> duckdb.DuckDBPyConnection:
    """A database file, open for writing; nothing waits for the disk, a tenth of a build's time.

    The work database is made anew after a crash; what readers get is flushed once it is whole.
    """
    return duckdb.connect(str(database), config={"fsync_mode": "NONE"})


def _notes_in(connection: duckdb.DuckDBPyConnection) -> dict[str, Note]:
    rows = connection.execute(f"select * from {NOTES}").fetchall()
    return {unique_id: Note(*told) for unique_id, *told in rows}


def _grows(node: Any) -> bool:
    return node.config.materialized == GROWING


def _is_compared_view(node: Any) -> bool:
    return COMPARED in node.tags and node.config.materialized == "view"


def _name_of(node: Any) -> str:
    return f'"{node.schema}"."{node.alias}"'


def _rows_of(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """Count and sum of hashes: the same whatever the order of the rows."""
    query = f"select count(*), {HASH_OF_ROWS} from {relation} as rows"
    ((rows, total),) = connection.execute(query).fetchall()
    return f"{rows} rows, {total}"


def hash_of(*texts: str) -> str:
    """One hash over some texts, in this order."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
