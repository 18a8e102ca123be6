"""Marts of the work database into the files that readers get: Parquet, and one database file.

The same rows give the same bytes. Of what readers see now, months of large tables that hold the
same rows are taken over. Does not belong here: showing the files to readers (`publication`), what
is in a mart (dbt), whether it may go out (quality).
"""

import base64
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
from polars.io.plugins import register_io_source

from pipelines.settings import Home, sync_all
from pipelines.warehouse.publication import FINGERPRINTS, Building
from pipelines.warehouse.standing import HASH_OF_ROWS, open_to_write, told_of
from pipelines.warehouse.views import NameTable, View, write_views
from pipelines.warehouse.work_database import sql_text, work_database

MARTS_SCHEMA = "marts"
SETTINGS = ("memory_limit = '600MB'", "enable_progress_bar = false")
"""What the database may hold while it writes; beyond it works from disk, and tells nobody."""

MONTH = "period"
"""The column of a large mart by whose months it is looked at."""

WITHOUT_MONTH = "None"
MOST_MONTHS_REWRITTEN = 6
"""How many months of a table are written anew in a copy of it; with more it is written whole."""

Fingerprint = dict[str, Any]
"""What a large mart holds: `made_by`, `columns`, and of each of its `months` rows and a hash; and
what it was `made_of`, where that is known. Where rows of another relation were hashed, the text it
is `written_by`, and of the relations in which keys were `looked_up` what they held."""

ROWS_IN_A_GROUP = 500_000
TEXTS_UNCOPIED = ("produce_arrow_string_view = true", "arrow_output_version = '1.4'")
"""The database hands texts on as polars keeps them."""


@dataclass(frozen=True)
class Mart:
    """A published table as the dbt project declares it.

    `ordered_by` is a unique key that orders its rows; empty means by all columns. `is_large`
    marks a table that is worth asking whether it changed before it is written again, `written_from`
    names the relation of which each of its rows is written from one row, where there is such a one,
    and `looks_up` those in which its keys are found by number, all of them, with the column of it.
    """

    name: str
    description: str
    columns: Mapping[str, str]
    ordered_by: Sequence[str] = ()
    is_large: bool = False
    written_from: str = ""
    looks_up: Mapping[str, str] = field(default_factory=dict)

    @property
    def relation(self) -> str:
        """It as SQL writes it: schema and name, both in quotes."""
        return f'"{MARTS_SCHEMA}"."{self.name}"'


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
                *_written_from(manifest, node),
            )
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model" and node["schema"] == MARTS_SCHEMA
        ),
        key=lambda mart: mart.name,
    )


def _written_from(
    manifest: Mapping[str, Any], mart: Mapping[str, Any]
) -> tuple[str, dict[str, str]]:
    """The relation that a mart says its rows are written from, and those that it looks keys up in.

    It reads nothing else, on any day alike. What it looks up is found by a number that stays.
    """
    told = mart["config"].get("meta", {}).get("written_from")
    if told is None:
        return "", {}
    above = [manifest["nodes"][unique_id] for unique_id in mart["depends_on"]["nodes"]]
    relations = {node["name"]: f'"{node["schema"]}"."{node["alias"]}"' for node in above}
    numbers = {
        relations[node["name"]]: node["config"].get("meta", {}).get("numbered_by")
        for node in above
        if node["name"] != told
    }
    if told not in relations or not all(numbers.values()) or "run_date" in mart["raw_code"]:
        raise ValueError(f"{mart['name']} is not written from {told} alone")
    return relations[told], numbers


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
        for setting in (*SETTINGS, *TEXTS_UNCOPIED):
            connection.execute(f"set {setting}")
        for mart in marts:
            file = building.parquet / f"{mart.name}.parquet"
            months = None
            if mart.is_large:
                now[mart.name] = _fingerprint(connection, mart, before.get(mart.name, {}))
                months = _months_that_differ(before.get(mart.name, {}), now[mart.name])
            if months is None:
                _write_parquet(_in_order(connection, mart), file)
            elif not months:
                os.link((home.published / "parquet" / file.name).resolve(), file)
            else:
                coming = _in_order(connection, mart, months)
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
    with open_to_write(building.warehouse) as connection:
        for setting in SETTINGS:
            connection.execute(f"set {setting}")
        connection.execute(f"create schema if not exists {MARTS_SCHEMA}")
        tables = connection.execute(
            f"select table_name from duckdb_tables() where schema_name = '{MARTS_SCHEMA}'"
        ).fetchall()
        for (table,) in tables:
            if table not in standing:
                connection.execute(f'drop table {MARTS_SCHEMA}."{table}"')
        connection.execute("checkpoint")
        for mart in marts:
            relation = mart.relation
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
    # Publishing waits for the disk, too: what is there already, while lists are written, is quick.
    sync_all(building.warehouse)
    sync_all(building.parquet)


def _in_order(
    connection: duckdb.DuckDBPyConnection, mart: Mart, months: Sequence[str] | None = None
) -> duckdb.DuckDBPyRelation:
    """The rows of a mart, or those of some months, as they are published."""
    asked = f" where {MONTH} in ({', '.join(map(sql_text, months))})" if months else ""
    order = ", ".join(mart.ordered_by) or "all"
    return connection.sql(f"from {mart.relation}{asked} order by {order}")


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


def _fingerprint(
    connection: duckdb.DuckDBPyConnection, mart: Mart, before: Fingerprint
) -> Fingerprint:
    """Of the rows of a mart, in any order; made of the same as before, they are not read.

    Of a mart that is written row by row from another relation that one is read, in which keys are
    not yet spelled out as texts. How it is written must be the same, too, for its rows to be.
    """
    columns = connection.sql(f"from {mart.relation}")
    named = zip(columns.columns, columns.types, strict=True)
    now = {
        "made_by": f"duckdb {duckdb.__version__}",
        "columns": [f"{name} {kind}" for name, kind in named],
        "made_of": told_of(connection, mart.relation),
        "written_by": _text_of(connection, mart) if mart.written_from else "",
    }
    if now["made_of"] and all(before.get(part) == told for part, told in now.items()):
        return {**before, **now}
    known = before.get("looked_up", {})
    looked_up = {
        relation: _looked_up(connection, relation, number, known.get(relation))
        for relation, number in mart.looks_up.items()
    }
    read = mart.written_from or mart.relation
    hashed = connection.execute(
        f"select {MONTH}, count(*), {HASH_OF_ROWS} from {read} as rows "
        f"group by {MONTH} order by {MONTH}"
    ).fetchall()
    months = {str(month): [rows, total] for month, rows, total in hashed}
    return {**now, "looked_up": looked_up, "months": months}


def _looked_up(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    number: str,
    before: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What a relation of keys holds: a hash of its `rows`, and the highest number, `until`.

    `since` stays as long as the rows it held before are all there, and others came after them: once
    numbers are given anew, they may be somebody else's.
    """
    until = before["until"] if before else 0
    ((newest, rows, rows_then),) = connection.execute(
        f"select coalesce(max({number}), 0), {HASH_OF_ROWS}, "
        f"{HASH_OF_ROWS} filter (where {number} <= {until}) from {relation} as rows"
    ).fetchall()
    since = before["since"] if before and before["rows"] == rows_then else rows
    return {"since": since, "until": newest, "rows": rows}


def _text_of(connection: duckdb.DuckDBPyConnection, mart: Mart) -> str:
    """The text of a mart that is a view, as the database keeps it."""
    ((text,),) = connection.execute(
        "select sql from duckdb_views() where schema_name = ? and view_name = ?",
        [MARTS_SCHEMA, mart.name],
    ).fetchall()
    return str(text)


def _months_that_differ(before: Fingerprint, now: Fingerprint) -> list[str] | None:
    """The months of a large mart to write anew; None where it is better written whole."""
    if any(before.get(part) != now[part] for part in ("made_by", "columns", "written_by")):
        return None
    if _since(before) != _since(now):
        return None
    then, months = before["months"], now["months"]
    every = sorted(then | months)
    differing = [month for month in every if then.get(month) != months.get(month)]
    if WITHOUT_MONTH in differing or len(differing) > MOST_MONTHS_REWRITTEN:
        return None
    return differing


def _since(fingerprint: Fingerprint) -> dict[str, Any]:
    """Since when the keys that a mart looks up have only become more, by relation."""
    looked_up = fingerprint.get("looked_up", {})
    return {relation: told["since"] for relation, told in looked_up.items()}


def _fingerprints_of(state: Path) -> dict[str, Fingerprint]:
    file = state / FINGERPRINTS
    read = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {mart: told for mart, told in read.items() if isinstance(told, dict)}
