"""Deliveries as they are written: each appears whole, and what takes long is written beside.

To put rows into a database or a workbook takes a third of the time of making a large city. Belongs
here: who writes when, and that deliveries appear whole and in order. Does not belong here: what is
written (`writers`).
"""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from types import TracebackType
from typing import Any

MOST_WAITING = 8
"""Files handed over and not yet written: what waits is held in memory."""


@dataclass
class Draft:
    """A delivery that is being written, and will lie at `final`."""

    final: Path
    press: "Press"
    pending: list[Future[None]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where its files are put together."""
        return self.final.with_name(f".{self.final.name}.part")

    def write(self, write: Callable[..., None], name: str, *content: Any) -> None:
        """Have a file written beside: `write(path, *content)`."""
        self.pending.append(self.press.hand_over(write, self.folder / name, *content))


class Press:
    """Puts each delivery in its place when all its files are written.

    A context manager: on leaving, every delivery is there. One is put in its place before the next
    of the same department begins.
    """

    def __init__(self) -> None:
        self._beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="press")
        self._room = BoundedSemaphore(MOST_WAITING)
        self._drafts: list[Draft] = []

    def __enter__(self) -> "Press":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if fault is None:
                self._put_in_place(self._drafts)
        finally:
            self._beside.shutdown(cancel_futures=True)

    @contextmanager
    def delivery(self, final: Path) -> Iterator[Draft]:
        """A delivery to be written to a folder that is not there yet."""
        self._put_in_place([draft for draft in self._drafts if draft.final.parent == final.parent])
        draft = Draft(final, self)
        shutil.rmtree(draft.folder, ignore_errors=True)
        draft.folder.mkdir(parents=True, mode=0o700)
        yield draft
        self._drafts.append(draft)

    def hand_over(self, write: Callable[..., None], path: Path, *content: Any) -> Future[None]:
        """Have one file written; waits where too many are waiting."""
        self._room.acquire()
        written = self._beside.submit(write, path, *content)
        written.add_done_callback(lambda _: self._room.release())
        return written

    def _put_in_place(self, drafts: list[Draft]) -> None:
        for draft in [*drafts]:
            for future in draft.pending:
                future.result()
            draft.folder.replace(draft.final)
            self._drafts.remove(draft)
