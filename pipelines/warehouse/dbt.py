"""Running dbt in this process: the project parsed once, then built for one day at a time.

Only this module talks to dbt. It sets no rule and knows no model by name.
"""

import hashlib
import json
import os
import pickle
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipelines.settings import (
    DBT_PROJECT,
    EXPECTATIONS,
    NOT_OF_THE_PROJECT,
    Home,
    WenduError,
)
from pipelines.warehouse.standing import REGISTERS, THE_REST, Given, Lineage, Standing
from pipelines.warehouse.work_database import work_database

PARSED, DESCRIBED = "parsed.pickle", "manifest.json"
"""What is kept of a parsed project: dbt's own objects, and its description for others."""

KEPT_PARSED = 8
"""How many parsed projects are kept: the shipped one, cities' own, and those being worked on."""


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
        self._manifest: Any = None
        self._parsing = threading.Lock()

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The parsed project as dbt describes it to others; dbt is imported only to parse."""
        if (described := self._kept(DESCRIBED)) is None:
            self.parse()
            described = self._kept(DESCRIBED)
        assert described is not None, "it is kept before what was parsed is"
        return dict(json.loads(described))

    def parse(self) -> Any:
        """Parse the project, or take up what was parsed of the same files before.

        Parsing takes ten seconds and depends on the project's files alone, so that all homes
        share what is kept of it beside the project as it is shipped; where nothing can be
        written there, each home keeps its own.
        """
        with self._parsing:
            if self._manifest is None:
                from dbt.cli.main import Manifest  # noqa: PLC0415 - dbt takes seconds to import

                place = _first_writable(DBT_PROJECT / "target", self.target)
                with FileLock(place / "parsing.lock"):
                    parsed = self._kept(PARSED)
                    if parsed is not None:
                        self._manifest = Manifest(**pickle.loads(parsed))
                    else:
                        self._manifest = self._invoke(["parse"]).result
                        self._keep(place)
            return self._manifest

    def _keep(self, place: Path) -> None:
        # Its own way of being pickled forgets a field; what it looks up by is made anew.
        parts = {
            part.name: getattr(self._manifest, part.name)
            for part in fields(self._manifest)
            if not part.name.startswith("_")
        }
        described = (self.target / "manifest.json").read_bytes()
        for kind, told in ((DESCRIBED, described), (PARSED, pickle.dumps(parts))):
            unfinished = place / f"{kind}.unfinished"
            unfinished.write_bytes(told)
            unfinished.replace(place / f"{self._hash_of_files[:16]}.{kind}")
            every = sorted(place.glob(f"*.{kind}"), key=lambda file: file.stat().st_mtime)
            for older in every[:-KEPT_PARSED]:
                older.unlink()

    def _kept(self, kind: str) -> bytes | None:
        """What is kept under the hash of the project's files and of dbt's versions."""
        for place in (DBT_PROJECT / "target", self.target):
            file = place / f"{self._hash_of_files[:16]}.{kind}"
            try:
                return file.read_bytes()
            except FileNotFoundError:
                continue
        return None

    def warm_up(self) -> None:
        """Import dbt and take up the project beside what this process does meanwhile."""
        threading.Thread(target=self.parse, daemon=True).start()

    @cached_property
    def _hash_of_files(self) -> str:
        """Of the project's files, and of the declarations that give the lake its columns."""
        told = hashlib.sha256(f"{version('dbt-core')} {version('dbt-duckdb')}".encode())
        for folder in (self.project, EXPECTATIONS / "sources"):
            for file in sorted(folder.rglob("*")):
                name = file.relative_to(folder)
                if file.is_file() and name.parts[0] not in NOT_OF_THE_PROJECT:
                    told.update(f"{name} ".encode() + file.read_bytes())
        return told.hexdigest()

    def build(self, on_date: date, given: Mapping[str, Given]) -> list[NodeResult]:
        """Build seeds, models and their tests for a day; what stands is told as such.

        Each model and seed is told after what it reads, and the tests after them.

        Args:
            on_date: the day; models read it through the macro `run_date()`.
            given: of each source relation by its full name what it is made of.

        Raises:
            WenduError: a node failed; names the first and what dbt said of it.
        """
        manifest = self.parse()
        standing = Standing(
            work_database(self.home), Lineage(manifest, self._hash_of_files), str(on_date), given
        )
        built: dict[str, NodeResult] = {}
        for stage in (REGISTERS, THE_REST):
            stale = standing.stale(stage)
            standing.take_back(stale)
            names = [manifest.nodes[node].name for node in stale]
            built |= {result.unique_id: result for result in self.build_nodes(on_date, names)}
            standing.note(stale)
        in_order = [node.unique_id for node in standing.lineage.in_order]
        stands = {node: NodeResult(node, "stands", 0.0, "") for node in in_order}
        return list((stands | built).values())

    def build_nodes(self, on_date: date, select: Sequence[str]) -> list[NodeResult]:
        """Build the nodes of these names and their tests, whatever stands.

        Raises:
            WenduError: as `build`.
        """
        if not select:
            return []
        arguments = ["build", "--vars", f"{{on_date: '{on_date}'}}", "--fail-fast"]
        arguments += ["--exclude-resource-type", "unit_test", "--no-write-json"]
        result = self._invoke([*arguments, "--select", *select], self.parse())
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
        if result.exception is not None and result.result is None:
            raise WenduError(f"dbt could not read the project: {result.exception}")
        return result


def _first_writable(*places: Path) -> Path:
    for place in places[:-1]:
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(place, os.W_OK):
            return place
    places[-1].mkdir(parents=True, exist_ok=True)
    return places[-1]


def _results_of(result: Any) -> list[NodeResult]:
    return [
        NodeResult(run.node.unique_id, str(run.status), run.execution_time, str(run.message or ""))
        for run in getattr(result.result, "results", [])
    ]
