"""What one step begins for the next."""

import threading

import pytest

from pipelines.defs.ahead import Ahead


def test_what_was_begun_is_not_done_again() -> None:
    ahead, done = Ahead(), []
    ahead.begin("run", lambda: done.append("begun"))
    ahead.finish("run", lambda: done.append("again"))
    assert done == ["begun"]


def test_what_nobody_began_is_done() -> None:
    done: list[str] = []
    Ahead().finish("run", lambda: done.append("now"))
    assert done == ["now"]


def test_what_was_begun_for_a_run_that_failed_is_not_taken_by_another() -> None:
    ahead, done = Ahead(), []
    let_go = threading.Event()
    ahead.begin("failed", lambda: done.append("failed") if let_go.wait(10) else None)
    threading.Timer(0.05, let_go.set).start()
    ahead.finish("run", lambda: done.append("run"))
    assert done == ["failed", "run"]


def test_what_goes_wrong_is_told_by_the_step_it_belongs_to() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    ahead = Ahead()
    ahead.begin("run", fail)
    with pytest.raises(ZeroDivisionError):
        ahead.finish("run", lambda: None)
