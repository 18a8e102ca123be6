"""Publication: marts exported aside, then shown to readers all at once.

A published state is one folder below `published/.versions/`. Readers come in by names that are
links (`warehouse.duckdb`, `parquet/`, `<date>/`), and a link is switched by one rename, so that
a reader sees the whole old state or the whole new one and files already open stay readable.
Does not belong here: what is in a mart (dbt), whether it may go out (quality), what a list
looks like (outreach).
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.settings import Home
from pipelines.warehouse.work_database import work_database

MARTS_SCHEMA = "marts"


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


@dataclass(frozen=True)
class Mart:
    """A published table as the dbt project declares it.

    `ordered_by` is a unique key that orders its rows; empty means by all columns.
    """

    name: str
    description: str
    columns: Mapping[str, str]
    ordered_by: Sequence[str] = ()


def declared_marts(manifest: Mapping[str, Any]) -> list[Mart]:
    """The marts of a parsed dbt project, by name."""
    return sorted(
        (
            Mart(
                node["name"],
                node["description"],
                {name: column["description"] for name, column in node["columns"].items()},
                node["config"].get("meta", {}).get("ordered_by", []),
            )
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model" and node["schema"] == MARTS_SCHEMA
        ),
        key=lambda mart: mart.name,
    )


def export_marts(home: Home, marts: Iterable[Mart]) -> None:
    """Write every mart of the work database as Parquet into the empty building folder.

    The same rows give the same bytes.
    """
    building = Building(home)
    building.begin()
    with duckdb.connect(str(work_database(home)), read_only=True) as connection:
        for mart in marts:
            order = ", ".join(mart.ordered_by) or "all"
            connection.execute(
                f'copy (select * from {MARTS_SCHEMA}."{mart.name}" order by {order}) '
                f"to '{(building.parquet / mart.name).as_posix()}.parquet' "
                "(format parquet, compression zstd, row_group_size 500000)"
            )


def write_database(home: Home, marts: Iterable[Mart]) -> None:
    """Write the exported marts into one database file, every table and column described."""
    building = Building(home)
    with duckdb.connect(str(building.warehouse)) as connection:
        connection.execute(f"create schema {MARTS_SCHEMA}")
        for mart in marts:
            relation = f'{MARTS_SCHEMA}."{mart.name}"'
            connection.execute(
                f"create table {relation} as "
                f"select * from '{(building.parquet / mart.name).as_posix()}.parquet'"
            )
            connection.execute(f"comment on table {relation} is {_quoted(mart.description)}")
            for column, description in mart.columns.items():
                connection.execute(
                    f'comment on column {relation}."{column}" is {_quoted(description)}'
                )


def write_manifest(home: Home, on_date: date, about: Mapping[str, Any]) -> dict[str, Any]:
    """Write `manifest.json` of the state being built: what it holds, hashed, and from what.

    Args:
        home: its building folder is described.
        on_date: the day.
        about: city, versions and sources, as given by the caller; no personal value.
    """
    building = Building(home)
    manifest = {
        "on_date": on_date.isoformat(),
        **about,
        "marts": {
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

    Publishing the same content again changes nothing. An older day published after a newer one
    gets its folder; the warehouse stays at the newest day.

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
        building.root.replace(place)
    elif is_newest and current != version:
        shutil.rmtree(place / "parquet", ignore_errors=True)
        building.parquet.replace(place / "parquet")
        building.warehouse.replace(place / "warehouse.duckdb")
    building.clear()
    _point(home.day(on_date), Path(".versions") / version / "day")
    if is_newest:
        _point(home.published / ".current", Path(".versions") / version)
        _point(home.published / "warehouse.duckdb", Path(".current") / "warehouse.duckdb")
        _point(home.published / "parquet", Path(".current") / "parquet")
    _forget_unseen_versions(home)
    return home.day(on_date)


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


def clean_up(home: Home) -> None:
    """Remove what an interrupted run left: half-built states and links not yet switched."""
    Building(home).clear()
    for leftover in home.published.glob("*.switching"):
        leftover.unlink()
    if home.published.exists():
        _forget_unseen_versions(home)


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rows_of(mart: Path) -> int:
    return int(pl.scan_parquet(mart).select(pl.len()).collect().item())


def _point(name: Path, target: Path) -> None:
    if name.is_symlink() and name.readlink() == target:
        return
    switching = name.with_name(name.name + ".switching")
    switching.unlink(missing_ok=True)
    switching.symlink_to(target)
    switching.replace(name)


def _forget_unseen_versions(home: Home) -> None:
    current = current_version(home)
    seen = {home.day(day).readlink().parts[1] for day in published_days(home)} | {current}
    for version in (home.published / ".versions").glob("*"):
        if version.name not in seen:
            shutil.rmtree(version)
        elif version.name != current:
            (version / "warehouse.duckdb").unlink(missing_ok=True)
            shutil.rmtree(version / "parquet", ignore_errors=True)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
