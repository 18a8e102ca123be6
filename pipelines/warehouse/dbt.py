"""Building the dbt project for one day at a time, in this process.

dbt parses the project once, and runs each seed, model and test for the first time; what it ran is
kept and run again without it (`statements`). Only this module talks to dbt. It sets no rule and
knows no model by name.
"""

import json
import os
import pickle
import signal
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.settings import (
    DBT_PROJECT,
    Home,
    WenduError,
    full_disk_sentence,
    handling,
    is_full_disk,
)
from pipelines.warehouse.nodes import REGISTERS, THE_REST, Lineage
from pipelines.warehouse.project_cache import ProjectCache
from pipelines.warehouse.standing import Given, Standing, open_to_build
from pipelines.warehouse.statements import (
    NodeResult,
    Statement,
    run_statements,
    statements_of,
    unlike,
)
from pipelines.warehouse.work_database import set_day, work_database

PARSED, DESCRIBED, STATEMENTS = "parsed.pickle", "manifest.json", "statements-1.json"
"""What is kept of a project: dbt's own objects, its description for others, what it ran. The number
grows with another form of what was run."""

PROFILE = "profiles.yml"
"""Where the project says with which settings the work database is opened."""

CHOSEN = "chosen"
"""Tag of the nodes of one build: dbt looks through all nodes once for it, and for every name."""


class DbtProject:
    """The dbt project bound to one home: its work database, target folder and parsed manifest.

    `project` is the project's folder: this one's own, or a copy with other policy rows.
    """

    def __init__(self, home: Home, project: Path = DBT_PROJECT) -> None:
        self.home = home
        self.project = project
        self.target = home.warehouse / "dbt"
        self._cache = ProjectCache(project, self.target)
        self._manifest: Any = None
        self._parsing = threading.Lock()

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The parsed project as dbt describes it to others; dbt is imported only to parse."""
        if (described := self._cache.read(DESCRIBED)) is None:
            self.parse()
            described = self._cache.read(DESCRIBED)
        assert described is not None, "it is kept before what was parsed is"
        manifest = dict(json.loads(described))
        # As in `_take_for_its_own`: tables of names are read from their files.
        for node in manifest["nodes"].values():
            if node.get("root_path"):
                node["root_path"] = str(self.project.absolute())
        return manifest

    def parse(self) -> Any:
        """Parse the project, which takes ten seconds, or take up what was parsed before."""
        with self._parsing:
            if self._manifest is None:
                from dbt.cli.main import Manifest  # noqa: PLC0415 - dbt takes seconds to import

                with self._cache.lock:
                    if (parsed := self._cache.read(PARSED)) is not None:
                        self._manifest = Manifest(**pickle.loads(parsed))
                        self._take_for_its_own()
                    else:
                        self._manifest = self._invoke(["parse"]).result
                        self._keep_parsed()
            return self._manifest

    def _take_for_its_own(self) -> None:
        # Seeds are read where it was parsed: another folder, perhaps a replay's, long gone.
        for node in self._manifest.nodes.values():
            if getattr(node, "root_path", None):
                node.root_path = str(self.project.absolute())

    def _keep_parsed(self) -> None:
        # Its own way of being pickled forgets a field; what it looks up by is made anew.
        parts = {
            part.name: getattr(self._manifest, part.name)
            for part in fields(self._manifest)
            if not part.name.startswith("_")
        }
        self._cache.write(DESCRIBED, (self.target / "manifest.json").read_bytes())
        self._cache.write(PARSED, pickle.dumps(parts))

    @cached_property
    def statements(self) -> dict[str, Statement]:
        """What dbt ran so far for seeds, models and tests of the project, by node."""
        return self._kept_statements()

    def _kept_statements(self) -> dict[str, Statement]:
        kept = self._cache.read(STATEMENTS)
        told = {} if kept is None else json.loads(kept)
        return {unique_id: Statement(**statement) for unique_id, statement in told.items()}

    def _keep_statements(self, built: Iterable[Any]) -> None:
        found = statements_of(built, self.project)
        # Rows of seeds that were changed meanwhile are in the statements, and not in the hash.
        if not found.keys() - self.statements.keys() or not self._cache.is_of_these_files:
            return
        with self._cache.lock:  # another process may have kept more
            self.statements.update(self._kept_statements() | found)
            told = {unique_id: asdict(kept) for unique_id, kept in self.statements.items()}
            self._cache.write(STATEMENTS, json.dumps(told).encode())

    @cached_property
    def lineage(self) -> Lineage:
        """What of the project is made of what."""
        return Lineage(self.manifest, self._cache.files)

    def warm_up(self) -> None:
        """Import dbt and take up the project beside what this process does meanwhile.

        It does so where dbt will be needed: to run what it never ran. A process that ends before
        waits for it: torn out of an import, libraries complain.
        """
        if self._cache.read(DESCRIBED) is None or self._never_run():
            threading.Thread(target=self.parse).start()

    def _never_run(self) -> set[str]:
        """Seeds and models that dbt has not run yet."""
        return {node.unique_id for node in self.lineage.in_order} - self.statements.keys()

    def _runs_without_dbt(self) -> bool:
        """Whether nothing is left that dbt, which keeps the work database to itself, must run."""
        nodes = {node.unique_id for node in self.lineage.in_order}
        tests = {node.unique_id for node in self.lineage.tests_of(nodes)}
        return nodes | tests <= self.statements.keys()

    def build(self, on_date: date, given: Mapping[str, Given]) -> list[NodeResult]:
        """Build seeds, models and their tests for a day; what stands is told as such.

        Each model and seed is told after what it reads, and the tests after them. The work database
        stays open from the first statement to the last, so that what one wrote the next finds in
        memory.

        Args:
            on_date: the day; models ask for it through the macro `run_date()`.
            given: of each source relation by its full name what it is made of.

        Raises:
            WenduError: a node failed; names the first and what dbt said of it.
        """
        database, profile = work_database(self.home), self.project / PROFILE
        standing = Standing(database, profile, self.lineage, str(on_date), given)
        set_day(self.home, on_date)
        built: dict[str, NodeResult] = {}
        with ExitStack() as kept:
            if self._runs_without_dbt():
                kept.enter_context(open_to_build(database, profile))
            for stage in (REGISTERS, THE_REST):
                stale = standing.stale(stage, self._never_run())
                standing.take_back(stale)
                built |= {result.unique_id: result for result in self._run(on_date, stale)}
                standing.note(stage, stale)
            standing.tell()
        in_order = [node.unique_id for node in standing.lineage.in_order]
        stands = {node: NodeResult(node, "stands", 0.0, "") for node in in_order}
        return list((stands | built).values())

    def build_nodes(self, on_date: date, select: Sequence[str]) -> list[NodeResult]:
        """Build the models and seeds of these names and their tests, whatever stands.

        Raises:
            WenduError: as `build`.
        """
        set_day(self.home, on_date)
        return self._run(
            on_date, [node.unique_id for node in self.lineage.in_order if node.name in select]
        )

    def _run(self, on_date: date, chosen: Collection[str]) -> list[NodeResult]:
        """Run models and seeds with their tests; all of them by dbt if it never ran one."""
        in_order = [*self.lineage.in_order, *self.lineage.tests_of(chosen)]
        due = {*chosen} | {node.unique_id for node in in_order if node.kind == "test"}
        if due - self.statements.keys():
            return self._run_by_dbt(on_date, due)
        with _interrupted_in_good_order():
            results = run_statements(
                work_database(self.home),
                self.project / PROFILE,
                [node for node in in_order if node.unique_id in due],
                self.lineage.turns(due),
                self.statements,
            )
        self._require_built(on_date, results)
        self._require_contracts(on_date, due)
        return results

    def _run_by_dbt(self, on_date: date, chosen: Collection[str]) -> list[NodeResult]:
        manifest = self.parse()
        with _tagged(manifest, chosen):
            result = self._invoke(
                [
                    "build", "--fail-fast", "--exclude-resource-type", "unit_test",
                    "--indirect-selection", "empty", "--no-write-json",
                    "--select", f"tag:{CHOSEN}",
                ],
                manifest,
            )  # fmt: skip
        self._keep_statements(getattr(result.result, "results", []))
        nodes = _results_of(result)
        self._require_built(on_date, nodes)
        if not result.success:
            raise _not_built(on_date, "dbt", str(result.exception))
        return nodes

    def _require_built(self, on_date: date, nodes: Iterable[NodeResult]) -> None:
        first = next((node for node in nodes if node.has_failed), None)
        if first is None:
            return
        if is_full_disk(first.message):
            raise WenduError(full_disk_sentence(self.home))
        raise _not_built(on_date, first.name, first.message)

    def _require_contracts(self, on_date: date, built: Collection[str]) -> None:
        """Hold what was built against its contract, as dbt does: a home has shelves of its own."""
        promised = {
            node["name"]: {name: told["data_type"] for name, told in node["columns"].items()}
            for node in map(self.manifest["nodes"].__getitem__, built)
            if node["config"].get("contract", {}).get("enforced")
        }
        database, profile = work_database(self.home), self.project / PROFILE
        for name, (promises, found) in unlike(database, profile, promised).items():
            raise _not_built(on_date, name, f"promised {promises}, found {found}")

    def test_units(self) -> list[NodeResult]:
        """Run the unit tests beside the models; the work database must hold their inputs."""
        manifest = self.parse()
        result = self._invoke(["test", "--select", "test_type:unit", "--no-write-json"], manifest)
        return _results_of(result)

    def _invoke(self, arguments: Sequence[str], manifest: Any = None) -> Any:
        os.environ |= {
            "WENDU_WORK_DATABASE": str(work_database(self.home)),
            "DO_NOT_TRACK": "1",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415 - dbt takes seconds to import
        from dbt.cli.main import dbtRunner  # noqa: PLC0415 - dbt takes seconds to import

        with _interrupted_in_good_order():
            result = dbtRunner(manifest=manifest).invoke(
                [
                    "--quiet", "--log-level", "none", "--no-use-colors",
                    "--log-path", str(self.target / "logs"),
                    "--log-level-file", "none",
                    *arguments,
                    "--project-dir", str(self.project), "--profiles-dir", str(self.project),
                    "--target-path", str(self.target),
                ]
            )  # fmt: skip
        # An open writer would keep every later reader of this process out.
        DuckDBConnectionManager.close_all_connections()
        if isinstance(result.exception, KeyboardInterrupt):
            raise result.exception
        if result.exception is not None and is_full_disk(str(result.exception)):
            raise WenduError(full_disk_sentence(self.home))
        if result.exception is not None and result.result is None:
            raise WenduError(f"dbt could not read the project: {result.exception}")
        return result


def _interrupted_in_good_order() -> AbstractContextManager[None]:
    """Within, a signal to stop is a `KeyboardInterrupt`, upon which queries at work are ended.

    The orchestrator's own kind of interrupt, which is for the steps of its runs, leaves them.
    """
    return handling(signal.default_int_handler, signal.SIGINT, signal.SIGTERM)


def _not_built(on_date: date, name: str, why: str) -> WenduError:
    fault = WenduError(
        f"The warehouse of {on_date} was not built: {name} failed, nothing was published; --debug "
        "shows what it says."
    )
    fault.add_note(f"{name}: {why}")
    return fault


@contextmanager
def _tagged(manifest: Any, chosen: Collection[str]) -> Iterator[None]:
    """Let nodes of a manifest have the tag of what is chosen, and their own again afterwards."""
    own = {unique_id: manifest.nodes[unique_id].tags for unique_id in chosen}
    try:
        for unique_id, tags in own.items():
            manifest.nodes[unique_id].tags = [*tags, CHOSEN]
        yield
    finally:
        for unique_id, tags in own.items():
            manifest.nodes[unique_id].tags = tags


def _results_of(result: Any) -> list[NodeResult]:
    return [
        NodeResult(run.node.unique_id, str(run.status), run.execution_time, str(run.message or ""))
        for run in getattr(result.result, "results", [])
    ]
