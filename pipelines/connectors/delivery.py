"""What one department delivered on one date: its tables, each in one or more pieces.

Belongs here: finding files and choosing the form. Does not belong here: reading a format
(`text_files`, `workbooks`, `database`), accepting a delivery (`ingest`).
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

from pipelines.connectors.database import (
    SqliteTable,
    sqlite_path,
    sqlite_tables,
)
from pipelines.connectors.raw import ConnectorError, RawRows, shown, shown_file
from pipelines.connectors.text_files import read_csv, read_ndjson
from pipelines.connectors.workbooks import read_parquet, read_workbook
from pipelines.contracts.city import Connection, Form
from pipelines.contracts.sources import Contract

Reader = Callable[[Path, Contract, Mapping[str, str]], Iterator[RawRows]]

READERS: dict[str, Reader] = {
    ".csv": read_csv,
    ".xlsx": read_workbook,
    ".xls": read_workbook,
    ".parquet": read_parquet,
    ".ndjson": read_ndjson,
    ".jsonl": read_ndjson,
}


@dataclass(frozen=True)
class Piece:
    """One file, or one database table, that holds rows of a declared table.

    `fingerprint` is a hash of all that reading depends on; empty where that cannot be told.
    """

    name: str
    read: Callable[[], Iterator[RawRows]]
    fingerprint: Callable[[], str]
    path: Path | None = None

    @property
    def size(self) -> int:
        """Bytes as received; zero for a table that is pulled."""
        return self.path.stat().st_size if self.path else 0

    def sha256(self) -> str:
        """Hash of the bytes as received; empty for a table that is pulled."""
        return "" if self.path is None else _sha256_of(self.path)


def _sha256_of(path: Path) -> str:
    found = path.stat()
    return _sha256(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1024)
def _sha256(path: Path, changed_at: int, size: int) -> str:
    """Hash of a file; a database that holds many tables is read once for all of them."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@dataclass(frozen=True)
class Delivery:
    """The pieces of every table that was delivered, and what nobody can place."""

    form: Form
    pieces: dict[str, list[Piece]]
    unknown: tuple[str, ...] = field(default=())


def table_files(
    connection: Connection, contracts: Sequence[Contract], folder: Path
) -> dict[str, Path]:
    """The files of any of the tables in a delivery's folder, by name as its pieces are called.

    Raises:
        ConnectorError: something in the folder is no file, or its name is no text.
    """
    tables = {contract.table: contract for contract in contracts}
    placed = {path: _table_of(path, connection, tables) for path in _files(folder)}
    pieces = _from_files(connection, tables, placed).pieces.values()
    return {piece.name: piece.path for of_table in pieces for piece in of_table if piece.path}


def open_delivery(
    connection: Connection, contracts: Sequence[Contract], folder: Path, received_on: date
) -> Delivery:
    """Find what was delivered. A folder with table files is read as files, whatever the form.

    Raises:
        ConnectorError: nothing of this department can be found or opened.
    """
    tables = {contract.table: contract for contract in contracts}
    files = _files(folder)
    placed = {path: _table_of(path, connection, tables) for path in files}
    if any(placed.values()):
        return _from_files(connection, tables, placed)
    if connection.form == "database":
        return _from_database(connection, tables, folder, received_on)
    if connection.form == "api":
        raise ConnectorError(
            f"{contracts[0].department}: the folder {folder.name} holds no pages; put them there "
            "as NDJSON, or give the interface's url in the city's folder"
        )
    raise ConnectorError(
        f"{contracts[0].department}: the folder {folder.name} holds no table file; name files "
        f"as their table, such as {next(iter(tables))}.csv"
    )


def _files(folder: Path) -> list[Path]:
    """Files of a delivery by name; what editors and transfers leave behind is passed over.

    Raises:
        ConnectorError: something in the folder is no file, or its name is no text.
    """
    if not folder.is_dir():
        return []
    delivered = sorted(
        path
        for path in folder.iterdir()
        if not path.is_dir()
        and not path.name.startswith((".", "~"))
        and path.suffix.lower() not in (".part", ".tmp")
    )
    for path in delivered:
        name = os.fsencode(path.name).decode("utf-8", "replace")
        if name != path.name:
            raise ConnectorError(f"the name of the file {shown(name)} is not in UTF-8; rename it")
        if not path.is_file():
            raise ConnectorError(
                f"{shown_file(path)} is no file but a link that leads nowhere, or a device; put "
                "the file itself there"
            )
    return delivered


def _table_of(path: Path, connection: Connection, tables: Mapping[str, Contract]) -> str | None:
    """The table a file belongs to: the longest name its own begins with."""
    if path.suffix.lower() not in READERS:
        return None
    spellings = {
        spelling: table for table in tables for spelling in (table, connection.tables.get(table))
    }
    fitting = [spelling for spelling in spellings if spelling and path.name.startswith(spelling)]
    return spellings[max(fitting, key=len)] if fitting else None


def _from_files(
    connection: Connection, tables: Mapping[str, Contract], placed: Mapping[Path, str | None]
) -> Delivery:
    pieces: dict[str, list[Piece]] = {}
    alike: Counter[str] = Counter()
    for path, table in placed.items():
        if table is not None:
            alike[shown_file(path)] += 1
            piece = _piece_of(path, tables[table], connection, alike[shown_file(path)])
            pieces.setdefault(table, []).append(piece)
    unknown = tuple(shown(path.name) for path, table in placed.items() if table is None)
    is_asked_for = connection.form == "api" or connection.is_pulled
    return Delivery(connection.form if is_asked_for else "files", pieces, unknown)


def _piece_of(path: Path, contract: Contract, connection: Connection, alike: int) -> Piece:
    """The piece of a file; names that became alike by masking are told apart by a number."""
    reader = READERS[path.suffix.lower()]
    renamed = connection.columns.get(contract.table, {})
    return Piece(
        shown_file(path) if alike == 1 else f"{shown_file(path)} ({alike})",
        lambda: reader(path, contract, renamed),
        lambda: f"{path.suffix.lower()} {_sha256_of(path)}",
        path,
    )


def _from_database(
    connection: Connection, tables: Mapping[str, Contract], folder: Path, received_on: date
) -> Delivery:
    url = connection.address(folder, received_on)
    path = sqlite_path(url)
    names = {table: connection.tables.get(table, table) for table in tables}
    if path is None:
        raise ConnectorError(
            f"{next(iter(tables.values())).department}: nothing was fetched from its database into "
            f"the folder {folder.name}; run the day again"
        )
    there = sqlite_tables(path)
    pieces = {
        table: [_table_in(path, contract, names[table], connection)]
        for table, contract in tables.items()
        if names[table] in there
    }
    if not pieces:
        raise ConnectorError(
            f"{shown_file(path)}: none of the tables of {next(iter(tables.values())).department} "
            "is there; name theirs in the city's folder"
        )
    unknown = tuple(shown(name) for name in sorted(there - set(names.values())))
    return Delivery("database", pieces, unknown)


def _table_in(path: Path, contract: Contract, table: str, connection: Connection) -> Piece:
    renamed = connection.columns.get(contract.table, {})
    held = SqliteTable(path, contract, table, renamed)
    return Piece(shown_file(path), held.read, held.fingerprint, path)
