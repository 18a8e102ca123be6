"""Files that people filled in and sent back, of whatever office program, sheet by sheet as text.

Belongs here: opening XLSX, XLS, ODS and CSV safely (they come from outside), and finding marks
that were written into them: names, properties, printed feet. Does not belong here: what a column
means, which list a file answers (outreach). Tables of departments are read by `workbooks`.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import fastexcel
import polars as pl

from pipelines.connectors.raw import ConnectorError, is_of_a_reader, plain

LARGEST_BYTES = 20_000_000
"""A list of a township has some hundred lines; a file beyond this is none."""

LARGEST_UNPACKED_BYTES = 200_000_000
LARGEST_PARTS = 2_000
MOST_CELLS = 2_000_000
"""Cells of the rectangle from A1 to the last used cell: what opening a sheet takes memory for."""

CSV_ENCODINGS = ("utf-8-sig", "gb18030")
DAYS_FROM_1900_TO_1904 = 1462


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, and every cell as text under `column_0`, `column_1` and so on."""

    name: str
    cells: pl.DataFrame


@dataclass(frozen=True)
class OfficeFile:
    """A file as read.

    `marks(pattern)` finds what matches a pattern, in groups from the surest place to the least
    sure: defined names, document properties, printed feet and cells. `shift_days` is what a plain
    day number of this file lacks to the count that begins in 1900.
    """

    name: str
    sheets: tuple[Sheet, ...]
    marks: Callable[[str], list[list[str]]]
    shift_days: int = 0


def read_office_file(path: Path) -> OfficeFile:
    """Read every sheet of a workbook, or the one table of a CSV, as text.

    Raises:
        ConnectorError: the file is missing, too large, encrypted, or no workbook and no CSV.
    """
    content = _content(path)
    if path.suffix.lower() == ".csv":
        return _read_csv(path, content)
    parts = _parts(path, content)
    _refuse_vast_sheets(path, parts)
    sheets, names = _sheets(path, content)

    def marks(pattern: str) -> list[list[str]]:
        cells = "\n".join(_texts(sheets))
        if not parts:
            # The old format keeps names, properties and feet as plain text between its records.
            found = re.findall(pattern, content.decode("latin-1"))
            found += re.findall(pattern, content.decode("utf-16-le", "ignore"))
            found += re.findall(pattern, content[1:].decode("utf-16-le", "ignore"))
            return [found + re.findall(pattern, cells)]
        feet = "\n".join(_xml_text(parts, r"xl/worksheets/.*\.xml|styles\.xml", FEET))
        properties = "\n".join(_xml_text(parts, r"docProps/custom\.xml|meta\.xml", None))
        return [re.findall(pattern, place) for place in (names, properties, feet + "\n" + cells)]

    return OfficeFile(path.name, sheets, marks, _shift_days(parts))


FEET = ("oddFooter", "evenFooter", "firstFooter", "oddHeader", "footer", "header", "footer-left")


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise ConnectorError(
                f"{path.name}: the file has {size // 1_000_000} MB, more than any list of a "
                f"township ({LARGEST_BYTES // 1_000_000} MB); send back the list alone"
            )
        content = path.read_bytes()
    except OSError as fault:
        raise ConnectorError(
            f"{path.name}: there is no such file, or it cannot be read; check its path"
        ) from fault
    if not content:
        raise ConnectorError(f"{path.name}: the file is empty; send it again")
    return content


def _parts(path: Path, content: bytes) -> dict[str, bytes]:
    """The XML parts of a zipped workbook by name; none of an old one."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            told = archive.infolist()
            if len(told) > LARGEST_PARTS or sum(part.file_size for part in told) > (
                LARGEST_UNPACKED_BYTES
            ):
                raise ConnectorError(
                    f"{path.name}: the workbook unpacks to more than any list of a township "
                    "needs; send back the list alone"
                )
            if any(part.filename.endswith("worksheets/sheet1.bin") for part in told):
                raise ConnectorError(f"{path.name}: save the workbook as XLSX and send it again")
            # Reading stops at the size that is told, so that a false one cannot grow.
            return {
                part.filename: archive.read(part)
                for part in told
                if part.filename.endswith((".xml", ".rels"))
            }
    except (
        zipfile.BadZipFile,
        zlib.error,
        ArithmeticError,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
    ) as fault:
        raise _unopened(path) from fault


def _unopened(path: Path) -> ConnectorError:
    return ConnectorError(
        f"{path.name}: the workbook cannot be opened (truncated, encrypted or not a workbook); "
        "save it anew without a password and send it again"
    )


def _refuse_vast_sheets(path: Path, parts: dict[str, bytes]) -> None:
    """A sheet with one far cell would be laid out whole: refused before it is opened."""
    for name, content in parts.items():
        if name.startswith("xl/worksheets/"):
            cells = _rectangle(content)
        elif name == "content.xml":
            cells = _repeated_cells(path, content)
        else:
            continue
        if cells > MOST_CELLS:
            raise ConnectorError(
                f"{path.name}: a sheet spans more than {MOST_CELLS:,} cells; copy the lines into "
                "the list that was sent out and send that back"
            )


def _rectangle(content: bytes) -> int:
    references = re.findall(rb'\br="([A-Z]{1,3})(\d{1,7})"', content)
    letters = {column for column, _ in references}
    widest = max((_column_number(column) for column in letters), default=0)
    return widest * max((int(row) for _, row in references), default=0)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"


def _repeated_cells(path: Path, content: bytes) -> int:
    """The rectangle of the largest sheet of an ODS, in which cells and rows may be repeated."""
    largest = rows = widest = 0
    try:
        for _, element in ElementTree.iterparse(io.BytesIO(content), events=("end",)):
            if element.tag == f"{TABLE}table-row":
                cells = [_repeated(cell, "columns") for cell in element]
                filled = [at for at, cell in enumerate(element) if len(cell) or _has_value(cell)]
                if filled:
                    widest = max(widest, sum(cells[: filled[-1] + 1]))
                    rows += _repeated(element, "rows")
                    largest = max(largest, rows * widest)
                else:
                    rows += _repeated(element, "rows")
                element.clear()
            elif element.tag == f"{TABLE}table":
                rows = widest = 0
                element.clear()
    except ElementTree.ParseError as fault:
        raise _unopened(path) from fault
    return largest


def _has_value(cell: ElementTree.Element) -> bool:
    return any(name.startswith(OFFICE) for name in cell.attrib)


def _repeated(element: ElementTree.Element, what: str) -> int:
    told = element.get(f"{TABLE}number-{what}-repeated", "1")
    return int(told) if told.isdecimal() else 1


def _sheets(path: Path, content: bytes) -> tuple[tuple[Sheet, ...], str]:
    try:
        workbook = fastexcel.read_excel(content)
        sheets = tuple(
            Sheet(name, workbook.load_sheet(at, header_row=None, dtypes="string").to_polars())
            for at, name in enumerate(workbook.sheet_names)
        )
        names = "\n".join(name.formula for name in workbook.defined_names())
    except BaseException as fault:
        if not is_of_a_reader(fault):
            raise
        raise _unopened(path) from fault
    return tuple(Sheet(sheet.name, _numbered(sheet.cells)) for sheet in sheets), names


def _numbered(cells: pl.DataFrame) -> pl.DataFrame:
    return cells.rename({name: f"column_{at}" for at, name in enumerate(cells.columns)})


def _read_csv(path: Path, content: bytes) -> OfficeFile:
    text = None
    for encoding in CSV_ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None or "\0" in text:
        raise ConnectorError(
            f"{path.name}: the file is no CSV in UTF-8 or GB18030; send back the workbook instead"
        )
    try:
        separator = "\t" if text.count("\t") > text.count(",") else ","
        rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    except csv.Error as fault:
        raise _unopened(path) from fault
    width = max((len(row) for row in rows), default=0)
    if width * len(rows) > MOST_CELLS:
        raise ConnectorError(f"{path.name}: the table is larger than any list; send the workbook")
    schema = {f"column_{at}": pl.String for at in range(width)}
    padded = [[cell or None for cell in row] + [None] * (width - len(row)) for row in rows]
    sheet = Sheet(path.stem, pl.DataFrame(padded, schema=schema, orient="row"))
    return OfficeFile(path.name, (sheet,), lambda pattern: [re.findall(pattern, text)])


def _texts(sheets: tuple[Sheet, ...]) -> Iterator[str]:
    for sheet in sheets:
        for column in sheet.cells.iter_columns():
            yield from column.drop_nulls()


def _xml_text(
    parts: dict[str, bytes], pattern: str, elements: tuple[str, ...] | None
) -> Iterator[str]:
    """Text within elements of the parts whose name fits; of all elements where none is named."""
    for name, content in parts.items():
        if not re.fullmatch(pattern, name):
            continue
        try:
            root = ElementTree.fromstring(content)
        except ElementTree.ParseError:
            continue
        for element in root.iter():
            if elements is None or plain(element.tag.rpartition("}")[2]) in {
                plain(wanted) for wanted in elements
            }:
                yield "".join(element.itertext())


def _shift_days(parts: dict[str, bytes]) -> int:
    book = parts.get("xl/workbook.xml", b"")
    counts_from_1904 = re.search(rb'<(?:\w+:)?workbookPr[^>]*\bdate1904="(?:1|true|on)"', book)
    null_date = re.search(rb'null-date[^>]*date-value="1904-01-01', parts.get("content.xml", b""))
    return DAYS_FROM_1900_TO_1904 if counts_from_1904 or null_date else 0
