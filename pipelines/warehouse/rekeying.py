"""What was published, made anew with other pseudonyms beside the state readers see.

The newest state is translated mart by mart; of older days only lists and manifest are kept, and
those hold no pseudonym, so their manifests say which marts were hashed under an earlier key.
Does not belong here: what the days hand on (`history`), codes (`kept_codes`), identities and lake
(`ingest.rekeying`).
"""

import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from pipelines.settings import Home
from pipelines.vault import Translation
from pipelines.warehouse import history
from pipelines.warehouse.exports import MARTS_SCHEMA, Mart, export_marts, write_database
from pipelines.warehouse.publication import (
    Building,
    current_version,
    publish,
    published_days,
    published_manifest,
    write_manifest,
)
from pipelines.warehouse.views import NameTable, View
from pipelines.warehouse.work_database import sql_text, work_database

UNDER_EARLIER_KEY = "under_earlier_key"
"""Key of the manifest of a day published before the vault's key changed: marts of which it still
has the hashes of then."""


def rekey_published(
    home: Home,
    stage: Home,
    declared: Iterable[Mart],
    translation: Translation,
    views: Iterable[View] = (),
    name_tables: Iterable[NameTable] = (),
) -> int:
    """Publish every published day in another home, with new pseudonyms.

    Args:
        home: whose days were published.
        stage: gets them; its history is already translated.
        declared: the marts as the project declares them, for the order of their rows.
        translation: from the old to the new key.
        views: written beside the translated marts, as beside those of any day.
        name_tables: likewise.

    Returns:
        How many rows the translated marts have together.
    """
    current, rows = current_version(home), 0
    keyed = _marts_with_keys(home)
    for on_date in published_days(home):
        is_current = home.day(on_date).readlink().parts[1] == current
        if is_current:
            marts = _published_marts(home, declared)
            rows = _translate(home, stage, marts, translation)
            export_marts(stage, marts)
            write_database(stage, marts, views, name_tables)
        else:
            Building(stage).begin()
        _copy_day(home, stage, on_date, translation)
        _describe(home, stage, on_date, keyed if not is_current else [])
        publish(stage, on_date)
    work_database(stage).unlink(missing_ok=True)
    return rows


def rows_published(home: Home) -> int:
    """How many rows the marts that readers see have together."""
    files = sorted((home.published / "parquet").glob("*.parquet"))
    return sum(pl.scan_parquet(file).select(pl.len()).collect().item() for file in files)


def _copy_day(home: Home, stage: Home, on_date: date, translation: Translation) -> None:
    """What lies in the day's folder as it is; tables in it, where they hold keys, translated."""
    day = home.day(on_date).resolve()
    for file in sorted(day.rglob("*")):
        if not file.is_file() or file.name == "manifest.json":
            continue
        place = Building(stage).day / file.relative_to(day)
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".parquet":
            rows = pl.read_parquet(file)
            translated = translation.of_frame(rows)
            if not translated.equals(rows):
                translated.write_parquet(place)
                continue
        os.link(file, place)


def _describe(home: Home, stage: Home, on_date: date, keyed: list[str]) -> None:
    """The manifest of what stands in the building now."""
    then = published_manifest(home, on_date)
    made_anew = ("on_date", "marts", "files", UNDER_EARLIER_KEY)
    about = {name: told for name, told in then.items() if name not in made_anew}
    if then.get("stands_on"):
        about["stands_on"] = history.stands_on(stage, on_date)
    about[UNDER_EARLIER_KEY] = keyed
    write_manifest(stage, on_date, about, then["marts"] if keyed else None)


def _marts_with_keys(home: Home) -> list[str]:
    """Marts with a column of pseudonyms, or a text in which they stand."""
    return [
        file.stem
        for file in sorted((home.published / "parquet").glob("*.parquet"))
        if any(
            name.endswith("_key") or name in ("subject", "evidence")
            for name in pl.read_parquet_schema(file)
        )
    ]


def _published_marts(home: Home, declared: Iterable[Mart]) -> list[Mart]:
    """The marts that readers see, described as they are described there."""
    known = {mart.name: mart for mart in declared}
    with duckdb.connect(str(home.published / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select table_name, comment from duckdb_tables() where schema_name = ?", [MARTS_SCHEMA]
        ).fetchall()
        columns = connection.execute(
            "select table_name, column_name, comment from duckdb_columns() where schema_name = ?",
            [MARTS_SCHEMA],
        ).fetchall()
    marts = []
    for name, comment in sorted(tables):
        described = {column: told for table, column, told in columns if table == name and told}
        mart = known.get(name, Mart(name, "", {}))
        present = {column for table, column, _ in columns if table == name}
        order = mart.ordered_by if set(mart.ordered_by) <= present else ()
        marts.append(Mart(name, comment or "", described, order, mart.is_large))
    return marts


def _translate(home: Home, stage: Home, marts: Iterable[Mart], translation: Translation) -> int:
    """A work database that holds nothing but the translated marts; returns their rows."""
    path, rows = work_database(stage), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema {MARTS_SCHEMA}")
        connection.execute("create schema translated")
        connection.execute(f"attach {_warehouse(home)} as published (read_only)")
        for mart in marts:
            before, table = f'published.{MARTS_SCHEMA}."{mart.name}"', f'translated."{mart.name}"'
            frame = translation.of_frame(connection.sql(f"from {before}").pl())
            rows += frame.height
            connection.register("frame", frame.to_arrow())
            connection.execute(f"create table {table} as from {before} limit 0")
            connection.execute(f"insert into {table} by name from frame")
            connection.unregister("frame")
            nullable = _nullable(connection, home.published / "parquet" / f"{mart.name}.parquet")
            columns = ", ".join(
                f'case when random() < 2 then "{name}" end as "{name}"'
                if name in nullable else f'"{name}"'
                for name in frame.columns
            )  # fmt: skip
            connection.execute(
                f'create view {MARTS_SCHEMA}."{mart.name}" as select {columns} from {table}'
            )
    return rows


def _nullable(connection: duckdb.DuckDBPyConnection, file: Path) -> set[str]:
    """Columns that the file says may be null, be they or not.

    The database tells that by what it can prove of a column. The same bytes come out only if it
    cannot prove more of the translated one, so the case above hides that it never is null.
    """
    found = connection.execute(
        "select name from parquet_schema(?) where repetition_type = 'OPTIONAL'",
        [file.resolve().as_posix()],
    ).fetchall()
    return {str(name) for (name,) in found}


def _warehouse(home: Home) -> str:
    return sql_text((home.published / "warehouse.duckdb").resolve().as_posix())
