"""The shared city on its third day: a death told late, and a township's list that came back."""

import pytest

from tests.commands import run_here
from tests.conftest import World, built_once
from tests.end_to_end.third_day import THIRD_DAY, bring_the_third_day


@pytest.fixture(scope="session")
def third(world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A copy of the world that was run for its third day. For reading; copy it to break it."""

    def build(home):
        bring_the_third_day(world.home, home)
        return run_here("run", "--date", str(THIRD_DAY), home=home.root)

    return built_once(tmp_path_factory, "third", build)
