"""Answers as CSV that a spreadsheet shows and does not run.

A text that begins like a formula gets an apostrophe before it, which spreadsheets take as "this
is text". Plain numbers stay. Does not belong here: workbooks, whose cells are typed as text.
"""

import json

import polars as pl

RUNS = r"^[=+\-@\t\r\n＝＋－＠]"
"""What a spreadsheet takes for the beginning of a formula, in both widths."""

PLAIN_NUMBER = r"^[+-]?\d+(\.\d+)?$"


def as_csv(frame: pl.DataFrame) -> str:
    """The rows as CSV, no cell and no title of which is a formula; what is nested as JSON."""
    plain = frame.with_columns(
        pl.Series(
            name,
            [None if value is None else _as_json(value) for value in frame[name].to_list()],
            pl.String,
        )
        for name, kind in frame.schema.items()
        if kind.is_nested()
    )
    safe = plain.with_columns(_as_text(pl.col(pl.String)))
    titles = pl.Series(frame.columns, dtype=pl.String)
    named = pl.DataFrame({"title": titles}).select(_as_text(pl.col("title")))["title"]
    return safe.rename(dict(zip(frame.columns, named, strict=True))).write_csv()


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _as_text(text: pl.Expr) -> pl.Expr:
    is_run = text.str.contains(RUNS) & ~text.str.contains(PLAIN_NUMBER)
    return pl.when(is_run).then(pl.lit("'") + text).otherwise(text).name.keep()
