"""CSV and NDJSON files: decoding, records, and the lines that are none.

A line that cannot be decoded or has the wrong number of fields is handed over as unreadable; the
rest of the file is read. Does not belong here: workbooks, Parquet, databases.
"""

import codecs
import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from pipelines.connectors.raw import (
    LINE,
    UNREADABLE_SCHEMA,
    ConnectorError,
    RawRows,
    declared_rows,
    match_header,
    no_unreadable,
    shown_file,
)
from pipelines.contracts.sources import Contract

BLOCK_BYTES = 48 * 1024 * 1024
LONGEST_RECORD_LINES = 20
ENCODINGS = ("utf-8", "gb18030")
TELLING_BYTES = 64 * 1024
"""How much of a file usually tells that it is not in an encoding."""

WORDS = re.compile(r"[^\W\d_]{2,}")
"""Such as 合计: no number of a record begins a line so."""

BARE_NUMBER = re.compile(rb'((?<!\\)":\s*)(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,}])')
"""A JSON number. It is read as it stands in the file: a parser would round it to a binary one."""


def read_csv(path: Path, contract: Contract, renamed: Mapping[str, str]) -> Iterator[RawRows]:
    """Read a CSV file block by block, every value as text.

    Raises:
        ConnectorError: the file is empty, in UTF-16 or was cut off, or its header does not fit.
    """
    content = path.read_bytes()
    if not content.strip():
        raise ConnectorError(f"{shown_file(path)}: the file is empty; send it again")
    content, damaged = _as_utf8(content, path)
    start = _end_of_record(content, 0)
    titles = _fields_of(content[:start], path)
    header = match_header(titles, contract, renamed, shown_file(path))
    if _is_cut_off(content, len(titles), path):
        raise ConnectorError(
            f"{shown_file(path)}: the file ends inside a record; send it again, whole"
        )
    line = content.count(b"\n", 0, start) + 1
    for block in _blocks(content, start):
        cells, unreadable = split_records(block, len(titles), line, damaged)
        line += block.count(b"\n")
        yield RawRows(declared_rows(cells, header), unreadable, header.unknown, header.factors)


def _fields_of(record: bytes, path: Path) -> list[str]:
    """The fields of one record.

    Raises:
        ConnectorError: one is longer than any field of a table.
    """
    try:
        return next(csv.reader(io.StringIO(record.decode("utf-8", "replace"), newline="")), [])
    except csv.Error as fault:
        raise ConnectorError(
            f"{shown_file(path)}: the file is no CSV, or a quote in it is not closed; send the "
            "table again as CSV"
        ) from fault


def _is_cut_off(content: bytes, width: int, path: Path) -> bool:
    """Whether the last line has neither an end nor all fields; a line of words is a foot."""
    last = content[content.rfind(b"\n") + 1 :]
    if not last.strip() or last.count(b'"') % 2:
        return False
    fields = _fields_of(last, path)
    is_foot = bool(WORDS.search(fields[0])) or not fields[0].strip()
    return len(fields) < width and not is_foot


def _as_utf8(content: bytes, path: Path) -> tuple[bytes, frozenset[int]]:
    """The file in UTF-8 with plain line ends, and the numbers of lines that cannot be decoded.

    Raises:
        ConnectorError: the file is in UTF-16.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConnectorError(
            f"{shown_file(path)}: the file is in UTF-16; save it as UTF-8 or GB18030 and send it "
            "again"
        )
    content = content.removeprefix(b"\xef\xbb\xbf")
    for encoding in ENCODINGS:
        try:
            codecs.getincrementaldecoder(encoding)().decode(content[:TELLING_BYTES])
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return _plain_line_ends(content if encoding == "utf-8" else text.encode()), frozenset()
    lines = content.split(b"\n")
    damage = {encoding: _undecodable(lines, encoding) for encoding in ENCODINGS}
    encoding = min(ENCODINGS, key=lambda name: len(damage[name]))
    text = "\n".join(line.decode(encoding, "replace") for line in lines)
    return _plain_line_ends(text.encode()), frozenset(damage[encoding])


def _plain_line_ends(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in content else content


def _undecodable(lines: list[bytes], encoding: str) -> set[int]:
    damaged = set()
    for number, line in enumerate(lines, start=1):
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            damaged.add(number)
    return damaged


def _blocks(content: bytes, start: int) -> Iterator[bytes]:
    """Cut after the header at line ends, never inside quotes."""
    while start < len(content):
        end = _end_of_record(content, start, BLOCK_BYTES)
        yield content[start:end]
        start = end


def _end_of_record(content: bytes, start: int, at_least: int = 0) -> int:
    """The end of a line that lies some bytes on and not inside quotes."""
    first = end = content.find(b"\n", start + at_least) + 1 or len(content)
    for _ in range(LONGEST_RECORD_LINES):
        if content.count(b'"', start, end) % 2 == 0:
            return end
        end = content.find(b"\n", end) + 1 or len(content)
    return first


def split_records(
    block: bytes,
    width: int,
    first_line: int,
    damaged: frozenset[int] = frozenset(),
    separator: str = ",",
    line_end: str = "\n",
    has_quotes: bool = True,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split text into cells by position, and name the records that do not have `width` fields.

    Returns:
        Cells as text with their 1-based line, and the unreadable records.
    """
    is_quoted = has_quotes and b'"' in block
    if not damaged:
        cells = _whole_records(block, width, separator, line_end, is_quoted)
        if cells is not None:
            lines = pl.int_range(first_line, first_line + cells.height, dtype=pl.Int64, eager=True)
            return cells.with_columns(lines.alias(LINE)), no_unreadable()
    records = _records(block, first_line, line_end, is_quoted)
    fields = pl.col("record").str.replace_all(r'"[^"]*"', "") if is_quoted else pl.col("record")
    judged = records.with_columns(
        reason=pl.when(pl.col(LINE).is_in(list(damaged)))
        .then(pl.lit("undecodable_text"))
        .when(fields.str.count_matches(separator, literal=True) != width - 1)
        .then(pl.lit("ragged_row"))
        .when("is_open")
        .then(pl.lit("ragged_row")),
        is_blank=pl.col("record").str.strip_chars(f" \t{separator}") == "",
    )
    unreadable = judged.filter(pl.col("reason").is_not_null() & ~pl.col("is_blank"))
    readable = judged.filter(pl.col("reason").is_null() & ~pl.col("is_blank"))
    if readable.height < judged.height:
        block = line_end.join(readable["record"].to_list()).encode()
    cells = _cells(block if readable.height else b"", width, separator, line_end, has_quotes)
    return (
        cells.with_columns(readable[LINE]),
        unreadable.select(LINE, "reason", pl.col("record").alias("raw")),
    )


def _cells(
    block: bytes, width: int, separator: str, line_end: str, has_quotes: bool
) -> pl.DataFrame:
    """Cells of records that all have the right number of fields."""
    names = dict.fromkeys((f"column_{at}" for at in range(width)), pl.String)
    if not block:
        return pl.DataFrame(schema=names)
    return pl.read_csv(
        block,
        has_header=False,
        schema=names,
        separator=separator,
        eol_char=line_end,
        quote_char='"' if has_quotes else None,
        infer_schema=False,
    )


def _whole_records(
    block: bytes, width: int, separator: str, line_end: str, is_quoted: bool
) -> pl.DataFrame | None:
    """Cells of a block in which every line is one whole record; null when one is not.

    A line with too many fields makes reading fail; so none has too few when the separators
    outside of values are as many as they should be.
    """
    end = line_end.encode()
    lines = block.count(end) + (not block.endswith(end))
    if not block or end + end in block or block.startswith(end):
        return None
    try:
        cells = _cells(block, width, separator, line_end, is_quoted)
    except pl.exceptions.PolarsError:
        return None
    within_values = (
        cells.select(
            pl.sum_horizontal(pl.all().str.count_matches(separator, literal=True).sum())
        ).item()
        if is_quoted
        else 0
    )
    separators = block.count(separator.encode()) - within_values
    return cells if cells.height == lines and separators == lines * (width - 1) else None


def _records(block: bytes, first_line: int, line_end: str, is_quoted: bool) -> pl.DataFrame:
    """Lines as records; lines inside one pair of quotes are joined."""
    text = block.decode("utf-8")
    lines = (
        pl.Series("record", [text.removesuffix(line_end)])
        .str.split(line_end)
        .explode()
        .to_frame()
        .with_columns(
            pl.int_range(first_line, first_line + pl.len(), dtype=pl.Int64).alias(LINE),
            is_open=pl.lit(False),
        )
    )
    if not is_quoted:
        return lines
    odd = (lines["record"].str.count_matches('"', literal=True) % 2 == 1).arg_true().to_list()
    if not odd:
        return lines
    record_of = list(range(lines.height))
    left_open = [False] * lines.height
    position = 0
    while position < len(odd):
        opened = odd[position]
        closed = odd[position + 1] if position + 1 < len(odd) else lines.height
        if closed - opened < LONGEST_RECORD_LINES and closed < lines.height:
            record_of[opened : closed + 1] = [opened] * (closed - opened + 1)
            position += 2
        else:
            left_open[opened] = True
            position += 1
    return (
        lines.with_columns(pl.Series("_record", record_of), pl.Series("is_open", left_open))
        .group_by("_record", maintain_order=True)
        .agg(pl.col("record").str.join(line_end), pl.col(LINE, "is_open").first())
        .drop("_record")
    )


def read_ndjson(path: Path, contract: Contract, renamed: Mapping[str, str]) -> Iterator[RawRows]:
    """Read a file of one JSON record per line, every value as text.

    Raises:
        ConnectorError: the file is empty, in UTF-16 or was cut off, a value is nested, or a
            required field is nowhere.
    """
    content, damaged = _as_utf8(path.read_bytes(), path)
    lines = [line.strip() for line in content.split(b"\n")]
    if not any(lines):
        raise ConnectorError(f"{shown_file(path)}: the file is empty; send it again")
    numbers = [number for number, line in enumerate(lines, start=1) if line]
    if not content.endswith(b"\n") and not _is_record(lines[-1]):
        raise ConnectorError(
            f"{shown_file(path)}: the file ends inside a record; send it again, whole"
        )
    unreadable = no_unreadable()
    titles = _fields(content, numbers)
    if titles is None or damaged:
        reasons = {
            number: "undecodable_text" if number in damaged else "ragged_row"
            for number in numbers
            if number in damaged or not _is_record(lines[number - 1])
        }
        unreadable = pl.DataFrame(
            [
                (number, reason, lines[number - 1].decode("utf-8", "replace"))
                for number, reason in reasons.items()
            ],
            schema=UNREADABLE_SCHEMA,
            orient="row",
        )
        numbers = [number for number in numbers if number not in reasons]
        content = b"\n".join(lines[number - 1] for number in numbers)
        titles = _fields(content, numbers) or _fields_one_by_one(lines, numbers)
    if not titles:
        raise ConnectorError(f"{shown_file(path)}: the file holds no JSON record; send it again")
    content = _numbers_as_texts(content)
    cells = pl.read_ndjson(content, schema=dict.fromkeys(titles, pl.String))
    header = match_header(titles, contract, renamed, shown_file(path))
    _refuse_nested(cells, [lines[number - 1] for number in numbers], path)
    cells = cells.with_columns(pl.Series(LINE, numbers, dtype=pl.Int64))
    yield RawRows(declared_rows(cells, header), unreadable, header.unknown, header.factors)


def _numbers_as_texts(content: bytes) -> bytes:
    """JSON records with every number in quotes; put together, which is faster than replacing."""
    parts = BARE_NUMBER.split(content)
    parts[2::3] = [b'"%b"' % number for number in parts[2::3]]
    return b"".join(parts)


def _fields_one_by_one(lines: list[bytes], numbers: list[int]) -> list[str]:
    """As `_fields`, of lines that are records: also where one field has values of many kinds."""
    return list(dict.fromkeys(name for at in numbers for name in json.loads(lines[at - 1])))


def _fields(content: bytes, numbers: list[int]) -> list[str] | None:
    """Names of all fields in order of appearance; null when a line is no record.

    Also null where a field is true in one record and a number in another.
    """
    try:
        inferred = pl.read_ndjson(content, infer_schema_length=None)
    except pl.exceptions.PolarsError:
        return None
    return inferred.columns if inferred.height == len(numbers) else None


def _is_record(line: bytes) -> bool:
    """Whether a line is a JSON object; `NaN` and numbers without end are no JSON."""
    try:
        record = json.loads(line, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict)


def _finite(number: str) -> float:
    if not math.isfinite(value := float(number)):
        raise ValueError
    return value


def _refuse_nested(cells: pl.DataFrame, records: Sequence[bytes], path: Path) -> None:
    """A text in brackets is looked at in its record: it may be a text."""
    looks_nested = cells.select(
        pl.any_horizontal(pl.all().str.contains(r"^(?:\[.*\]|\{.*\})$")).arg_true()
    ).to_series()
    if any(
        isinstance(value, list | dict)
        for at in looks_nested
        for value in json.loads(records[at]).values()
    ):
        raise ConnectorError(
            f"{shown_file(path)}: a value is a list or a record; send one plain value per field"
        )
