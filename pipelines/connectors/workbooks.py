"""XLSX and XLS workbooks, and Parquet files: cells as text.

Belongs here: finding the sheet and its header, and long numbers a number cell has destroyed.
Does not belong here: what a date or an amount means.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import fastexcel
import polars as pl

from pipelines.connectors.raw import (
    LINE,
    ConnectorError,
    RawRows,
    declared_rows,
    match_header,
    no_unreadable,
    plain,
    shown_file,
)
from pipelines.contracts.sources import Contract

HEADER_IS_WITHIN = 10
LONGEST_EXACT_NUMBER = 15
LARGEST_UNPACKED_BYTES = 500_000_000
"""No register of a city comes near it; a file that unpacks to more is not opened."""


def read_workbook(path: Path, contract: Contract, renamed: Mapping[str, str]) -> Iterator[RawRows]:
    """Read the first sheet with data as text.

    A number of more than 15 digits in a number cell has lost its last digits though it looks
    whole: it is handed over in scientific notation, which conform refuses.

    Raises:
        ConnectorError: the workbook is empty, truncated, encrypted or has no fitting header.
    """
    position, cells = _first_sheet_with_data(path)
    header_line = _header_line(cells, contract, renamed)
    titles = [str(title or "") for title in cells.row(header_line)]
    header = match_header(titles, contract, renamed, shown_file(path))
    rows = cells.slice(header_line + 1).with_columns(
        pl.int_range(header_line + 2, cells.height + 1, dtype=pl.Int64).alias(LINE)
    )
    rows = declared_rows(rows, header)
    for name, column in contract.columns.items():
        if column.kind in ("id", "certificate") and name in header.positions:
            number_lines = _number_cells(path, position, header.positions[name])
            rows = rows.with_columns(_destroyed(name, number_lines))
    yield RawRows(rows, no_unreadable(), header.unknown, header.factors)


def _first_sheet_with_data(path: Path) -> tuple[int, pl.DataFrame]:
    try:
        if path.stat().st_size == 0:
            raise ConnectorError(f"{shown_file(path)}: the file is empty; send it again")
        _refuse_bomb(path)
        workbook = fastexcel.read_excel(path)
        for position in range(len(workbook.sheet_names)):
            sheet = workbook.load_sheet(position, header_row=None, dtypes="string")
            if sheet.width and sheet.height:
                return position, sheet.to_polars()
    except (fastexcel.FastExcelError, zipfile.BadZipFile) as fault:
        raise ConnectorError(
            f"{shown_file(path)}: the workbook cannot be opened (truncated, encrypted or not a "
            "workbook); save it anew without a password and send it again"
        ) from fault
    raise ConnectorError(f"{shown_file(path)}: no sheet of the workbook holds data; send it again")


def _refuse_bomb(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > LARGEST_UNPACKED_BYTES:
        raise ConnectorError(
            f"{shown_file(path)}: the workbook unpacks to {unpacked // 1_000_000} MB, more than "
            "any register needs; send the table as CSV"
        )


def _header_line(cells: pl.DataFrame, contract: Contract, renamed: Mapping[str, str]) -> int:
    """The row among the first that names most declared columns: titles may stand above it."""
    known = {plain(title) for name in contract.columns for title in (name, renamed.get(name, name))}
    known |= {plain(column.zh) for column in contract.columns.values()}
    hits = [
        sum(plain(str(title or "")) in known for title in row)
        for row in cells.head(HEADER_IS_WITHIN).rows()
    ]
    return hits.index(max(hits))


def _number_cells(path: Path, position: int, column: int) -> list[int] | None:
    """Lines whose cell of a column is a number; null when the format does not tell."""
    try:
        with zipfile.ZipFile(path) as archive:
            sheets = sorted(
                (
                    name
                    for name in archive.namelist()
                    if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)
                ),
                key=lambda name: int(re.findall(r"\d+", name)[-1]),
            )
            content = archive.read(sheets[position])
    except (zipfile.BadZipFile, IndexError, OSError):
        return None
    if b"<v>" not in content:
        return []
    cell = rf'<c r="{_letters(column)}(\d+)"((?:\s+\w+="[^"]*")*)\s*><v>'.encode()
    return [
        int(line)
        for line, attributes in re.findall(cell, content)
        if b' t="' not in attributes or b' t="n"' in attributes
    ]


def _letters(column: int) -> str:
    """A column's letters in a spreadsheet: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _destroyed(name: str, number_lines: list[int] | None) -> pl.Expr:
    """The column with destroyed numbers in scientific notation."""
    is_long = pl.col(name).str.contains(rf"^\d{{{LONGEST_EXACT_NUMBER + 1},}}(?:\.0+)?$")
    if number_lines is None:
        # A floating-point number of this size ends in binary noise: three lost digits.
        exact = pl.col(name).cast(pl.Int64, strict=False)
        is_number = exact.cast(pl.Float64).cast(pl.Int64, strict=False) == exact
    else:
        is_number = pl.col(LINE).is_in(number_lines)
    scientific = pl.concat_str(pl.col(name).str.head(1), pl.lit("."), pl.col(name).str.slice(1, 5))
    return (
        pl.when(is_long & is_number)
        .then(pl.concat_str(scientific, pl.lit("E+17")))
        .otherwise(pl.col(name))
        .alias(name)
    )


def read_parquet(path: Path, contract: Contract, renamed: Mapping[str, str]) -> Iterator[RawRows]:
    """Read a Parquet file, every value turned into text.

    Raises:
        ConnectorError: the file is truncated, or a value is nested.
    """
    try:
        frame = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, OSError) as fault:
        raise ConnectorError(
            f"{shown_file(path)}: the file cannot be read as Parquet; send it again"
        ) from fault
    if any(column.dtype.is_nested() for column in frame.get_columns()):
        raise ConnectorError(
            f"{shown_file(path)}: a column holds lists or records; send one plain value per field"
        )
    titles = frame.columns
    header = match_header(titles, contract, renamed, shown_file(path))
    cells = frame.select(_as_text(column) for column in frame.get_columns()).with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(LINE)
    )
    yield RawRows(declared_rows(cells, header), no_unreadable(), header.unknown, header.factors)


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Boolean:
        return column.cast(pl.Int8).cast(pl.String)
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.to_string("%Y-%m-%d %H:%M:%S")
    if column.dtype == pl.Binary:
        return column.cast(pl.String, strict=False)
    return column.cast(pl.String)
