"""A place beside a home in which a published day is built again, without touching the home.

It reads lake, vault and history of the home and the policy rows kept for the day, and writes
nowhere else, so that it takes no lock: readers and runs go on. Does not belong here: what is done
with the day that was built (`replay`, `simulation`).
"""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from filelock import FileLock, Timeout

from pipelines.defs.installation import Installation
from pipelines.ingest import load_receipts
from pipelines.settings import Home, UsageError, WenduError
from pipelines.warehouse import history
from pipelines.warehouse.dbt import DbtProject
from pipelines.warehouse.policy import project_with
from pipelines.warehouse.publication import published_manifest

READ_ONLY = ("lake", "quarantine", "vault", "replies", "outbox", "audit", "policy", "cities")
"""What the scratch place shares with the home."""


def published_day(home: Home, on_date: date) -> dict[str, Any]:
    """The manifest of a published day that can be built again.

    Raises:
        UsageError: the day is not published, or was without its policy rows.
    """
    manifest = published_manifest(home, on_date)
    if not manifest:
        raise UsageError(f"{on_date} is not published; run `wendu run --date {on_date}` first.")
    if not manifest.get("stands_on", {}).get("policy"):
        raise UsageError(
            f"{on_date} was published without keeping its policy rows; run it anew first."
        )
    return manifest


@contextmanager
def scratch_place(installation: Installation) -> Iterator[Installation]:
    """An installation of its own that reads the home's lake and vault; removed at the end.

    What was left by one that was cut off is removed by the next one.
    """
    home = installation.home
    installation.vault  # noqa: B018 - a wrong key is told of the home, not of a place that goes
    parent = home.warehouse / "replays"
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for leftover in parent.glob("*.lock"):
        try:
            with FileLock(leftover, timeout=0):
                shutil.rmtree(leftover.with_suffix(""), ignore_errors=True)
                leftover.unlink(missing_ok=True)
        except Timeout:
            continue
    place = parent / secrets.token_hex(8)
    with FileLock(place.with_suffix(".lock")):
        try:
            place.mkdir(mode=0o700)
            for name in READ_ONLY:
                if (home.root / name).exists():
                    (place / name).symlink_to(home.root / name)
            yield Installation(Home(place), installation.city_code, installation.key_file)
        finally:
            shutil.rmtree(place, ignore_errors=True)
            place.with_suffix(".lock").unlink(missing_ok=True)


def take_up_project(scratch: Installation, policy: str) -> None:
    """Let the scratch place build with the policy rows kept under a hash."""
    folder = scratch.home.root / "projects" / policy
    if not folder.exists():
        project_with(scratch.home, policy, folder)
    if "dbt" not in scratch.__dict__ or scratch.dbt.project != folder:
        scratch.dbt = DbtProject(scratch.home, folder)


@contextmanager
def undisturbed(home: Home, until: date) -> Iterator[None]:
    """Refuse a verdict where a run changed what was read meanwhile.

    Raises:
        WenduError: deliveries or days that were read are not what they were.
    """

    def read() -> tuple[object, ...]:
        days = [day for day in history.run_days(home) if day < until]
        return load_receipts(home, until), [history.stands_on(home, day) for day in days]

    before = read()
    try:
        yield
    finally:
        if read() != before:
            raise WenduError(
                f"A run changed what was received or run until {until} meanwhile; do this again "
                "when it has ended."
            )
