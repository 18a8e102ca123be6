"""Tables and views of a department's database, read-only, every value as text.

SQLite is read through the standard library: many rows at once as one joined text, split again as a
delimited file is (500 000 rows a second and a text that is no UTF-8 costs its row only; read row by
row, it would stop every other thread at each). Any other SQLAlchemy URL is pulled by connectorx.
Does not belong here: PostgreSQL (`postgresql`), writing to any database.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import polars as pl

from pipelines.connectors.raw import (
    ConnectorError,
    RawRows,
    declared_rows,
    match_header,
    shown_file,
)
from pipelines.connectors.text_files import split_records
from pipelines.contracts.city import Connection
from pipelines.contracts.sources import Contract

ROWS_AT_ONCE = 200_000
LARGEST_KEPT_BYTES = 100_000_000
"""Of a larger database no rows are kept in memory between hashing and reading."""

SECONDS_TO_WAIT_FOR_LOCK = 2.0
FIELD_END = "\x1f"
RECORD_END = "\x1e"
MARKS_OF_OURS = f"char({ord(FIELD_END)}), ' '), char({ord(RECORD_END)}), ' '"
UNKNOWN = ""
"""The fingerprint of a table that cannot be told from every other."""


class Block(NamedTuple):
    """Rows of a table, their values joined by `FIELD_END` and they by `RECORD_END`."""

    rows: int
    joined: bytes


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
            raise ConnectorError(
                f"{shown_file(self.path)}: there is no such database; deliver it again"
            )
        if self.path.stat().st_size == 0:
            raise ConnectorError(
                f"{shown_file(self.path)}: the database is empty; deliver it again"
            )
        self.connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=SECONDS_TO_WAIT_FOR_LOCK,
            check_same_thread=False,  # a reader that was left in its thread is closed from another
        )
        self.connection.text_factory = bytes
        return self.connection

    def __exit__(self, kind: type | None, fault: BaseException | None, trace: object) -> None:
        if self.connection is not None:
            self.connection.close()
        if isinstance(fault, sqlite3.Error | UnicodeDecodeError):
            busy = "locked" in str(fault) or "busy" in str(fault)
            state = "is locked by another program" if busy else "cannot be read as SQLite"
            advice = "close that program and run again" if busy else "deliver it again"
            raise ConnectorError(
                f"{shown_file(self.path)}: the database {state}; {advice}"
            ) from fault


def _opened(path: Path) -> _Opened:
    return _Opened(path)


class SqliteTable:
    """One table of a SQLite file; its rows are hashed whenever they are read.

    Rows that were read for their hash alone are kept and handed over once, where the file is
    small: a table that is not what it was before is read right after that was found.
    """

    def __init__(
        self, path: Path, contract: Contract, table: str, renamed: Mapping[str, str]
    ) -> None:
        self._path = path
        self._contract = contract
        self._table = table
        self._renamed = renamed
        self._fingerprint: str | None = None
        self._kept: list[Block] | None = None

    def read(self) -> Iterator[RawRows]:
        """All rows in batches.

        Raises:
            ConnectorError: the database cannot be read, or a required column is missing.
        """
        source = f"{shown_file(self._path)}, table {self._table}"
        with _opened(self._path) as connection:
            titles = _titles(connection, self._table)
            header = match_header(titles, self._contract, self._renamed, source)
            line = 1
            kept, self._kept = self._kept, None
            for block in self._hashed(connection, titles) if kept is None else kept:
                text, damaged = _decoded(block, line)
                cells, unreadable = split_records(
                    text, len(titles), line, damaged, FIELD_END, RECORD_END, has_quotes=False
                )
                line += block.rows
                yield RawRows(
                    declared_rows(cells, header), unreadable, header.unknown, header.factors
                )

    def fingerprint(self) -> str:
        """Hash of all titles and rows, however the file was written.

        Raises:
            ConnectorError: the database cannot be read.
        """
        if self._fingerprint is None:
            is_small = self._path.stat().st_size <= LARGEST_KEPT_BYTES
            with _opened(self._path) as connection:
                hashed = self._hashed(connection, _titles(connection, self._table))
                kept = [block for block in hashed if is_small]
            self._kept = kept if is_small else None
        return self._fingerprint or UNKNOWN

    def _hashed(self, connection: sqlite3.Connection, titles: Sequence[str]) -> Iterator[Block]:
        digest, is_unmistakable = hashlib.sha256(repr(titles).encode()), True
        for block, is_plain in _joined_rows(connection, self._table, titles):
            is_unmistakable = is_plain
            digest.update(block.joined)
            digest.update(RECORD_END.encode())
            yield block
        self._fingerprint = digest.hexdigest() if is_unmistakable else UNKNOWN


def _titles(connection: sqlite3.Connection, table: str) -> list[str]:
    cursor = connection.execute(f"select * from {quoted(table)} limit 0")
    return [title for title, *_ in cursor.description]


def _joined_rows(
    connection: sqlite3.Connection, table: str, titles: Sequence[str]
) -> Iterator[tuple[Block, bool]]:
    """Rows as joined texts in batches, and whether no value holds one of our marks.

    From the first batch on in which a value does, our marks become blanks; that costs double.
    """
    texts = [f"coalesce(cast({quoted(title)} as text), '')" for title in titles]
    is_plain, read = True, 0
    connection.execute("begin")  # all batches of one state
    while (block := _block(connection, texts, table, read)).rows:
        if is_plain and not _has_our_marks_only(block, len(titles)):
            is_plain = False
            texts = [f"replace(replace({text}, {MARKS_OF_OURS})" for text in texts]
            continue
        read += block.rows
        yield block, is_plain


def _block(connection: sqlite3.Connection, texts: Sequence[str], table: str, skipped: int) -> Block:
    joined = f" || char({ord(FIELD_END)}) || ".join(texts)
    rows = f"select {joined} as row from {quoted(table)} limit {ROWS_AT_ONCE} offset {skipped}"
    query = (
        f"select count(*), coalesce(group_concat(row, char({ord(RECORD_END)})), '') from ({rows})"
    )
    return Block(*connection.execute(query).fetchone())


def _has_our_marks_only(block: Block, width: int) -> bool:
    is_split_right = block.joined.count(FIELD_END.encode()) == block.rows * (width - 1)
    return is_split_right and block.joined.count(RECORD_END.encode()) == block.rows - 1


def _decoded(block: Block, first: int) -> tuple[bytes, frozenset[int]]:
    """Rows joined as UTF-8, and the numbers of those that are none."""
    try:
        block.joined.decode("utf-8")
    except UnicodeDecodeError:
        rows = block.joined.split(RECORD_END.encode())
        texts = [row.decode("utf-8", "replace") for row in rows]
        damaged = frozenset(
            number
            for number, (row, text) in enumerate(zip(rows, texts, strict=True), start=first)
            if row != text.encode()
        )
        return RECORD_END.join(texts).encode(), damaged
    return block.joined, frozenset()


def pull_tables(
    url: str,
    connection: Connection,
    contracts: Sequence[Contract],
    folder: Path,
    since: date | None,
) -> None:
    """Pull the tables of a database that is neither SQLite nor PostgreSQL into CSV files.

    Args:
        url: where the database is, its secret filled in.
        connection: the department's own names.
        contracts: the tables.
        folder: an empty folder for the files.
        since: asks tables that tell when a row changed for those changed since.

    Raises:
        ConnectorError: the database does not answer. The address is not shown, it may hold a
            password.
    """
    import connectorx  # noqa: PLC0415 - half a second that SQLite and files do not need

    quote = quoted if not url.startswith(("mysql", "mariadb")) else _quoted_by_mysql
    for contract in contracts:
        table = connection.tables.get(contract.table, contract.table)
        changed_at = connection.changed_at.get(contract.table)
        wanted = f" where {quote(changed_at)} >= '{since}'" if changed_at and since else ""
        query = f"select * from {quote(table)}{wanted}"
        try:
            frame = connectorx.read_sql(url, query, return_type="polars", protocol="binary")
        except Exception as fault:  # connectorx raises whatever its driver raises
            raise ConnectorError(
                f"the table {table} of {contract.department} cannot be pulled from its database; "
                "check the connection in the city's folder and that the database is up"
            ) from fault.with_traceback(None)
        frame.select(pl.all().cast(pl.String)).write_csv(folder / f"{contract.table}.csv")


def _quoted_by_mysql(identifier: str) -> str:
    return ".".join("`" + part.replace("`", "``") + "`" for part in identifier.split("."))
