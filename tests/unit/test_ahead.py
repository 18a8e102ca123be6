"""What is begun before its step comes."""

import threading
from collections.abc import Iterator

import pytest

from pipelines.defs.ahead import Ahead


@pytest.fixture
def ahead() -> Iterator[Ahead]:
    begun = Ahead()
    yield begun
    begun.close()


def test_what_was_begun_is_not_done_again(ahead: Ahead) -> None:
    ahead.begin("run", "step", lambda: "begun")
    assert ahead.finish("run", "step", lambda: "again") == "begun"


def test_what_nobody_began_is_done(ahead: Ahead) -> None:
    ahead.begin("run", "another step", lambda: "begun")
    assert ahead.finish("run", "step", lambda: "now") == "now"


def test_two_steps_go_on_beside_each_other(ahead: Ahead) -> None:
    both = threading.Barrier(2, timeout=10)
    ahead.begin("run", "one", both.wait)
    ahead.finish("run", "other", both.wait)


def test_what_was_begun_for_a_run_that_failed_is_not_taken_by_another(ahead: Ahead) -> None:
    let_go, done = threading.Event(), list[str]()
    ahead.begin("failed", "step", lambda: done.append("failed") if let_go.wait(10) else None)
    threading.Timer(0.05, let_go.set).start()
    ahead.finish("run", "step", lambda: done.append("run"))
    assert done == ["failed", "run"]


def test_what_goes_wrong_is_told_by_the_step_it_belongs_to(ahead: Ahead) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    ahead.begin("run", "step", fail)
    with pytest.raises(ZeroDivisionError):
        ahead.finish("run", "step", lambda: None)
    assert ahead.finish("next run", "step", lambda: "done") == "done"


def test_who_closes_waits_for_what_is_being_done() -> None:
    ahead, let_go, done = Ahead(), threading.Event(), list[str]()
    ahead.begin("run", "step", lambda: done.append("done") if let_go.wait(10) else None)
    threading.Timer(0.05, let_go.set).start()
    ahead.close()
    assert done == ["done"]
