"""Drawing a township's workbook: the same contents give the same bytes.

Belongs here: formats, print set-up, protection, drop-downs. Does not belong here: what a line
says (`lines.py`), names and widths of columns (`layout.py`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import ceil
from pathlib import Path

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipelines.outreach import layout, wording

FONT = "宋体"
FONT_SIZE, CODE_FONT_SIZE = 10, 8
LINE_POINTS, MOST_POINTS = 13, 409
"""Height of one printed line of the body's font, and the most that a row can have."""

LETTERS_A_UNIT = 1.05
"""Latin letters (a Chinese character counts as two) of the body's font in a unit of width."""

HEADER_LINES = 3

LEVEL_COLOURS = {"emergency": "#F4B6B6", "red": "#F8CBAD", "orange": "#FFE699", "yellow": "#FFF9D9"}
HEADER_COLOUR, REPLY_COLOUR, LINE_COLOUR = "#D9E2F3", "#E2EFDA", "#A6A6A6"
FROZEN_COLUMNS = 5
A4 = 9
OUTCOMES_NAME = "outcomes"
CHECKSUM_LETTERS = 8

PROTECTION = {
    "select_locked_cells": True, "select_unlocked_cells": True, "format_columns": True,
    "format_rows": True, "autofilter": True, "sort": True,
}  # fmt: skip
"""What stays possible on a protected sheet; there is no password."""


@dataclass(frozen=True)
class Rows:
    """The rows of one sheet, ready to be drawn.

    Attributes:
        texts: of every printed column by key, top down.
        heights: of the rows, in points.
        checksum: a short hash of all that is printed and not filled in by hand.
    """

    texts: Mapping[str, Sequence[str | None]]
    heights: Sequence[float]
    checksum: str


@dataclass(frozen=True)
class Book:
    """What a workbook says.

    Attributes:
        title: printed above each sheet, with the sheet's name.
        batch_id: of `layout.batch_of`.
        shown: of `contracts.replies.shown_mark`.
        on_date: the day.
        rows: of each sheet by name; a sheet that is missing stays empty.
        notes: sentences under the lines, of each sheet by name.
        outcomes: how many of the last rows of the explanations are what drop-downs offer.
    """

    title: str
    batch_id: str
    shown: str
    on_date: date
    rows: Mapping[str, Rows]
    notes: Mapping[str, Sequence[str]]
    outcomes: int
    formats: dict[str, Format] = field(default_factory=dict, compare=False)


def write_book(path: Path, book: Book) -> None:
    """Write one workbook, all sheets of the layout in their order."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(path, options) as file:
        file.set_properties({
            "title": book.title, "subject": book.batch_id,
            "created": datetime.combine(book.on_date, datetime.min.time()),
        })  # fmt: skip
        write_marks(file, book.batch_id, book.shown)
        book.formats.update(_formats(file))
        for sheet in layout.SHEETS:
            _write_sheet(file.add_worksheet(sheet.name), sheet, book)
        explained = len(book.rows[layout.HOW_TO.name].heights)
        first = layout.FIRST_ROW + explained - book.outcomes + 1
        file.define_name(
            OUTCOMES_NAME, f"='{layout.HOW_TO.name}'!$A${first}:$A${layout.FIRST_ROW + explained}"
        )


def rows_by_office(lines: pl.DataFrame, sheet: layout.Sheet) -> dict[str, Rows]:
    """The rows of a sheet by office, of those that have any.

    Args:
        lines: `office`, and of the sheet the columns by key, all text.
        sheet: where they stand.
    """
    printed = [column for column in sheet.columns if not column.is_by_hand]
    texts = [pl.col(column.key) for column in printed]
    needed = pl.max_horizontal(
        *(lines_needed(text, column.width) for text, column in zip(texts, printed, strict=True)
          if not column.is_code),
        pl.lit(1.0),
    )  # fmt: skip
    offices = (
        lines.select(
            "office",
            *texts,
            height=height_of(needed),
            printed=pl.concat_str([text.fill_null("") for text in texts], separator="\t"),
        )
        .group_by("office", maintain_order=True)
        .agg("height", pl.col("printed").str.join("\n"), *texts)
    )
    keys = [column.key for column in printed]
    return {
        office: Rows(dict(zip(keys, columns, strict=True)), heights, checksum(printed_text))
        for office, heights, printed_text, *columns in offices.iter_rows()
    }


def checksum(text: str) -> str:
    """A short hash of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:CHECKSUM_LETTERS].upper()


NO_ROWS = Rows({}, [], checksum(""))


def lines_needed(text: pl.Expr, width: float) -> pl.Expr:
    """How many printed lines a text takes in a column of a width in characters."""
    return (
        text.str.split("\n")
        .list.eval(
            # A Chinese character is as wide as two Latin ones and takes three bytes for their one.
            (
                (pl.element().str.len_bytes() + pl.element().str.len_chars())
                / (2 * (width * LETTERS_A_UNIT - 0.5))
            ).ceil()
        )
        .list.sum()
    )


def height_of(lines: pl.Expr) -> pl.Expr:
    """The height in points of a row with so many printed lines, as far as a row can be high."""
    return ((lines + 0.5) * LINE_POINTS).clip(upper_bound=MOST_POINTS)


def _write_sheet(page: Worksheet, sheet: layout.Sheet, book: Book) -> None:
    formats = book.formats
    rows = book.rows.get(sheet.name, NO_ROWS)
    count = len(rows.heights)
    title = f"{book.title} {sheet.name}"
    last_column = len(sheet.columns) - 1
    page.write_string(layout.TITLE_ROW, 0, title, formats["title"])
    page.write_string(layout.TITLE_ROW + 1, 0, wording.ADVICE[sheet.name], formats["advice"])
    for position, column in enumerate(sheet.columns):
        page.set_column(position, position, column.width)
        page.write_string(
            layout.HEADER_ROW, position, column.header,
            formats["reply_header" if column.is_by_hand else "header"],
        )  # fmt: skip
        kind = (
            "reply_day" if column.is_by_hand and column.is_date
            else "reply" if column.is_by_hand
            else "code" if column.is_code
            else "line"
        )  # fmt: skip
        texts = rows.texts.get(column.key, [None] * count)
        page.write_column(layout.FIRST_ROW, position, texts, formats[kind])
    end = layout.FIRST_ROW + count - 1
    page.set_row(layout.TITLE_ROW, 1.8 * LINE_POINTS)
    page.set_row(layout.HEADER_ROW, HEADER_LINES * LINE_POINTS)
    for position, height in enumerate(rows.heights, start=layout.FIRST_ROW):
        page.set_row(position, height)
    if count:
        _mark_levels_and_villages(page, sheet, end, formats)
        if sheet.takes_replies:
            _offer_answers(page, sheet, end, book)
        if sheet is not layout.HOW_TO:
            page.autofilter(layout.HEADER_ROW, 0, end, last_column)
    else:
        page.write_string(layout.FIRST_ROW, 0, "（无）", formats["note"])
        end = layout.FIRST_ROW
    foot = [] if sheet is layout.HOW_TO else [
        f"共 {count} 行；批次 {book.batch_id}；校验码 {rows.checksum}"
    ]  # fmt: skip
    width = sum(column.width for column in sheet.columns)
    for offset, note in enumerate([*foot, *book.notes.get(sheet.name, ())], start=end + 2):
        lines = ceil(2 * len(note) / (width * LETTERS_A_UNIT))
        if lines == 1:
            page.write_string(offset, 0, note, formats["advice"])
        else:
            page.merge_range(offset, 0, offset, last_column, note, formats["note"])
            page.set_row(offset, lines * LINE_POINTS)
    _set_up_page(page, sheet, title, book)


def _mark_levels_and_villages(
    page: Worksheet, sheet: layout.Sheet, end: int, formats: Mapping[str, Format]
) -> None:
    keys = [column.key for column in sheet.columns]
    first = layout.FIRST_ROW
    if "level_and_lane" in keys:
        position = keys.index("level_and_lane")
        for level, word in wording.LEVELS.items():
            page.conditional_format(
                first, position, end, position,
                {"type": "text", "criteria": "begins with", "value": word,
                 "format": formats[level]},
            )  # fmt: skip
    if "due" in keys:
        position = keys.index("due")
        page.conditional_format(
            first,
            position,
            end,
            position,
            {"type": "text", "criteria": "containing", "value": "！", "format": formats["overdue"]},
        )
    if "village" in keys and end > first:
        column = chr(ord("A") + keys.index("village"))
        page.conditional_format(
            first + 1, 0, end, len(keys) - 1,
            {"type": "formula", "criteria": f"=${column}{first + 2}<>${column}{first + 1}",
             "format": formats["next_village"]},
        )  # fmt: skip


def _offer_answers(page: Worksheet, sheet: layout.Sheet, end: int, book: Book) -> None:
    keys = [column.key for column in sheet.columns]
    first, last = (keys.index(layout.RESULTS[place].key) for place in (0, -1))
    page.data_validation(
        layout.FIRST_ROW, first, end, last,
        {"validate": "list", "source": f"={OUTCOMES_NAME}", "error_title": "走访结果",
         "error_message": "请从下拉列表中选择一项；说明请写在“备注”。"},
    )  # fmt: skip
    day = keys.index("visited_on")
    page.data_validation(
        layout.FIRST_ROW, day, end, day,
        {"validate": "date", "criteria": ">=", "value": book.on_date, "error_type": "warning",
         "error_title": "走访日期", "error_message": "早于本清单，或不是日期（例：2024-05-06）。"},
    )  # fmt: skip


def _set_up_page(page: Worksheet, sheet: layout.Sheet, title: str, book: Book) -> None:
    page.freeze_panes(
        layout.FIRST_ROW, FROZEN_COLUMNS if sheet.headers[0] == layout.NUMBER.header else 0
    )
    page.protect("", PROTECTION)
    page.set_landscape()
    page.set_paper(A4)
    page.set_margins(left=0.25, right=0.25, top=0.4, bottom=0.5)
    page.fit_to_pages(1, 0)
    page.repeat_rows(layout.HEADER_ROW)
    page.set_footer(f"&L&8{title}  批次 {book.batch_id}&R&8第 &P 页 共 &N 页")


def _formats(file: xlsxwriter.Workbook) -> dict[str, Format]:
    plain = {"font_name": FONT, "font_size": FONT_SIZE, "valign": "top"}
    cell = {**plain, "text_wrap": True, "border": 1, "border_color": LINE_COLOUR}
    header = {**cell, "bold": True, "align": "center", "valign": "vcenter"}
    by_hand = {**cell, "locked": False}
    kinds = {
        "title": {**plain, "bold": True, "font_size": 14},
        "advice": plain,
        "note": {**plain, "text_wrap": True},
        "header": {**header, "bg_color": HEADER_COLOUR},
        "reply_header": {**header, "bg_color": REPLY_COLOUR},
        "line": cell,
        "code": {**cell, "font_size": CODE_FONT_SIZE},
        "reply": by_hand,
        "reply_day": {**by_hand, "num_format": "yyyy-mm-dd"},
        "overdue": {"bold": True},
        "next_village": {"border": 1, "border_color": LINE_COLOUR, "top_color": "#000000"},
        **{level: {"bg_color": colour, "bold": True} for level, colour in LEVEL_COLOURS.items()},
    }
    return {kind: file.add_format(properties) for kind, properties in kinds.items()}


def write_marks(file: xlsxwriter.Workbook, batch_id: str, shown: str) -> None:
    """Write by which a returned list is known, where it outlives editing: twice each.

    Args:
        file: the workbook.
        batch_id: of `layout.batch_of`.
        shown: of `contracts.replies.shown_mark`; empty where it was lost.
    """
    for name, mark in ((layout.BATCH_NAME, batch_id), (layout.SHOWN_NAME, shown)):
        if mark:
            file.set_custom_property(name, mark, "text")
            file.define_name(name, f'="{mark}"')
