"""Work of the next step, begun while the results of a step are being recorded.

The orchestrator records two hundred models one by one, in plain Python, and meanwhile the
databases would have nothing to do. What was begun is finished by the step that it belongs to;
a step that is run by itself, with nothing begun for it, does its work as ever.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Ahead:
    """Work by the run it belongs to; one at a time."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead")
        self._begun: dict[str, Future[None]] = {}

    def begin(self, run_id: str, work: Callable[[], None]) -> None:
        """Begin the work of a run; what goes wrong with it is raised where it is finished."""
        self._begun[run_id] = self._worker.submit(work)

    def finish(self, run_id: str, work: Callable[[], None]) -> None:
        """Wait for what was begun for a run, or do it now.

        Work of another run that was begun and never finished, because that run failed, ends first.
        """
        begun = self._begun.pop(run_id, None) or self._worker.submit(work)
        begun.result()
