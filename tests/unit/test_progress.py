"""What a person sees while long work goes on."""

import io

import pytest
from rich.console import Console

from pipelines.commands.progress import Steps


def console(*, is_terminal: bool, **more: str) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=is_terminal, width=100, color_system=None,
        _environ={"TERM": "xterm", **more},
    )  # fmt: skip


def written(to: Console) -> str:
    assert isinstance(to.file, io.StringIO)
    return to.file.getvalue()


def test_elsewhere_than_on_a_terminal_each_step_is_one_plain_line():
    told = console(is_terminal=False)
    steps = Steps(told)
    steps.expect(2, "2024-05-01")
    steps.begin("receive_finance")
    steps.begin("build_warehouse")
    steps.stop()
    assert written(told) == "  receive finance …\n  build warehouse …\n"


def test_a_terminal_shows_the_day_and_the_step_and_nothing_of_it_stays():
    told = console(is_terminal=True)
    steps = Steps(told)
    steps.expect(2, "2024-05-01")
    steps.begin("receive_finance")
    steps.begin("build_warehouse")
    steps.stop()
    shown = written(told)
    assert "2024-05-01  receive finance" in shown
    assert "2024-05-01  build warehouse" in shown
    assert shown.endswith("\x1b[2K")  # the line of the bar is wiped out


def test_a_step_that_ends_moves_the_bar_and_the_next_day_begins_anew():
    told = console(is_terminal=True)
    steps = Steps(told)
    lengths = []
    for day in ("2024-05-01", "2024-05-02"):
        steps.expect(4, day)
        for step in ("prepare", "receive", "build"):
            steps.begin(step)
            lengths.append(written(told).rsplit("\r", 1)[-1].count("━"))
    steps.stop()
    assert 0 == lengths[0] < lengths[1] < lengths[2]
    assert lengths[3:] == lengths[:3]


@pytest.mark.parametrize("step", ["receive [finance]", "100% [/]"])
def test_a_name_is_told_as_it_stands(step: str):
    told = console(is_terminal=True)
    steps = Steps(told)
    steps.begin(step)
    steps.stop()
    assert step in written(told)


def test_what_logs_on_the_terminal_itself_gets_no_bar():
    told = console(is_terminal=True)
    steps = Steps(told)
    steps.shows_bar = False
    steps.begin("prepare")
    assert written(told).strip() == "prepare …"


def test_a_terminal_that_moves_no_cursor_gets_plain_lines():
    told = console(is_terminal=True, TERM="dumb")
    steps = Steps(told)
    steps.begin("prepare")
    assert written(told).strip() == "prepare …"
