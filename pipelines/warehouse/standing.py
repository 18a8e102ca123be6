"""What of the work database still stands when the next day is built.

A relation stands when all it is made of is as it was: the project's files, the relations it reads,
and the day where its text asks for it. What stands is not built again, so a day on which a
department sent nothing costs no work on its tables. The notes lie in the work database itself and
go with it; a relation has its note only once it is built, and loses it before it is built anew.

Belongs here: deciding and noting. Does not belong here: building (`dbt`, `statements`), what a
relation of the lake is made of (`work_database`).
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import yaml

from pipelines.warehouse.nodes import THE_REST, Lineage, Node

NOTES = "standing.notes"

TOLD = "standing.told"
"""Of each model and seed what it was made of when the work database was built last; empty while it
is built."""

HASH_OF_ROWS = "sum(cast(hash(rows) as hugeint))"
"""Of a relation called `rows`, its rows in any order."""


class Part(NamedTuple):
    """A part of a source relation: the day on which it was received, and a hash."""

    received_on: str
    made_of: str


@dataclass(frozen=True)
class Given:
    """What a source relation is made of: a hash of all, and its parts by day."""

    made_of: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Note:
    """What a relation was made of, and of compared ones the rows.

    `holds` is, of growing ones, what is in them; of compared views, what they were made of when
    their rows were compared.
    """

    made_of: str
    rows: str = ""
    holds: str = ""


@dataclass
class Standing:
    """The notes of one work database, held against what a day is made of.

    `given` tells of each source relation, by schema and name, what it is made of, `profile` with
    which settings the database is opened.
    """

    database: Path
    profile: Path
    lineage: Lineage
    on_date: str
    given: Mapping[str, Given]
    _made_of: dict[str, str] = field(default_factory=dict)
    _rows: dict[str, str] = field(default_factory=dict)

    def stale(self, stage: str, unknown: Collection[str] = ()) -> dict[str, Note]:
        """The nodes of a stage that must be built, with the notes they get once they are.

        A view is asked for its own text alone: what it reads, the day too, it reads anew.

        Args:
            stage: whose nodes.
            unknown: nodes to build in any case.
        """
        with self._connection() as connection:
            notes = _notes_in(connection)
        found = {}
        for node in self.lineage.stage(stage):
            own = hash_of(self.lineage.files, node.unique_id)
            whole = hash_of(
                own,
                self.on_date if self.lineage.names_the_day(node) else "",
                *(self._told_of(above, stage) for above in node.reads),
            )
            self._made_of[node.unique_id] = whole
            made_of = own if node.is_view else whole
            note = notes.get(node.unique_id)
            if note is None or note.made_of != made_of or node.unique_id in unknown:
                found[node.unique_id] = Note(made_of)
            else:
                self._rows[node.unique_id] = note.rows
        return found

    def tell(self) -> None:
        """Write down what everything is made of, once all is built."""
        names = [self.lineage.nodes[unique_id].relation for unique_id in self._made_of]
        told = [names, [*self._made_of.values()]]
        with self._connection() as connection:
            connection.execute(f"insert into {TOLD} select unnest(?), unnest(?)", told)

    def take_back(self, nodes: Iterable[str]) -> None:
        """Forget the notes of nodes that are about to be built.

        A growing table that cannot simply grow goes with its note, and is built whole.
        """
        listed = {unique_id: self.lineage.nodes[unique_id] for unique_id in nodes}
        with self._connection() as connection:
            notes = _notes_in(connection)
            for unique_id, node in listed.items():
                note = notes.get(unique_id)
                if node.grows and not (note and self._can_grow(connection, node, note)):
                    connection.execute(f"drop table if exists {node.relation}")
            connection.execute(f"delete from {NOTES} where unique_id in ?", [[*listed]])

    def note(self, stage: str, built: Mapping[str, Note]) -> None:
        """Note what was built of a stage: of compared relations the rows, of growing ones more."""
        with self._connection() as connection:
            for unique_id, note in built.items():
                node, rows, holds = self.lineage.nodes[unique_id], "", ""
                if node.is_compared and not node.is_view:
                    rows = _rows_of(connection, node.relation)
                    self._rows[unique_id] = rows
                if node.grows:
                    holds = json.dumps(self._held_by(node))
                connection.execute(
                    f"insert into {NOTES} values (?, ?, ?, ?)",
                    [unique_id, note.made_of, rows, holds],
                )
            self._compare_views(connection, stage)

    def _compare_views(self, connection: duckdb.DuckDBPyConnection, stage: str) -> None:
        """Look what views show, where what they are made of has changed since they were looked at.

        As many at a time as statements are run.
        """
        notes, changed = _notes_in(connection), {}
        for node in self.lineage.stage(stage):
            if node.is_compared and node.is_view:
                whole, note = self._made_of[node.unique_id], notes[node.unique_id]
                self._rows[node.unique_id] = note.rows
                if note.holds != whole:
                    changed[node.unique_id] = whole

        def rows_of(unique_id: str) -> str:
            with connection.cursor() as own:
                return _rows_of(own, self.lineage.nodes[unique_id].relation)

        with ThreadPoolExecutor(work_profile(self.profile)["threads"]) as beside:
            self._rows |= zip(changed, beside.map(rows_of, changed), strict=True)
        for unique_id, whole in changed.items():
            connection.execute(
                f"update {NOTES} set rows = ?, holds = ? where unique_id = ?",
                [self._rows[unique_id], whole, unique_id],
            )

    def _can_grow(self, connection: duckdb.DuckDBPyConnection, node: Node, note: Note) -> bool:
        """Whether all that a table was made of is still there, and what came takes nothing back.

        What came must be of a later day than all that was there, whoever sent it: people and
        households have their numbers in order of days, so that somebody who comes late to a day
        changes the numbers of others, under which the table holds them.
        """
        if not note.holds:
            return False
        held, now = json.loads(note.holds), self._held_by(node)
        if held.keys() != now.keys() or any(
            now[relation][: len(parts)] != parts for relation, parts in held.items()
        ):
            return False
        newest = max(received_on for parts in held.values() for received_on, _ in parts)
        come = [day for name, parts in held.items() for day, _ in now[name][len(parts) :]]
        if any(day <= newest for day in come):
            return False
        relation = node.meta.get("grows_with")
        if not relation:
            return True
        since = f"(select max(known_from_on) from {node.relation})"
        superseding = connection.execute(
            f"select count(*) from {relation} where supersedes and received_on > {since}"
        ).fetchall()
        return superseding == [(0,)]

    def _held_by(self, node: Node) -> dict[str, list[list[str]]]:
        """The parts of all source relations below a node, and the project's files as one."""
        names = sorted(
            self.lineage.sources[below]
            for below in self.lineage.below(node)
            if below in self.lineage.sources
        )
        return {"files": [["", self.lineage.files]]} | {
            name: [[*part] for part in self.given[name].parts] for name in names
        }

    def _told_of(self, unique_id: str, stage: str) -> str:
        """What a relation says of itself to one that reads it: its rows, once its stage is over."""
        if unique_id in self.lineage.sources:
            return self.given[self.lineage.sources[unique_id]].made_of
        if stage == THE_REST and self._rows.get(unique_id):
            return self._rows[unique_id]
        return self._made_of[unique_id]

    def _connection(self) -> duckdb.DuckDBPyConnection:
        connection = open_to_build(self.database, self.profile)
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


def open_to_build(database: Path, profile: Path) -> duckdb.DuckDBPyConnection:
    """A work database with the settings that dbt's file of profiles says it is built with.

    Whoever opens it while another has it open, in this process, shares what that one holds in
    memory, and must ask for the same settings.
    """
    return duckdb.connect(str(database), config=work_profile(profile)["config_options"])


def work_profile(profile: Path) -> dict[str, Any]:
    """What dbt's file of profiles says of the work database."""
    told = yaml.safe_load(profile.read_text(encoding="utf-8"))
    return dict(told["wendu"]["outputs"]["work"])


def _notes_in(connection: duckdb.DuckDBPyConnection) -> dict[str, Note]:
    rows = connection.execute(f"select * from {NOTES}").fetchall()
    return {unique_id: Note(*told) for unique_id, *told in rows}


def _rows_of(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """Count and sum of hashes: the same whatever the order of the rows."""
    query = f"select count(*), {HASH_OF_ROWS} from {relation} as rows"
    ((rows, total),) = connection.execute(query).fetchall()
    return f"{rows} rows, {total}"


def hash_of(*texts: str) -> str:
    """One hash over some texts, in this order."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
