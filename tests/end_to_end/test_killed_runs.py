"""Kill a day anywhere: the next run ends as if nothing had happened, and readers never notice."""

import random

import pytest

from tests.end_to_end.kills import (
    Reader,
    home_before_the_day,
    kill_after,
    kill_at_stage,
    leftovers,
    state_of,
)

SECOND_DAY = "2024-05-01"
STAGES = (
    "receive agriculture", "receive civil affairs", "receive disabled federation",
    "receive finance", "build warehouse", "export marts", "publication",
)  # fmt: skip
SOME_STAGES = ("receive finance", "publication")
RANDOM_KILLS, KILLS_BETWEEN_LOOKS = 100, 5
LONGEST_SECONDS = 25.0


@pytest.fixture(scope="module")
def home(world, tmp_path_factory):
    return home_before_the_day(world.home, tmp_path_factory.mktemp("killed") / "home")


@pytest.fixture(scope="module")
def expected(world):
    return state_of(world.home)


def finish_and_compare(home, expected, wendu):
    ran = wendu("run", "--date", SECOND_DAY, home=home.root)
    assert ran.code in (0, 2), ran.err
    found = state_of(home)
    assert sorted(set(found) ^ set(expected)) == []
    assert [name for name in expected if found[name] != expected[name]] == []
    assert leftovers(home) == []


def test_a_day_killed_as_stages_begin_ends_as_if_it_had_not_been(home, expected, wendu):
    with Reader(home) as reader:
        for stage in SOME_STAGES:
            assert kill_at_stage(home, stage), f"{stage} never began"
        finish_and_compare(home, expected, wendu)
    assert reader.looks > 0
    assert reader.faults == []


@pytest.mark.kills
def test_a_day_killed_at_a_hundred_random_moments_ends_as_if_it_had_not_been(
    world, expected, wendu, tmp_path
):
    moments = random.Random(7)
    killed = 0
    with Reader(home := home_before_the_day(world.home, tmp_path / "home")) as reader:
        for stage in STAGES:
            killed += kill_at_stage(home, stage)
        while killed < RANDOM_KILLS:
            for _ in range(KILLS_BETWEEN_LOOKS):
                killed += kill_after(home, moments.uniform(0.5, LONGEST_SECONDS))
            finish_and_compare(home, expected, wendu)
    assert reader.faults == []
    print(f"{killed} kills survived, {reader.looks} looks by a reader, 0 of them spoilt")
