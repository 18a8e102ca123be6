"""Kill a day anywhere, fill the disk, set the clock back: the next run ends as if nothing had been.

Whoever reads what is published never notices. The long tests are asked for by `make kills`.
"""

import random
import signal

import pytest

from pipelines.warehouse.publication import current_version
from tests.commands import run_wendu
from tests.end_to_end.kills import (
    Reader,
    ask_to_stop_within,
    home_before_the_day,
    kill_after,
    kill_at_stage,
    leftovers,
    nearly_full_disk,
    run_on_an_odd_machine,
    state_of,
)
from tests.end_to_end.third_day import THIRD_DAY

STAGES = (
    "receive agriculture", "receive civil affairs", "receive disabled federation",
    "receive finance", "build warehouse", "export marts", "publication",
)  # fmt: skip
SOME_STAGES = ("receive finance", "publication")
RANDOM_KILLS, KILLS_BETWEEN_LOOKS = 100, 5
LONGEST_SECONDS = 25.0
ROOM_BYTES = 16_384
"""What a nearly full disk has left: less than any stage writes."""


@pytest.fixture(scope="module")
def home(world, tmp_path_factory):
    return home_before_the_day(world.home, tmp_path_factory.mktemp("killed") / "home")


@pytest.fixture(scope="module")
def expected(third):
    return state_of(third.home)


def finish_and_compare(home, expected):
    ran = run_wendu("run", "--date", str(THIRD_DAY), home=home.root)
    assert ran.code in (0, 2), ran.err
    compare(home, expected)


def compare(home, expected):
    found = state_of(home)
    assert sorted(set(found) ^ set(expected)) == []
    assert [name for name in expected if found[name] != expected[name]] == []
    assert leftovers(home) == []


def test_a_day_that_is_asked_to_stop_says_that_it_stopped(home):
    # Models are built for two seconds at least: it is asked in the midst of that.
    code, words = ask_to_stop_within(home, "build warehouse", seconds=1.0)
    told = [line.strip() for line in words.splitlines() if not line.startswith("  ")]
    assert told == [
        "Stopping: what was begun is finished first.",
        "Stopped. Run the same command again to go on.",
    ]
    assert code in (130, -signal.SIGINT)  # a shell tells 130 for both


def test_a_killed_day_that_an_odd_machine_finishes_ends_as_if_nothing_had_been(home, expected):
    with Reader(home) as reader:
        for stage in SOME_STAGES:
            assert kill_at_stage(home, stage), f"{stage} never began"
        ran = run_on_an_odd_machine(home)
        assert ran.returncode in (0, 2), ran.stderr
        compare(home, expected)
    assert reader.looks > 0
    assert reader.faults == []


@pytest.mark.kills
def test_a_day_killed_at_a_hundred_random_moments_ends_as_if_it_had_not_been(
    world, expected, tmp_path
):
    moments = random.Random(7)
    killed = 0
    with Reader(home := home_before_the_day(world.home, tmp_path / "home")) as reader:
        for stage in STAGES:
            killed += kill_at_stage(home, stage)
        while killed < RANDOM_KILLS:
            for _ in range(KILLS_BETWEEN_LOOKS):
                killed += kill_after(home, moments.uniform(0.5, LONGEST_SECONDS))
            finish_and_compare(home, expected)
    assert reader.faults == []
    print(f"{killed} kills survived, {reader.looks} looks by a reader, 0 of them spoilt")


@pytest.mark.kills
@pytest.mark.parametrize("place", ["lake", "warehouse", "published"])
def test_a_full_disk_is_told_in_a_sentence_and_leaves_the_old_state(
    world, expected, tmp_path, place
):
    home = home_before_the_day(world.home, tmp_path / "home")
    before = current_version(home)
    try:
        with nearly_full_disk(home.root / place, ROOM_BYTES), Reader(home) as reader:
            ran = run_wendu("run", "--date", str(THIRD_DAY), home=home.root)
            assert current_version(home) == before
    except PermissionError as fault:
        pytest.skip(str(fault))
    assert ran.code == 3
    assert "full" in ran.err
    assert "Traceback" not in ran.err
    assert reader.faults == []
    finish_and_compare(home, expected)
