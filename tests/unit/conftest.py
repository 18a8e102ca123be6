"""An empty home with an open gate, for the tests of receiving."""

from pathlib import Path

import pytest

from tests.unit.deliveries import Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "home")
