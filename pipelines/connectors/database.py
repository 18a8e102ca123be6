"""Tables and views of a department's database, read-only, every value as text.

SQLite is read through the standard library: each row as one joined text, split again as a
delimited file is (500 000 rows a second and a text that is no UTF-8 costs its row only). Any
other SQLAlchemy URL is pulled by connectorx. Does not belong here: writing to any database.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from pipelines.connectors.raw import (
    LINE,
    ConnectorError,
    RawRows,
    declared_rows,
    match_header,
    no_unreadable,
)
from pipelines.connectors.text_files import split_records
from pipelines.contracts.sources import Contract

ROWS_AT_ONCE = 200_000
SECONDS_TO_WAIT_FOR_LOCK = 2.0
FIELD_END = "\x1f"
RECORD_END = "\x1e"
MARKS_OF_OURS = f"char({ord(FIELD_END)}), ' '), char({ord(RECORD_END)}), ' '"


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL, null for any other database."""
    kind, _, rest = url.partition("://")
    return Path(unquote(rest.removeprefix("/"))) if kind.split("+")[0] == "sqlite" else None


def quoted(identifier: str) -> str:
    """A table or column name that can stand in a query whatever it holds."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in identifier.split("."))


def sqlite_tables(path: Path) -> set[str]:
    """Names of tables and views.

    Raises:
        ConnectorError: the file is absent, locked or no database.
    """
    with _opened(path) as connection:
        rows = connection.execute(
            "select name from sqlite_master where type in ('table', 'view')"
        ).fetchall()
    return {name.decode("utf-8", "replace") for (name,) in rows}


class _Opened:
    """A read-only SQLite connection whose faults are told in one sentence."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection: sqlite3.Connection | None = None

    def __enter__(self) -> sqlite3.Connection:
        if not self.path.is_file():
            raise ConnectorError(f"{self.path.name}: there is no such database; deliver it again")
        if self.path.stat().st_size == 0:
            raise ConnectorError(f"{self.path.name}: the database is empty; deliver it again")
        self.connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=SECONDS_TO_WAIT_FOR_LOCK
        )
        self.connection.text_factory = bytes
        return self.connection

    def __exit__(self, kind: type | None, fault: BaseException | None, trace: object) -> None:
        if self.connection is not None:
            self.connection.close()
        if isinstance(fault, sqlite3.Error):
            busy = "locked" in str(fault) or "busy" in str(fault)
            state = "is locked by another program" if busy else "cannot be read as SQLite"
            advice = "close that program and run again" if busy else "deliver it again"
            raise ConnectorError(f"{self.path.name}: the database {state}; {advice}") from fault


def _opened(path: Path) -> _Opened:
    return _Opened(path)


def read_sqlite(
    path: Path, contract: Contract, table: str, renamed: Mapping[str, str]
) -> Iterator[RawRows]:
    """Read one table of a SQLite file.

    Raises:
        ConnectorError: the database cannot be read, or a required column is missing.
    """
    with _opened(path) as connection:
        cursor = connection.execute(f"select * from {quoted(table)} limit 0")
        titles = [title for title, *_ in cursor.description]
        header = match_header(titles, contract, renamed, f"{path.name}, table {table}")
        texts = (
            f"replace(replace(coalesce(cast({quoted(title)} as text), ''), {MARKS_OF_OURS})"
            for title in titles
        )
        joined = f" || char({ord(FIELD_END)}) || ".join(texts)
        cursor = connection.execute(f"select {joined} from {quoted(table)}")
        line = 1
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            texts_of_rows, damaged = _decoded([row for (row,) in rows], line)
            cells, unreadable = split_records(
                texts_of_rows, len(titles), line, damaged, FIELD_END, RECORD_END, has_quotes=False
            )
            line += len(rows)
            yield RawRows(declared_rows(cells, header), unreadable, header.unknown, header.factors)


def _decoded(rows: list[bytes], first: int) -> tuple[bytes, frozenset[int]]:
    """Rows joined as UTF-8, and the numbers of those that are none."""
    joined = RECORD_END.encode().join(rows)
    try:
        joined.decode("utf-8")
    except UnicodeDecodeError:
        texts = [row.decode("utf-8", "replace") for row in rows]
        damaged = frozenset(
            number
            for number, (row, text) in enumerate(zip(rows, texts, strict=True), start=first)
            if row != text.encode()
        )
        return RECORD_END.join(texts).encode(), damaged
    return joined, frozenset()


def read_database(
    url: str, contract: Contract, table: str, renamed: Mapping[str, str]
) -> Iterator[RawRows]:
    """Pull one table of any other database by connectorx.

    Raises:
        ConnectorError: the database does not answer, or a required column is missing. The
            address is not shown, it may hold a password.
    """
    import connectorx  # noqa: PLC0415 - half a second that SQLite and files do not need

    quote = quoted if not url.startswith(("mysql", "mariadb")) else _quoted_by_mysql
    try:
        frame = connectorx.read_sql(
            url, f"select * from {quote(table)}", return_type="polars", protocol="binary"
        )
    except Exception as fault:  # connectorx raises whatever its driver raises
        raise ConnectorError(
            f"the table {table} of {contract.department} cannot be pulled from its database; "
            "check the connection in the city's folder and that the database is up"
        ) from fault.with_traceback(None)
    header = match_header(frame.columns, contract, renamed, f"database table {table}")
    cells = frame.select(pl.all().cast(pl.String)).with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(LINE)
    )
    yield RawRows(declared_rows(cells, header), no_unreadable(), header.unknown, header.factors)


def _quoted_by_mysql(identifier: str) -> str:
    return ".".join("`" + part.replace("`", "``") + "`" for part in identifier.split("."))
