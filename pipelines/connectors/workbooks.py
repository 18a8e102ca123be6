"""XLSX and XLS workbooks, and Parquet files: cells as text.

Belongs here: finding the sheet and its header, long numbers a number cell has destroyed, and cells
that hold an error. Does not belong here: what a date or an amount means.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import fastexcel
import polars as pl
from python_calamine import CalamineWorkbook

from pipelines.connectors.raw import (
    LINE,
    ConnectorError,
    RawRows,
    declared_rows,
    is_of_a_reader,
    match_header,
    no_unreadable,
    plain,
    shown,
    shown_file,
)
from pipelines.contracts.sources import Contract
from pipelines.settings import TIME_ZONE

HEADER_IS_WITHIN = 10
LONGEST_EXACT_NUMBER = 15
LARGEST_UNPACKED_BYTES = 500_000_000
"""No register of a city comes near it; a file that unpacks to more is not opened."""

ERRORS = pl.Schema({LINE: pl.Int64(), "_error": pl.String()})


def read_workbook(path: Path, contract: Contract, renamed: Mapping[str, str]) -> Iterator[RawRows]:
    """Read the sheet that holds the table as text.

    A number of more than 15 digits in a number cell has lost its last digits though it looks
    whole: it is handed over in scientific notation, which conform refuses. An error (#N/A) is
    handed over as it shows.

    Raises:
        ConnectorError: the workbook is empty, truncated or encrypted, has no fitting header, or
            the table on more than one sheet.
    """
    position, cells = _sheet_of(path, contract, renamed)
    part = _part_of_sheet(path, position)
    header_line = _header_line(cells, contract, renamed)
    titles = [str(title or "") for title in cells.row(header_line)]
    header = match_header(titles, contract, renamed, shown_file(path))
    rows = cells.slice(header_line + 1).with_columns(
        pl.int_range(header_line + 2, cells.height + 1, dtype=pl.Int64).alias(LINE)
    )
    rows = declared_rows(rows, header)
    holds_errors = part is not None and b't="e"' in part
    for name, column in contract.columns.items():
        if name not in header.positions:
            continue
        at = header.positions[name]
        if holds_errors:
            rows = (
                rows.join(_errors(part, at), on=LINE, how="left", maintain_order="left")
                .with_columns(pl.coalesce("_error", name).alias(name))
                .drop("_error")
            )
        is_number_of_office = column.kind in ("id", "certificate") or column.space is not None
        if is_number_of_office or (column.kind == "text" and name in contract.key):
            rows = _with_destroyed(rows, name, path, position, part, at)
    yield RawRows(rows, no_unreadable(), header.unknown, header.factors)


def _sheet_of(
    path: Path, contract: Contract, renamed: Mapping[str, str]
) -> tuple[int, pl.DataFrame]:
    """Position and cells of the sheet that names most columns of the table.

    A hidden sheet counts only where no visible one holds data.
    """
    sheets = _sheets_with_data(path)
    visible = [sheet for sheet in sheets if sheet.is_visible] or sheets
    headers = [_header_hits(sheet.cells, contract, renamed) for sheet in visible]
    hits = [found for _, found in headers]
    required = sum(column.required for column in contract.columns.values())
    fitting = [
        sheet
        for sheet, (line, found) in zip(visible, headers, strict=True)
        if found >= required and sheet.cells.height > line + 1
    ]
    if len(fitting) > 1:
        named = ", ".join(shown(sheet.name) for sheet in fitting)
        raise ConnectorError(
            f"{shown_file(path)}: the table stands on the sheets {named}; put all rows on one "
            "sheet and send it again"
        )
    chosen = visible[hits.index(max(hits))]
    return chosen.position, chosen.cells


@dataclass(frozen=True)
class _SheetWithData:
    position: int
    name: str
    is_visible: bool
    cells: pl.DataFrame


def _sheets_with_data(path: Path) -> list[_SheetWithData]:
    found = []
    try:
        if path.stat().st_size == 0:
            raise ConnectorError(f"{shown_file(path)}: the file is empty; send it again")
        _refuse_bomb(path)
        workbook = fastexcel.read_excel(path)
        for position, name in enumerate(workbook.sheet_names):
            sheet = workbook.load_sheet(position, header_row=None, dtypes="string")
            if sheet.width and sheet.height:
                is_visible = sheet.visible == "visible"
                found.append(_SheetWithData(position, name, is_visible, sheet.to_polars()))
    except ConnectorError:
        raise
    except BaseException as fault:  # a damaged file can make the reader itself panic
        if not is_of_a_reader(fault):
            raise
        raise ConnectorError(
            f"{shown_file(path)}: the workbook cannot be opened (truncated, encrypted or not a "
            "workbook); save it anew without a password and send it again"
        ) from fault
    if not found:
        raise ConnectorError(
            f"{shown_file(path)}: no sheet of the workbook holds data; send it again"
        )
    return found


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
    return _header_hits(cells, contract, renamed)[0]


def _header_hits(
    cells: pl.DataFrame, contract: Contract, renamed: Mapping[str, str]
) -> tuple[int, int]:
    """The header's row, and how many declared columns it names."""
    known = {plain(title) for name in contract.columns for title in (name, renamed.get(name, name))}
    known |= {plain(column.zh) for column in contract.columns.values()}
    hits = [
        sum(plain(str(title or "")) in known for title in row)
        for row in cells.head(HEADER_IS_WITHIN).rows()
    ]
    return hits.index(max(hits)), max(hits)


def _part_of_sheet(path: Path, position: int) -> bytes | None:
    """The XML of a sheet, by its place in the workbook; null where the format does not tell."""
    try:
        with zipfile.ZipFile(path) as archive:
            book = archive.read("xl/workbook.xml")
            relations = archive.read("xl/_rels/workbook.xml.rels")
            (relation,) = re.findall(
                rb'\br:id="([^"]+)"', re.findall(rb"<sheet\b[^>]*>", book)[position]
            )
            (element,) = (
                found
                for found in re.findall(rb"<Relationship\b[^>]*>", relations)
                if b'Id="' + relation + b'"' in found
            )
            (target,) = re.findall(rb'\bTarget="(?:/?xl/)?([^"]+)"', element)
            return archive.read(f"xl/{target.decode()}")
    except (zipfile.BadZipFile, IndexError, KeyError, OSError, ValueError):
        return None


def _errors(part: bytes | None, column: int) -> pl.DataFrame:
    """Lines whose cell of a column holds an error, and the error as it shows."""
    cell = rf'<c r="{_letters(column)}(\d+)"[^>]*\bt="e"[^>]*>(?:<f.*?)??<v>([^<]+)</v>'
    lines = {int(line): told.decode() for line, told in re.findall(cell.encode(), part or b"")}
    return pl.DataFrame({LINE: [*lines], "_error": [*lines.values()]}, schema=ERRORS)


def _with_destroyed(
    rows: pl.DataFrame, name: str, path: Path, position: int, part: bytes | None, column: int
) -> pl.DataFrame:
    """Rows in which long numbers of a column that stood in number cells are seen to be destroyed.

    Most workbooks plainly mark the cells as text; only of others every cell is asked for its kind.
    """
    is_long = pl.col(name).str.contains(rf"^\d{{{LONGEST_EXACT_NUMBER + 1},}}(?:\.0+)?$")
    doubtful = rows.filter(is_long & ~pl.col(LINE).is_in(_text_lines(part, column)))
    if doubtful.is_empty():
        return rows
    numbers = _number_lines(path, position, column)
    scientific = pl.concat_str(pl.col(name).str.head(1), pl.lit("."), pl.col(name).str.slice(1, 5))
    return rows.with_columns(
        pl.when(is_long & pl.col(LINE).is_in(numbers))
        .then(pl.concat_str(scientific, pl.lit("E+17")))
        .otherwise(pl.col(name))
        .alias(name)
    )


def _text_lines(part: bytes | None, column: int) -> list[int]:
    """Lines whose cell of a column is plainly marked as text."""
    cell = rf'<c r="{_letters(column)}(\d+)"(?: \w+="[^"]*")*? t="(?:s|str|inlineStr)"'
    return [] if part is None else [int(line) for line in re.findall(cell.encode(), part)]


def _number_lines(path: Path, position: int, column: int) -> list[int]:
    """Lines whose cell of a column holds a number, as the library tells cell by cell."""
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(position)
    return [
        line
        for line, row in enumerate(sheet.to_python(skip_empty_area=False), start=1)
        if column < len(row) and isinstance(row[column], int | float)
    ]


def _letters(column: int) -> str:
    """A column's letters in a spreadsheet: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


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
        if column.dtype.time_zone:
            column = column.dt.convert_time_zone(TIME_ZONE.key)
        return column.dt.to_string("%Y-%m-%d %H:%M:%S")
    if column.dtype == pl.Binary:
        return column.cast(pl.String, strict=False)
    return column.cast(pl.String)
