"""Work of a step, begun before the orchestrator comes to it.

The orchestrator takes one step after the other, and much of its own work is plain Python, during
which the databases have nothing to do: departments are received while it gets ready and beside
each other, or while the day before is published; the first marts are written while it records two
hundred models. What was begun is finished by the step that it belongs to; a step with nothing
begun for it does its work as ever.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar, cast

Result = TypeVar("Result")

AT_ONCE = 2
"""Pieces of work: one for each core of the smallest machine this runs on."""


class Ahead:
    """Work by the run and the step it belongs to; of one step one piece at a time."""

    def __init__(self) -> None:
        self._workers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ahead")
        self._begun: dict[tuple[str, str], Future[Any]] = {}

    def begin(self, run_id: str, step: str, work: Callable[[], object]) -> None:
        """Begin the work of a step; what goes wrong with it is raised where it is finished.

        Work of the same step begun by another run, which failed and never finished it, ends first.
        """
        earlier = [future for (_, begun), future in self._begun.items() if begun == step]

        def begin() -> object:
            wait(earlier)
            return work()

        self._begun[run_id, step] = self._workers.submit(begin)

    def has_begun(self, run_id: str, step: str) -> bool:
        """Whether the work of a step was begun for a run, and not finished by it yet."""
        return (run_id, step) in self._begun

    def finish(self, run_id: str, step: str, work: Callable[[], Result]) -> Result:
        """Wait for what was begun for a step of a run, or do it now; its result."""
        if (run_id, step) not in self._begun:
            self.begin(run_id, step, work)
        return cast("Result", self._begun.pop((run_id, step)).result())

    def close(self) -> None:
        """Wait for what is being done; what was not begun is left."""
        self._workers.shutdown(wait=True, cancel_futures=True)
