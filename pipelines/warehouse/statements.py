"""The statements that dbt ran for a project's seeds, models and tests, run again without dbt.

Which statement builds a node follows from the project's files, the rows of seeds among them. So
dbt, which takes seconds to import and a tenth of one for each node, runs a statement for the
first time; while the files are as they are, it is run from here, on the same work database with
the same settings. Belongs here: what is worth keeping of what dbt ran, running it in its order.
Does not belong here: which are due (`standing`), where they are kept and what dbt does (`dbt`).
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from pipelines.warehouse.nodes import Node
from pipelines.warehouse.standing import open_to_build, work_profile
from pipelines.warehouse.work_database import kinds_of_relations

BETWEEN_INTERRUPTS_SECONDS = 0.05


@dataclass(frozen=True)
class Statement:
    """What dbt made of one node: its text without template, and what it ran to build or test it."""

    compiled: str
    ran: str


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test."""

    unique_id: str
    status: str
    seconds: float
    message: str

    @property
    def name(self) -> str:
        """The node's own name, without project and kind."""
        return self.unique_id.split(".")[2]

    @property
    def has_failed(self) -> bool:
        """Whether it was not built, or found what it looks for."""
        return self.status in ("error", "fail")


def statements_of(results: Iterable[Any], project: Path) -> dict[str, Statement]:
    """The statements that dbt ran, by node, of results it returns.

    Args:
        results: dbt's own.
        project: the folder its paths start from.
    """
    return {
        result.node.unique_id: Statement(
            getattr(result.node, "compiled_code", ""),  # a seed has no text
            (project / result.node.build_path).read_text(encoding="utf-8"),
        )
        for result in results
        if result.status in ("success", "pass")
    }


def run_statements(
    database: Path, profile: Path, nodes: Sequence[Node], turns: TopologicalSorter[str],
    statements: Mapping[str, Statement],
) -> list[NodeResult]:  # fmt: skip
    """Run the statements of nodes; ends with the first that fails.

    Args:
        database: the work database.
        profile: dbt's file that says with which settings it is opened, and how many at a time.
        nodes: what to run; of those that may run at once, the first goes first.
        turns: which of them must be over before which, by unique id.
        statements: at least theirs.

    Returns:
        Results in the order in which they ended.

    Raises:
        KeyboardInterrupt: it was interrupted; what was at work has ended.
    """
    due = {node.unique_id: node for node in nodes}
    places = {unique_id: place for place, unique_id in enumerate(due)}
    results: list[NodeResult] = []
    turns.prepare()
    with open_to_build(database, profile) as connection:
        _make_way(connection, nodes)
        workers = _Workers(connection, work_profile(profile)["threads"])
        try:
            while turns.is_active():
                for unique_id in sorted(turns.get_ready(), key=places.__getitem__):
                    workers.give(due[unique_id], statements[unique_id].ran)
                for result in workers.ended():
                    results.append(result)
                    if result.has_failed:
                        return results
                    turns.done(result.unique_id)
        finally:
            workers.stop()
    return results


def unlike(
    database: Path, profile: Path, promised: Mapping[str, Mapping[str, str]]
) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """The relations whose columns are not those promised: what was promised, and what is there.

    Args:
        database: the work database.
        profile: as above.
        promised: of each relation by its name the types of its columns, in order.
    """
    if not promised:
        return {}
    with open_to_build(database, profile) as connection:
        kinds = {kind for columns in promised.values() for kind in columns.values()}
        known = {
            kind: connection.execute(f"select typeof(cast(null as {kind}))").fetchall()[0][0]
            for kind in kinds
        }
        found: dict[str, dict[str, str]] = {name: {} for name in promised}
        for name, column, kind in connection.execute(
            "select table_name, column_name, data_type from duckdb_columns() "
            "where table_name in ? order by table_name, column_index",
            [[*promised]],
        ).fetchall():
            found[name][column] = kind
    told = {
        name: {column: known[kind] for column, kind in columns.items()}
        for name, columns in promised.items()
    }
    return {name: (told[name], found[name]) for name in promised if told[name] != found[name]}


def _make_way(connection: duckdb.DuckDBPyConnection, nodes: Iterable[Node]) -> None:
    """As dbt does: make the schemas, drop views where a table is to come, and the reverse."""
    standing = kinds_of_relations(connection)
    for node in nodes:
        if node.kind == "test":
            continue
        connection.execute(f'create schema if not exists "{node.schema}"')
        before = standing.get(f"{node.schema}.{node.alias}")
        if before and before != ("view" if node.is_view else "table"):
            connection.execute(f"drop {before} {node.relation}")


class _Workers:
    """Threads with a connection of their own each to one database."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, at_once: int) -> None:
        self._connection = connection
        self._own = threading.local()
        self._opened: list[duckdb.DuckDBPyConnection] = []
        self._given: set[Future[NodeResult]] = set()
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="statement")

    def give(self, node: Node, text: str) -> None:
        """Hand in a statement; they begin in the order in which they were handed in."""
        self._given.add(self._threads.submit(self._run, node, text))

    def ended(self) -> list[NodeResult]:
        """Wait for one at least of those given, and let go of those that have ended."""
        done, self._given = wait(self._given, return_when=FIRST_COMPLETED)
        return [future.result() for future in done]

    def stop(self) -> None:
        """Break off what is at work, and begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        while not all(future.done() for future in self._given):
            for connection in self._opened:  # one that has not begun yet does not hear it
                connection.interrupt()
            time.sleep(BETWEEN_INTERRUPTS_SECONDS)
        self._threads.shutdown()
        for connection in self._opened:
            connection.close()

    def _run(self, node: Node, text: str) -> NodeResult:
        if not hasattr(self._own, "connection"):
            self._own.connection = self._connection.cursor()
            self._opened.append(self._own.connection)
        begun = time.perf_counter()
        try:
            rows = self._own.connection.execute(text).fetchall()
        except duckdb.Error as fault:
            status, message = "error", str(fault)
        else:
            has_found = node.kind == "test" and rows[0][-1]
            status = "fail" if has_found else "success"
            message = f"Got {rows[0][0]} results" if has_found else ""
        return NodeResult(node.unique_id, status, time.perf_counter() - begun, message)
