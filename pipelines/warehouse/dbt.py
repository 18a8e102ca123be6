"""Running dbt in this process: the project parsed once, then built for one day at a time.

Only this module talks to dbt. It sets no rule and knows no model by name.
"""

import json
import os
import pickle
import signal
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
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
from pipelines.warehouse.project_cache import ProjectCache
from pipelines.warehouse.rendered import texts_of
from pipelines.warehouse.standing import REGISTERS, THE_REST, Given, Lineage, Standing
from pipelines.warehouse.work_database import set_day, work_database

PARSED, DESCRIBED, RENDERED = "parsed.pickle", "manifest.json", "rendered.json"
"""What is kept of a project: dbt's own objects, its description for others, texts of models."""

CHOSEN = "chosen"
"""Tag of the nodes of one build: dbt looks through all nodes once for it, and for every name."""


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

    @property
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
    def _texts(self) -> dict[str, str]:
        """Texts of models as dbt rendered them on earlier days, by node."""
        kept = self._cache.read(RENDERED)
        return {} if kept is None else dict(json.loads(kept))

    def _keep_texts(self, built: Iterable[Any]) -> None:
        found = texts_of(self._lineage, built)
        if found.keys() - self._texts.keys():
            self._texts |= found
            self._cache.write(RENDERED, json.dumps(self._texts).encode())

    @cached_property
    def _lineage(self) -> Lineage:
        return Lineage(self.parse(), self._cache.files)

    def warm_up(self) -> None:
        """Import dbt and take up the project beside what this process does meanwhile.

        A process that ends before waits for it: torn out of an import, libraries complain.
        """
        threading.Thread(target=self.parse).start()

    def build(self, on_date: date, given: Mapping[str, Given]) -> list[NodeResult]:
        """Build seeds, models and their tests for a day; what stands is told as such.

        Each model and seed is told after what it reads, and the tests after them.

        Args:
            on_date: the day; models ask for it through the macro `run_date()`.
            given: of each source relation by its full name what it is made of.

        Raises:
            WenduError: a node failed; names the first and what dbt said of it.
        """
        standing = Standing(work_database(self.home), self._lineage, str(on_date), given)
        set_day(self.home, on_date)
        built: dict[str, NodeResult] = {}
        for stage in (REGISTERS, THE_REST):
            stale = standing.stale(stage)
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
            on_date, [node.unique_id for node in self._lineage.in_order if node.name in select]
        )

    def _run(self, on_date: date, chosen: Collection[str]) -> list[NodeResult]:
        if not chosen:
            return []
        manifest = self.parse()
        tags = {unique_id: [*manifest.nodes[unique_id].tags, CHOSEN] for unique_id in chosen}
        arguments = ["build", "--fail-fast", "--exclude-resource-type", "unit_test"]
        with (
            _nodes_with(manifest, "raw_code", self._texts),
            _nodes_with(manifest, "tags", tags),
        ):
            result = self._invoke(
                [*arguments, "--no-write-json", "--select", f"tag:{CHOSEN}"], manifest
            )
        nodes = _results_of(result)
        failed = [node for node in nodes if node.status in ("error", "fail")]
        if failed or not result.success:
            first = failed[0] if failed else None
            fault = WenduError(
                f"The warehouse of {on_date} was not built: {first.name if first else 'dbt'} "
                "failed, nothing was published; --debug shows what it says."
            )
            fault.add_note(f"dbt: {first.message if first else result.exception}")
            raise fault
        self._keep_texts(run.node for run in result.result.results)
        return nodes

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

        # Upon a `KeyboardInterrupt` dbt ends its queries in good order; the orchestrator's own kind
        # of interrupt, which is for the steps of its runs, leaves them at work.
        with handling(signal.default_int_handler, signal.SIGINT, signal.SIGTERM):
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


@contextmanager
def _nodes_with(manifest: Any, attribute: str, values: Mapping[str, Any]) -> Iterator[None]:
    """Let nodes of a manifest have these values of an attribute, and their own again afterwards."""
    own = {unique_id: getattr(manifest.nodes[unique_id], attribute) for unique_id in values}
    try:
        for unique_id, value in values.items():
            setattr(manifest.nodes[unique_id], attribute, value)
        yield
    finally:
        for unique_id, value in own.items():
            setattr(manifest.nodes[unique_id], attribute, value)


def _results_of(result: Any) -> list[NodeResult]:
    return [
        NodeResult(run.node.unique_id, str(run.status), run.execution_time, str(run.message or ""))
        for run in getattr(result.result, "results", [])
    ]
