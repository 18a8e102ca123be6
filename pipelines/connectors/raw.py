"""What every connector hands over: rows of text under declared names, and lines it cannot read.

Belongs here: matching a delivered header with a declaration. Does not belong here: any format.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pipelines.contracts.sources import Contract
from pipelines.settings import WenduError

LINE = "_line"

UNREADABLE_SCHEMA = pl.Schema({LINE: pl.Int64(), "reason": pl.String(), "raw": pl.String()})

UNITS = {"万元": 10_000, "元": 1}
"""Units a money header may name in brackets or at its end, and what they are worth in yuan."""


def is_of_a_reader(fault: BaseException) -> bool:
    """Whether a fault came of reading: damaged files can make the libraries themselves panic.

    An interrupt, or what the orchestrator makes of one, is none.
    """
    return isinstance(fault, Exception) or type(fault).__name__ == "PanicException"


class ConnectorError(WenduError):
    """A delivery cannot be read; the sentence says which file and what to do."""


@dataclass(frozen=True)
class RawRows:
    """Rows of one table as delivered.

    `rows` holds text under declared names (a missing optional column is absent) and the 1-based
    line; `unreadable` holds lines that are no row: their reason and the text as far as readable.
    `factors` tells the money columns whose header names another unit than yuan.
    """

    rows: pl.DataFrame
    unreadable: pl.DataFrame
    unknown_columns: tuple[str, ...] = ()
    factors: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Header:
    """A delivered header matched with a declaration: position of each declared column."""

    positions: dict[str, int]
    factors: dict[str, int]
    unknown: tuple[str, ...]
    width: int


def plain(title: str) -> str:
    """A header without blanks, line breaks, invisible characters, full-width forms and case."""
    dense = unicodedata.normalize("NFKC", title)
    return "".join(
        sign for sign in dense if not (sign.isspace() or unicodedata.category(sign) in ("Cf", "Cc"))
    ).lower()


def shown(title: str) -> str:
    """A delivered name fit for a message: long runs of digits are masked."""
    return re.sub(r"\d{6,}[Xx]?", "…", " ".join(title.split()))[:60]


def shown_file(path: Path) -> str:
    """A file's name fit for receipts and messages: what reads like a citizen number is masked."""
    return re.sub(r"\d{14,}[\dXx]", "…", path.name)


def match_header(
    titles: Sequence[str], contract: Contract, renamed: Mapping[str, str], source: str
) -> Header:
    """Find the declared columns in a delivered header.

    Args:
        titles: the header as delivered.
        contract: the declaration of the table.
        renamed: the city's own titles by declared name.
        source: file or table to name in a fault.

    Raises:
        ConnectorError: a required column is missing, or one column is there twice.
    """
    known = _known_titles(contract, renamed)
    positions: dict[str, int] = {}
    factors: dict[str, int] = {}
    unknown: list[str] = []
    for position, title in enumerate(titles):
        name, factor = _declared(title, contract, known)
        if name is None:
            if plain(title):
                unknown.append(shown(title))
            continue
        if name in positions:
            raise ConnectorError(
                f"{source}: the column {contract.columns[name].zh} ({name}) of {contract.table} "
                "stands there twice; send it once"
            )
        positions[name] = position
        if factor not in (None, 1):
            factors[name] = int(factor or 1)
    missing = [
        f"{column.zh} ({name})"
        for name, column in contract.columns.items()
        if column.required and name not in positions
    ]
    if missing:
        raise ConnectorError(
            f"{source}: the table {contract.table} lacks the required column "
            f"{', '.join(missing)}; send the file again with it"
        )
    return Header(positions, factors, tuple(unknown), len(titles))


def named_columns(
    titles: Sequence[str], contract: Contract, renamed: Mapping[str, str]
) -> set[str]:
    """The declared columns that some titles name, units or not."""
    known = _known_titles(contract, renamed)
    return {name for title in titles if (name := _declared(title, contract, known)[0])}


def _known_titles(contract: Contract, renamed: Mapping[str, str]) -> dict[str, str]:
    """Declared columns by every title they may bear."""
    return {
        plain(title): name
        for name, column in contract.columns.items()
        for title in (name, column.zh, renamed.get(name, name))
    }


def _declared(
    title: str, contract: Contract, known: Mapping[str, str]
) -> tuple[str | None, int | None]:
    """The declared column a title names, and the worth of the unit it names."""
    stem, factor = _unit_of(plain(title))
    name = known.get(plain(title)) or (known.get(stem) if factor else None)
    if name is None or (factor not in (None, 1) and contract.columns[name].kind != "money"):
        return None, None
    return name, factor


def _unit_of(title: str) -> tuple[str, int | None]:
    """A header without the unit it names, and the unit's worth; 万元 needs no brackets."""
    named = re.fullmatch(r"(.+?)(?:[(\[【](?:单位:?)?(万元|元)[)\]】]|[/_-]?(万元))", title)
    return (named[1], UNITS[named[2] or named[3]]) if named else (title, None)


def declared_rows(cells: pl.DataFrame, header: Header) -> pl.DataFrame:
    """Take the declared columns out of rows read by position; rows without any value go."""
    columns = cells.columns
    rows = cells.select(
        pl.col(LINE), *(pl.col(columns[at]).alias(name) for name, at in header.positions.items())
    )
    if _is_filled(cells[columns[0]]):
        return rows
    filled = pl.col(columns[: header.width]).str.len_bytes().fill_null(0) > 0
    return rows.filter(cells.select(pl.any_horizontal(filled)).to_series())


def _is_filled(cells: pl.Series) -> bool:
    """Whether a column, usually the first, has a value in every row: then no row is blank."""
    return not cells.has_nulls() and bool((cells.str.len_bytes() > 0).all())


def no_unreadable() -> pl.DataFrame:
    """Every line was readable."""
    return UNREADABLE_SCHEMA.to_frame()
