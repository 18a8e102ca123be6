"""The four native forms: SQLite database, GB18030 CSV, NDJSON pages, XLSX workbooks.

Belongs here: bytes on disk, the same ones every time. Does not belong here: what a row means.
"""

import io
import os
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import polars as pl
import xlsxwriter

from pipelines.contracts.sources import Contract

PAGE_ROWS = 5000
WORKBOOK_ROWS = 20_000
"""Larger registers go out as several workbooks."""

_CREATED = datetime(2024, 1, 1)


@contextmanager
def folder_in_one_piece(path: Path) -> Iterator[Path]:
    """A folder that appears under its name only when everything in it is written."""
    draft = path.with_name(f".{path.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    yield draft
    draft.replace(path)


def write_database(path: Path, tables: dict[str, pl.DataFrame]) -> None:
    """One SQLite file with a table per register, columns by their declared names."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("pragma journal_mode = off")
        connection.execute("pragma synchronous = off")
        for name, frame in tables.items():
            columns = ", ".join(
                f'"{column}" {_affinity(kind)}' for column, kind in frame.schema.items()
            )
            connection.execute(f'create table "{name}" ({columns})')
            marks = ", ".join("?" * frame.width)
            connection.execute("begin")
            connection.executemany(
                f'insert into "{name}" values ({marks})', frame.iter_rows(buffer_size=20_000)
            )
            connection.execute("commit")
    finally:
        connection.close()


def _affinity(kind: pl.DataType) -> str:
    if kind == pl.String:
        return "text"
    return "integer" if kind.is_integer() else "numeric"


def write_csv(path: Path, frame: pl.DataFrame, contract: Contract) -> None:
    """Comma-separated values in GB18030 under the Chinese headers."""
    buffer = io.BytesIO()
    _in_chinese(frame, contract).write_csv(buffer, float_precision=2)
    path.write_bytes(buffer.getvalue().decode("utf-8").encode("gb18030"))


def write_pages(folder: Path, table: str, frame: pl.DataFrame) -> None:
    """Pages as the platform's interface returns them: one JSON record per line."""
    for number, start in enumerate(range(0, frame.height, PAGE_ROWS), start=1):
        frame.slice(start, PAGE_ROWS).write_ndjson(folder / f"{table}_page_{number:04d}.ndjson")


def write_workbook(path: Path, frame: pl.DataFrame, contract: Contract) -> None:
    """One workbook, everything as text, under the Chinese headers."""
    workbook = xlsxwriter.Workbook(
        str(path),
        {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False},
    )
    workbook.set_properties({"created": _CREATED})
    sheet = workbook.add_worksheet(contract.title.zh)
    write = sheet.write_string
    for place, column in enumerate(_in_chinese(frame, contract)):
        write(0, place, column.name)
        for row, value in enumerate(column.cast(pl.String).to_list(), start=1):
            if value is not None:
                write(row, place, value)
    workbook.close()


def _in_chinese(frame: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    return frame.rename({name: contract.columns[name].zh for name in frame.columns})


@dataclass
class Order:
    """Workbooks of one delivery on their way: being written, or the same as the day before."""

    writing: list[Future[None]] = field(default_factory=list)
    copying: list[tuple[Path, Path]] = field(default_factory=list)

    def wait(self) -> None:
        """Return when every workbook is there; earlier deliveries must be in place by now."""
        for future in self.writing:
            future.result()
        for source, target in self.copying:
            shutil.copyfile(source, target)


class Workshop:
    """Writes large workbooks in processes of their own, while the city goes on.

    A workbook whose rows are those of the delivery before is copied: on days when the offices
    are closed a register stays as it was.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._known: dict[str, tuple[bytes, Path]] = {}

    def write(
        self, draft: Path, final: Path, frame: pl.DataFrame, contract: Contract, order: Order
    ) -> None:
        """Put a register into the delivery: one workbook at once, or several on order."""
        if frame.height <= WORKBOOK_ROWS:
            write_workbook(draft / f"{contract.table}.xlsx", frame, contract)
            return
        for number, start in enumerate(range(0, frame.height, WORKBOOK_ROWS), start=1):
            name = f"{contract.table}_{number:02d}.xlsx"
            part = frame.slice(start, WORKBOOK_ROWS)
            content = sha256(part.hash_rows(seed=1).to_numpy().tobytes()).digest()
            known, source = self._known.get(name, (b"", final))
            self._known[name] = (content, final / name)
            if known == content:
                order.copying.append((source, draft / name))
            else:
                order.writing.append(self._submit(draft / name, part, contract))

    def close(self) -> None:
        """Let the processes go."""
        if self._pool is not None:
            self._pool.shutdown()

    def _submit(self, path: Path, part: pl.DataFrame, contract: Contract) -> Future[None]:
        if self._pool is None:
            workers = max(min(os.cpu_count() or 1, 4), 1)
            self._pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
        return self._pool.submit(write_workbook, path, part, contract)
