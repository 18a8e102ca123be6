"""What is worked out of a dbt project's files alone, kept for every home that has the same files.

It lies beside the project as it is shipped; where nothing can be written there, each home keeps
its own. Does not belong here: what is kept (`dbt`, `statements`), anything that follows from rows.
"""

import contextlib
import os
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from pipelines.settings import DBT_PROJECT, EXPECTATIONS, put_in_place
from pipelines.warehouse.project_files import hash_of_files
from pipelines.warehouse.standing import hash_of

LOCK = "keeping.lock"

KEPT = 8
"""Of how many projects: the shipped one, cities' own, and those being worked on."""


class ProjectCache:
    """Contents by kind, under the hash of a project's files.

    Args:
        project: the project's folder.
        own: the home's folder, for where the shipped project's cannot be written to.
    """

    def __init__(self, project: Path, own: Path) -> None:
        self._project = project
        self._places = (DBT_PROJECT / "target", own)

    @cached_property
    def files(self) -> str:
        """Hash of dbt's versions, the project's files, and the declarations of the lake."""
        files = hash_of_files(self._project, EXPECTATIONS / "sources")
        return hash_of(version("dbt-core"), version("dbt-duckdb"), files)

    @property
    def is_of_these_files(self) -> bool:
        """Whether the files are still those whose hash was taken."""
        return ProjectCache(self._project, self._places[-1]).files == self.files

    @cached_property
    def lock(self) -> FileLock:
        """Held by who works something out that others may be waiting for; reentrant."""
        return FileLock(self._place / LOCK)

    def read(self, kind: str) -> bytes | None:
        """What is kept of a kind; None where nothing is."""
        for place in self._places:
            file = place / self._name(kind)
            try:
                content = file.read_bytes()
            except OSError:
                continue
            with contextlib.suppress(OSError):  # what is used is not let go of
                os.utime(file)
            return content
        return None

    def write(self, kind: str, content: bytes) -> None:
        """Keep a content, and let go of what was kept of the oldest projects."""
        with self.lock:
            unfinished = self._place / f"{kind}.unfinished"
            unfinished.write_bytes(content)
            put_in_place(unfinished, self._place / self._name(kind))
            every = sorted(self._place.glob(f"*.{kind}"), key=lambda file: file.stat().st_mtime)
            for older in every[:-KEPT]:
                older.unlink()

    def _name(self, kind: str) -> str:
        return f"{self.files[:16]}.{kind}"

    @cached_property
    def _place(self) -> Path:
        for place in self._places:
            try:
                place.mkdir(parents=True, exist_ok=True)
            except OSError:
                continue
            lock = place / LOCK  # another account may have left it
            if os.access(place, os.W_OK) and (os.access(lock, os.W_OK) or not lock.exists()):
                return place
        return self._places[-1]
