"""XLSX and XLS workbooks, and Parquet files: cells as text.

Belongs here: finding the sheet and its header, long numbers a number cell has destroyed, and cells
that hold an error. Does not belong here: what a date or an amount means.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import fastexcel
import polars as pl
from python_calamine import CalamineWorkbook

from pipelines.connectors.office_files import DAYS_FROM_1900_TO_1904
from pipelines.connectors.raw import (
    LINE,
    ConnectorError,
    RawRows,
    declared_rows,
    is_of_a_reader,
    match_header,
    named_columns,
    no_unreadable,
    shown,
    shown_file,
)
from pipelines.contracts.sources import Contract
from pipelines.settings import TIME_ZONE

HEADER_IS_WITHIN = 10
LONGEST_EXACT_NUMBER = 15
LARGEST_UNPACKED_BYTES = 500_000_000
"""No register of a city comes near it; a file that unpacks to more is not opened."""

ERRORS = {
    "NA": "#N/A", "Div0": "#DIV/0!", "Name": "#NAME?", "Null": "#NULL!", "Num": "#NUM!",
    "Ref": "#REF!", "Value": "#VALUE!",
}  # fmt: skip
"""What a cell shows, by the library's name for its error."""


def read_workbook(path: Path, contract: Contract, renamed: Mapping[str, str]) -> Iterator[RawRows]:
    """Read the sheet that holds the table as text.

    A number of more than 15 digits in a number cell has lost its last digits though it looks
    whole: it is handed over in scientific notation, which conform refuses. An error (#N/A) is
    handed over as it shows.

    Raises:
        ConnectorError: the workbook is empty, truncated or encrypted, has no fitting header, or
            the table on more than one sheet.
    """
    sheet, header_row = _sheet_of(path, contract, renamed)
    header = match_header(_titles(sheet.cells.row(header_row)), contract, renamed, shown_file(path))
    lines = pl.int_range(1, sheet.cells.height + 1, dtype=pl.Int64).alias(LINE)
    rows = declared_rows(sheet.cells.with_columns(lines).slice(header_row + 1), header)
    part = _part_of_sheet(path, sheet.position)
    shift = DAYS_FROM_1900_TO_1904 if _counts_from_1904(path) else 0
    for name, at in header.positions.items():
        column = contract.columns[name]
        is_number_of_office = column.is_number_of_a_person or column.space is not None
        if is_number_of_office or (column.kind == "text" and name in contract.key):
            rows = _with_destroyed(rows, name, path, sheet.position, part, sheet.left + at)
        if shift and column.kind in ("date", "datetime"):
            rows = rows.with_columns(_shifted(name, shift))
    yield RawRows(rows, no_unreadable(), header.unknown, header.factors)


def _sheet_of(
    path: Path, contract: Contract, renamed: Mapping[str, str]
) -> "tuple[_SheetWithData, int]":
    """The sheet that holds the table, and its header row.

    Where none does, it is the sheet that names most of the table's columns.

    A hidden sheet counts only where no visible one holds data.
    """
    sheets = _sheets_with_data(path)
    visible = [sheet for sheet in sheets if sheet.is_visible] or sheets
    headers = [_header_row(sheet, contract, renamed) for sheet in visible]
    required = {name for name, column in contract.columns.items() if column.required}
    fitting = [
        at
        for at, (sheet, (row, found)) in enumerate(zip(visible, headers, strict=True))
        if found >= required and sheet.cells.height > row + 1
    ]
    if len(fitting) > 1:
        named = ", ".join(shown(visible[at].name) for at in fitting)
        raise ConnectorError(
            f"{shown_file(path)}: the table stands on the sheets {named}; put all rows on one "
            "sheet and send it again"
        )
    hits = [len(found) for _, found in headers]
    at = fitting[0] if fitting else hits.index(max(hits))
    return visible[at], headers[at][0]


@dataclass(frozen=True)
class _SheetWithData:
    position: int
    name: str
    is_visible: bool
    left: int
    """Columns of the sheet before the first cell; rows are all there, blank ones too."""
    cells: pl.DataFrame


def _sheets_with_data(path: Path) -> list[_SheetWithData]:
    found = []
    with _opened(path):
        if path.stat().st_size == 0:
            raise ConnectorError(f"{shown_file(path)}: the file is empty; send it again")
        _refuse_bomb(path)
        workbook = fastexcel.read_excel(path)
        for position, name in enumerate(workbook.sheet_names):
            sheet = workbook.load_sheet(position, header_row=None, skip_rows=0, dtypes="string")
            if sheet.width and sheet.height:
                is_visible = sheet.visible == "visible"
                left = sheet.available_columns()[0].absolute_index
                found.append(_SheetWithData(position, name, is_visible, left, _cells(sheet)))
    if not found:
        raise ConnectorError(
            f"{shown_file(path)}: no sheet of the workbook holds data; send it again"
        )
    return found


@contextmanager
def _opened(path: Path) -> Iterator[None]:
    """Tell in one sentence of a file that the libraries cannot read, or panic over."""
    try:
        yield
    except ConnectorError:
        raise
    except BaseException as fault:
        if not is_of_a_reader(fault):
            raise
        raise ConnectorError(
            f"{shown_file(path)}: the workbook cannot be opened (truncated, encrypted or not a "
            "workbook); save it anew without a password and send it again"
        ) from fault


def _cells(sheet: fastexcel.ExcelSheet) -> pl.DataFrame:
    """Cells as text; the library leaves those with an error empty and lists them apart."""
    batch, errors = sheet.to_arrow_with_errors()
    cells = pl.DataFrame(batch)
    shown_errors: dict[int, dict[int, str]] = {}
    for error in errors.errors if errors else []:
        row, column = error.offset_position
        if kind := re.search(r"\bError\((\w+)\)", error.detail):
            shown_errors.setdefault(column, {})[row] = ERRORS.get(kind[1], f"#{kind[1].upper()}!")
    return cells.with_columns(
        cells.to_series(column).scatter([*by_row], [*by_row.values()])
        for column, by_row in shown_errors.items()
    )


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


def _header_row(
    sheet: _SheetWithData, contract: Contract, renamed: Mapping[str, str]
) -> tuple[int, set[str]]:
    """The row that names most declared columns, and these: titles and blanks may stand above."""
    blank = next((at for at, row in enumerate(sheet.cells.iter_rows()) if any(row)), 0)
    named = [
        named_columns(_titles(row), contract, renamed)
        for row in sheet.cells.slice(blank, HEADER_IS_WITHIN).rows()
    ]
    hits = [len(found) for found in named]
    at = hits.index(max(hits))
    return blank + at, named[at]


def _titles(row: tuple[str | None, ...]) -> list[str]:
    return [title or "" for title in row]


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


def _counts_from_1904(path: Path) -> bool:
    """Whether a workbook (XLSX) counts its days from 1904; old ones (XLS) cannot be asked."""
    try:
        with zipfile.ZipFile(path) as archive:
            book = archive.read("xl/workbook.xml")
    except (zipfile.BadZipFile, KeyError, OSError):
        return False
    told = rb"""<(?:\w+:)?workbookPr\b[^>]*\bdate1904\s*=\s*["'](?:1|true|on)["']"""
    return re.search(told, book) is not None


def _shifted(name: str, days: int) -> pl.Expr:
    """Bare numbers of days, of four or five digits, counted from the epoch conform knows."""
    serial = pl.col(name).str.extract(r"^(\d{4,5})(?:\.0+)?$").cast(pl.Int64) + days
    return pl.coalesce(pl.when(serial >= 10_000).then(serial.cast(pl.String)), name).alias(name)


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
    with _opened(path):
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(position)
        cells = sheet.to_python(skip_empty_area=False)
    return [
        line
        for line, row in enumerate(cells, start=1)
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
