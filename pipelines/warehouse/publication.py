"""Publication: marts exported aside, then shown to readers all at once.

A published state is one folder below `published/.versions/`. Readers come in by names that are
links (`warehouse.duckdb`, `parquet/`, `<date>/`), and a link is switched by one rename, so that
a reader sees the whole old state or the whole new one and files already open stay readable.
Does not belong here: what is in a mart (dbt), whether it may go out (quality), what a list
looks like (outreach).
"""

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
from polars.io.plugins import register_io_source

from pipelines.settings import Home
from pipelines.warehouse.standing import HASH_OF_ROWS
from pipelines.warehouse.views import NameTable, View, write_views
from pipelines.warehouse.work_database import sql_text, work_database

MARTS_SCHEMA = "marts"
FINGERPRINTS = "fingerprints.json"
MEMORY_LIMIT = "900MB"
"""What the database may hold while it writes; beyond it works from disk."""

MONTH = "period"
"""The column of a large mart by whose months it is looked at."""

WITHOUT_MONTH = "None"
MOST_MONTHS_REWRITTEN = 6
"""How many months of a table are written anew in a copy of it; with more it is written whole."""

Fingerprint = dict[str, Any]
"""What a large mart holds: `made_by`, `columns`, and of each of its `months` rows and a hash."""

ROWS_IN_A_GROUP = 500_000
TEXTS_UNCOPIED = ("produce_arrow_string_view = true", "arrow_output_version = '1.4'")
"""The database hands texts on as polars keeps them."""


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

    `ordered_by` is a unique key that orders its rows; empty means by all columns. `is_large`
    marks a table that is worth asking whether it changed before it is written again.
    """

    name: str
    description: str
    columns: Mapping[str, str]
    ordered_by: Sequence[str] = ()
    is_large: bool = False


def declared_marts(manifest: Mapping[str, Any]) -> list[Mart]:
    """The marts of a parsed dbt project, by name."""
    return sorted(
        (
            Mart(
                node["name"],
                node["description"],
                {name: column["description"] for name, column in node["columns"].items()},
                node["config"].get("meta", {}).get("ordered_by", []),
                node["config"].get("meta", {}).get("is_large", False),
            )
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model" and node["schema"] == MARTS_SCHEMA
        ),
        key=lambda mart: mart.name,
    )


def export_marts(home: Home, marts: Iterable[Mart]) -> None:
    """Write every mart of the work database as Parquet into the empty building folder."""
    Building(home).begin()
    add_marts(home, marts)


def add_marts(home: Home, marts: Iterable[Mart]) -> None:
    """Write marts of the work database as Parquet beside what the building folder holds.

    The same rows give the same bytes. Of a large mart the months that readers see now are taken
    over where they hold the same rows: its file is linked if all do, and else only the other months
    are sorted anew.
    """
    building = Building(home)
    before, now = _fingerprints_of(home.published / ".current"), _fingerprints_of(building.root)
    with duckdb.connect(str(work_database(home)), read_only=True) as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        for setting in TEXTS_UNCOPIED:
            connection.execute(f"set {setting}")
        for mart in marts:
            relation = f'{MARTS_SCHEMA}."{mart.name}"'
            file = building.parquet / f"{mart.name}.parquet"
            months = None
            if mart.is_large:
                now[mart.name] = _fingerprint(connection, relation)
                months = _months_that_differ(before.get(mart.name, {}), now[mart.name])
            if months is None:
                _write_parquet(_in_order(connection, relation, mart), file)
            elif not months:
                os.link((home.published / "parquet" / file.name).resolve(), file)
            else:
                coming = _in_order(connection, relation, mart, months)
                differing = pl.col(MONTH).is_in([date.fromisoformat(month) for month in months])
                standing = pl.scan_parquet(home.published / "parquet" / file.name).filter(
                    differing.not_().fill_null(value=True)
                )
                _write_parquet(coming, file, standing, mart.ordered_by)
    (building.root / FINGERPRINTS).write_text(json.dumps(now), encoding="utf-8")


def write_database(
    home: Home,
    marts: Sequence[Mart],
    views: Iterable[View] = (),
    name_tables: Iterable[NameTable] = (),
) -> None:
    """Write the exported marts into one database file, every table and column described.

    Begins with a copy of the file that readers see now, where large marts in it hold but for some
    months, which are written anew. Views and tables of names stand in a schema of their own.
    """
    building = Building(home)
    before, now = _fingerprints_of(home.published / ".current"), _fingerprints_of(building.root)
    found = {mart: _months_that_differ(before.get(mart, {}), now[mart]) for mart in now}
    standing = {mart: months for mart, months in found.items() if months is not None}
    if standing:
        shutil.copyfile(home.published / "warehouse.duckdb", building.warehouse)
    with duckdb.connect(str(building.warehouse)) as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"create schema if not exists {MARTS_SCHEMA}")
        tables = connection.execute(
            f"select table_name from duckdb_tables() where schema_name = '{MARTS_SCHEMA}'"
        ).fetchall()
        for (table,) in tables:
            if table not in standing:
                connection.execute(f'drop table {MARTS_SCHEMA}."{table}"')
        connection.execute("checkpoint")
        for mart in marts:
            relation = f'{MARTS_SCHEMA}."{mart.name}"'
            file = sql_text((building.parquet / f"{mart.name}.parquet").as_posix())
            if mart.name not in standing:
                connection.execute(f"create table {relation} as select * from {file}")
            elif months := ", ".join(map(sql_text, standing[mart.name])):
                connection.execute(f"delete from {relation} where {MONTH} in ({months})")
                connection.execute(
                    f"insert into {relation} select * from {file} where {MONTH} in ({months})"
                )
            connection.execute(f"comment on table {relation} is {sql_text(mart.description)}")
            for column, description in mart.columns.items():
                connection.execute(
                    f'comment on column {relation}."{column}" is {sql_text(description)}'
                )
        described = {mart.name: mart.columns for mart in marts}
        write_views(connection, views, name_tables, described)


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
        (building.root / FINGERPRINTS).replace(place / FINGERPRINTS)
        building.warehouse.replace(place / "warehouse.duckdb")
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
        building.root.replace(place)
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


def _in_order(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    mart: Mart,
    months: Sequence[str] | None = None,
) -> duckdb.DuckDBPyRelation:
    """The rows of a mart, or those of some months, as they are published."""
    asked = f" where {MONTH} in ({', '.join(map(sql_text, months))})" if months else ""
    return connection.sql(f"from {relation}{asked} order by {', '.join(mart.ordered_by) or 'all'}")


def _write_parquet(
    rows: duckdb.DuckDBPyRelation,
    file: Path,
    standing: pl.LazyFrame | None = None,
    key: Sequence[str] = (),
) -> None:
    """Write rows as they come, a row group at a time; the same rows give the same bytes.

    The file has its name once it is whole: others read in the folder meanwhile. Polars writes
    them in a third of the time that DuckDB takes for it, and as small.

    Args:
        rows: in their order.
        file: where to.
        standing: rows of the same columns, in the order of `key` as the others, to go among them.
        key: columns without nulls.
    """
    batches = rows.to_arrow_reader(ROWS_IN_A_GROUP)
    nothing = pl.DataFrame(pa.Table.from_batches([], batches.schema))

    def read(*_: object) -> Iterator[pl.DataFrame]:
        yield nothing
        for batch in batches:
            yield pl.DataFrame(batch)

    coming = register_io_source(read, schema=nothing.schema)
    unfinished = file.with_suffix(".unfinished")
    (coming if standing is None else standing.merge_sorted(coming, key)).sink_parquet(
        unfinished,
        compression="zstd",
        compression_level=1,
        row_group_size=ROWS_IN_A_GROUP,
        metadata={"ARROW:schema": _plainly(batches.schema)},
    )
    unfinished.replace(file)


def _plainly(schema: pa.Schema) -> str:
    """Column types as a Parquet file tells them to readers by Arrow: texts are plain strings."""
    fields = [
        field.with_type(pa.string()) if pa.types.is_string_view(field.type) else field
        for field in schema
    ]
    return base64.b64encode(pa.schema(fields).serialize().to_pybytes()).decode()


def _fingerprint(connection: duckdb.DuckDBPyConnection, relation: str) -> Fingerprint:
    """Of rows in any order, whether they are read from a view or from its file."""
    hashed = connection.execute(
        f"select {MONTH}, count(*), {HASH_OF_ROWS} from {relation} as rows "
        f"group by {MONTH} order by {MONTH}"
    ).fetchall()
    months = {str(month): [rows, total] for month, rows, total in hashed}
    return {**_made_of(connection, relation), "months": months}


def _made_of(connection: duckdb.DuckDBPyConnection, relation: str) -> Fingerprint:
    columns = connection.sql(f"from {relation}")
    named = zip(columns.columns, columns.types, strict=True)
    return {
        "made_by": f"duckdb {duckdb.__version__}",
        "columns": [f"{name} {kind}" for name, kind in named],
    }


def _months_that_differ(before: Fingerprint, now: Fingerprint) -> list[str] | None:
    """The months of a large mart to write anew; None where it is better written whole."""
    if any(before.get(part) != now[part] for part in ("made_by", "columns")):
        return None
    then, months = before["months"], now["months"]
    every = sorted(then | months)
    differing = [month for month in every if then.get(month) != months.get(month)]
    if WITHOUT_MONTH in differing or len(differing) > MOST_MONTHS_REWRITTEN:
        return None
    return differing


def _fingerprints_of(state: Path) -> dict[str, Fingerprint]:
    file = state / FINGERPRINTS
    read = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {mart: told for mart, told in read.items() if isinstance(told, dict)}


def _rows_of(mart: Path) -> int:
    return int(pl.scan_parquet(mart).select(pl.len()).collect().item())


def _point(name: Path, target: Path) -> None:
    if name.is_symlink() and name.readlink() == target:
        return
    switching = name.with_name(name.name + ".switching")
    switching.unlink(missing_ok=True)
    switching.symlink_to(target)
    switching.replace(name)


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
