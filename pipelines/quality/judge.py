"""The judge: a process of its own that imports Great Expectations while its parent goes on.

Here is how to ask and how to shut down. What is asked stands in `promises`, how it is computed in
`engine`, which this process never imports.
"""

import atexit
import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from pipelines.contracts.sources import Expectation
from pipelines.quality.verdict import QualityError, Verdict
from pipelines.settings import handling

if TYPE_CHECKING:
    from pipelines.quality.engine import Engine

_engine: "Engine | None" = None
"""The engine of the judging process; stays empty everywhere else."""


class Judge:
    """Judges tables in a process of its own. A context manager; one per run.

    The process starts importing on entry, so enter early and ask late. Tables are judged in the
    order in which they were handed in.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._ready: Future[None] | None = None
        self._processes: list[BaseProcess] = []

    def __enter__(self) -> "Judge":
        before = multiprocessing.active_children()
        self._pool = ProcessPoolExecutor(
            max_workers=1, mp_context=multiprocessing.get_context("spawn"), initializer=_start
        )
        # Deaf to Ctrl-C while it imports; one that another thread starts is so once it is ready.
        with handling(signal.SIG_IGN, signal.SIGINT):
            self._ready = self._pool.submit(_is_ready)
        self._processes = [
            process for process in multiprocessing.active_children() if process not in before
        ]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is None:
            return
        if kind is not None or not (self._ready and self._ready.done()):
            for process in self._processes:
                process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None

    @property
    def process_id(self) -> int:
        """The judging process, for those who measure it."""
        [process] = self._processes
        return process.pid or 0

    def submit(
        self, expectations: Sequence[Expectation], parquet: Path | Sequence[Path], name: str
    ) -> "Future[Verdict]":
        """Hand a table in and go on; the answer is in the future.

        Args:
            expectations: all that is expected of the table, judged in one go.
            parquet: the file or files that hold its rows.
            name: what to call the table in messages.

        Raises:
            QualityError: the judge was not entered, or has died.
        """
        if self._pool is None:
            raise QualityError(f"{name} was handed to a judge that is not open; open it first.")
        files = [parquet] if isinstance(parquet, Path) else list(parquet)
        answer: Future[Verdict] = Future()
        answer.set_running_or_notify_cancel()
        try:
            asked = self._pool.submit(_judge, tuple(expectations), files)
        except BrokenProcessPool as fault:
            raise _died(name) from fault
        asked.add_done_callback(lambda done: _pass_on(done, answer, name))
        return answer

    def judge(
        self, expectations: Sequence[Expectation], parquet: Path | Sequence[Path], name: str
    ) -> Verdict:
        """Judge a table and wait for the verdict.

        Raises:
            QualityError: the judge died, was not entered, or could not read the table at all.
        """
        return self.submit(expectations, parquet, name).result()


def _died(name: str) -> QualityError:
    return QualityError(
        f"The judging process ended before it had judged {name}; "
        "check the free memory of this machine and run again."
    )


def _pass_on(done: "Future[Verdict]", answer: "Future[Verdict]", name: str) -> None:
    """Hand an answer on; what went wrong becomes one sentence without the text of the error."""
    try:
        answer.set_result(done.result())
    except (BrokenProcessPool, CancelledError) as fault:
        sentence = _died(name)
        sentence.__cause__ = fault
        answer.set_exception(sentence)
    except Exception as fault:
        answer.set_exception(
            QualityError(
                f"{name} could not be judged ({type(fault).__name__}); "
                "check that its Parquet file is whole and its expectations name its columns."
            )
        )


def _start() -> None:
    """In the judging process: leave when the parent is gone, then import and get ready."""
    global _engine  # noqa: PLW0603 - the one thing this process is for
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # DuckDB's binding reports what the interpreter did not free at exit; nothing is left to free.
    atexit.register(os._exit, 0)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        from pipelines.quality.engine import Engine  # noqa: PLC0415 - only in this process

        _engine = Engine()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _is_ready() -> None:
    """The first task: comes back when the initializer is done."""


def _judge(expectations: tuple[Expectation, ...], files: list[Path]) -> Verdict:
    assert _engine is not None
    return _engine.judge(expectations, files)
