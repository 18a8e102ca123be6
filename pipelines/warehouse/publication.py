"""Publication: a state put together aside, then shown to readers all at once.

A published state is one folder below `published/.versions/`. Readers come in by names that are
links (`warehouse.duckdb`, `parquet/`, `<date>/`), and a link is switched by one rename, so that
a reader sees the whole old state or the whole new one and files already open stay readable.
Does not belong here: writing the marts (`exports`), whether they may go out (quality), what a
list looks like (outreach).
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.settings import Home, put_in_place, sync

FINGERPRINTS = "fingerprints.json"
"""Beside the files of a state: what its large marts hold, by month (`exports`)."""


class Building:
    """The folder in which the next published state is put together, out of readers' sight."""

    def __init__(self, home: Home) -> None:
        self.root = home.published / ".building"
        self.parquet = self.root / "parquet"
        self.warehouse = self.root / "warehouse.duckdb"
        self.day = self.root / "day"

    def clear(self) -> None:
        """Throw away what an earlier run left unfinished."""
        shutil.rmtree(self.root, ignore_errors=True)

    def begin(self) -> None:
        """Start with empty folders."""
        self.clear()
        self.parquet.mkdir(parents=True)
        self.day.mkdir()


def write_manifest(
    home: Home, on_date: date, about: Mapping[str, Any], marts: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Write `manifest.json` of the state being built: what it holds, hashed, and from what.

    Args:
        home: its building folder is described.
        on_date: the day.
        about: city, versions and sources, as given by the caller; no personal value.
        marts: what is said of marts that are no longer at hand, in place of those in the folder.
    """
    building = Building(home)
    manifest = {
        "on_date": on_date.isoformat(),
        **about,
        "marts": marts or {
            mart.stem: {"sha256": sha256_of(mart), "rows": _rows_of(mart)}
            for mart in sorted(building.parquet.glob("*.parquet"))
        },
        "files": {
            file.relative_to(building.day).as_posix(): sha256_of(file)
            for file in sorted(building.day.rglob("*"))
            if file.is_file() and file.name != "manifest.json"
        },
    }  # fmt: skip
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (building.day / "manifest.json").write_text(text, encoding="utf-8")
    return manifest


def publish(home: Home, on_date: date) -> Path:
    """Show the state that was built: the day's folder, and the warehouse where it is the newest.

    Publishing the same content again changes nothing, and puts back what was deleted of it. An
    older day published after a newer one gets its folder; the warehouse stays at the newest day.

    Returns:
        The folder of the day, `published/<date>`.
    """
    building = Building(home)
    version = f"{on_date}-{sha256_of(building.day / 'manifest.json')[:16]}"
    versions = home.published / ".versions"
    versions.mkdir(parents=True, exist_ok=True)
    current = current_version(home)
    is_newest = current is None or current[:10] <= on_date.isoformat()
    place = versions / version
    if not place.exists():
        put_in_place(building.root, place)
    elif not _is_whole(place / "day", building.day):
        shutil.rmtree(place / "day", ignore_errors=True)
        put_in_place(building.day, place / "day")
    if (
        is_newest
        and building.parquet.exists()
        and not (
            current == version
            and _is_whole(place / "parquet", building.parquet)
            and (place / "warehouse.duckdb").exists()
        )
    ):
        shutil.rmtree(place / "parquet", ignore_errors=True)
        put_in_place(building.parquet, place / "parquet")
        put_in_place(building.root / FINGERPRINTS, place / FINGERPRINTS)
        put_in_place(building.warehouse, place / "warehouse.duckdb")
    building.clear()
    # What was current until now is forgotten by the next publication: a reader may have resolved
    # the link a moment ago.
    _forget_unseen_versions(home, version)
    _point(home.day(on_date), Path(".versions") / version / "day")
    if is_newest:
        _point(home.published / ".current", Path(".versions") / version)
        _point(home.published / "warehouse.duckdb", Path(".current") / "warehouse.duckdb")
        _point(home.published / "parquet", Path(".current") / "parquet")
    return home.day(on_date)


def adopt(home: Home, stage: Home) -> None:
    """Show readers what was published in another home on the same disk, in place of what was.

    Doing it again, or after half of it, ends the same.
    """
    for version in sorted((stage.published / ".versions").glob("*")):
        place = home.published / ".versions" / version.name
        if place.exists():
            shutil.rmtree(version)
        else:
            version.replace(place)
    for link in sorted(stage.published.glob("*")):
        if link.is_symlink():
            _point(home.published / link.name, link.readlink())
    shutil.rmtree(home.published / "as_corrected", ignore_errors=True)
    _forget_unseen_versions(home)


def show_as_corrected(scratch: Home, home: Home, on_date: date) -> Path:
    """Show what was built in a scratch home as the corrected view of a day; returns its folder.

    It lies below `published/as_corrected/`, apart from the published days, and takes the place
    of an earlier corrected view of the day.
    """
    building, shown = Building(scratch), home.published / "as_corrected"
    name = f"{on_date}-{sha256_of(building.day / 'manifest.json')[:16]}"
    place = shown / ".versions" / name
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        (building.day / "manifest.json").replace(building.root / "manifest.json")
        building.day.rmdir()
        (building.root / FINGERPRINTS).unlink()
        put_in_place(building.root, place)
    _point(shown / on_date.isoformat(), Path(".versions") / name)
    for older in place.parent.glob(f"{on_date}-*"):
        if older != place:
            shutil.rmtree(older)
    return shown / on_date.isoformat()


def current_version(home: Home) -> str | None:
    """Name of the version readers see in the warehouse, starting with its date; None before any."""
    link = home.published / ".current"
    return link.readlink().name if link.is_symlink() else None


def current_day(home: Home) -> date | None:
    """The day readers see in the warehouse; None before anything was published."""
    version = current_version(home)
    return date.fromisoformat(version[:10]) if version else None


def published_days(home: Home) -> list[date]:
    """The days that were published, oldest first."""
    return sorted(
        date.fromisoformat(link.name)
        for link in home.published.glob("????-??-??")
        if link.is_symlink()
    )


def published_manifest(home: Home, on_date: date) -> dict[str, Any]:
    """What `manifest.json` says of a published day; empty for a day that is not published."""
    file = home.day(on_date) / "manifest.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def clean_up(home: Home) -> None:
    """Remove what an interrupted run left: half-built states and links not yet switched.

    Where readers miss a file that somebody deleted, the next day is written from nothing.
    """
    Building(home).clear()
    for leftover in home.published.glob("*.switching"):
        leftover.unlink()
    if home.published.exists():
        _forget_unseen_versions(home)
        _take_nothing_over_from_what_is_lost(home)


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rows_of(mart: Path) -> int:
    return int(pl.scan_parquet(mart).select(pl.len()).collect().item())


def _take_nothing_over_from_what_is_lost(home: Home) -> None:
    """Have large marts written from nothing where somebody deleted what they are taken from."""
    state = home.published / ".current"
    told = state / FINGERPRINTS
    if told.is_file():
        files = [f"parquet/{mart}.parquet" for mart in json.loads(told.read_text("utf-8"))]
        if not all((state / file).is_file() for file in ("warehouse.duckdb", *files)):
            told.unlink()


def _is_whole(shown: Path, built: Path) -> bool:
    """Whether what was built is all there; a file that was cut off is not."""
    return all(
        (there := shown / file.relative_to(built)).is_file()
        and there.stat().st_size == file.stat().st_size
        for file in built.rglob("*")
        if file.is_file()
    )


def _point(name: Path, target: Path) -> None:
    if name.is_symlink() and name.readlink() == target:
        return
    switching = name.with_name(name.name + ".switching")
    switching.unlink(missing_ok=True)
    switching.symlink_to(target)
    switching.replace(name)
    sync(name.parent)


def _forget_unseen_versions(home: Home, coming: str | None = None) -> None:
    """Remove versions that no day shows, and of other than the current one all but the day."""
    current = current_version(home)
    seen = {home.day(day).readlink().parts[1] for day in published_days(home)} | {current, coming}
    for version in (home.published / ".versions").glob("*"):
        if version.name not in seen:
            shutil.rmtree(version)
        elif version.name not in (current, coming):
            (version / "warehouse.duckdb").unlink(missing_ok=True)
            (version / FINGERPRINTS).unlink(missing_ok=True)
            shutil.rmtree(version / "parquet", ignore_errors=True)
