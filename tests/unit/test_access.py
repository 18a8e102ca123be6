"""Who may read what below the home, asked as another user of the machine."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from pipelines.defs.access import guard, let_read
from pipelines.settings import Home, UsageError

ANALYSTS = "nogroup"
NOBODY, NO_GROUP, STRANGERS_GROUP = 65534, 65534, 1
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


@pytest.fixture
def home():
    """A home that other users of the machine can get to, with a file in every place."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = Home(Path(folder) / "home")
        home.root.mkdir(mode=0o700)
        version = home.published / ".versions" / "2024-04-30"
        for place in (
            home.landing,
            home.lake,
            home.quarantine,
            home.vault,
            home.audit,
            home.warehouse,
            home.replies,
            home.corrections,
            home.quality,
            version,
        ):
            place.mkdir(parents=True)
            (place / "file").write_text("told")
            (place / "file").chmod(0o600)
        (home.published / "parquet").symlink_to(version)
        yield home


def can_read(path: Path, group: int) -> bool:
    """Whether somebody of a group can read a file, whatever the operator may."""
    asked = subprocess.run(
        ["cat", str(path)], user=NOBODY, group=group, extra_groups=[], capture_output=True,
        check=False,
    )  # fmt: skip
    return asked.returncode == 0


@needs_root
def test_analysts_read_what_is_published_and_nothing_else(home):
    guard(home, ANALYSTS)
    let_read((home.published / "parquet").resolve(), ANALYSTS)
    readable = {
        place.name for place in sorted(home.root.iterdir())
        for file in place.rglob("file") if can_read(file, NO_GROUP)
    }  # fmt: skip
    assert readable == {"published"}
    assert can_read(home.published / "parquet" / "file", NO_GROUP)


@needs_root
def test_a_stranger_reads_nothing(home):
    guard(home, ANALYSTS)
    let_read((home.published / "parquet").resolve(), ANALYSTS)
    assert not [file for file in home.root.rglob("file") if can_read(file, STRANGERS_GROUP)]


@needs_root
def test_without_a_group_everything_is_the_operators(home):
    guard(home, None)
    assert not [file for file in home.root.rglob("file") if can_read(file, NO_GROUP)]


def test_departments_may_drop_what_they_send_as_a_group_of_their_own(home):
    home.landing.chmod(0o2770)
    guard(home, ANALYSTS)
    assert home.landing.stat().st_mode & 0o777 == 0o770


def test_a_group_that_the_machine_does_not_know_is_told_in_one_sentence(home):
    with pytest.raises(UsageError, match="no group wendu-strangers"):
        guard(home, "wendu-strangers")
