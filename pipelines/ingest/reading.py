"""Which reader a declared column gets. The readers themselves are in `values` and `identity`."""

from datetime import date

import polars as pl

from pipelines.contracts.sources import Column
from pipelines.ingest import values
from pipelines.ingest.identity import parse_certificates, parse_citizen_numbers


def fault_of(name: str) -> str:
    """The column that holds the reasons of a column."""
    return f"{name}?"


def no_texts(height: int) -> pl.Series:
    """An optional column that was not delivered."""
    return pl.repeat(None, height, dtype=pl.String(), eager=True)


def parser_of(  # noqa: PLR0911, PLR0912
    column: Column, received_on: date, factor: int, *, is_key: bool = False
) -> values.Parser:
    """How the texts of a column are read; `is_key` where its number tells a record from others."""
    match column.kind:
        case "id":
            return lambda texts: parse_citizen_numbers(texts, received_on)
        case "certificate":
            return lambda texts: parse_certificates(texts, received_on)
        case "name":
            return values.parse_names
        case "area":
            return values.parse_areas
        case "date":
            return lambda texts: _no_future(values.parse_dates(texts), column, received_on)
        case "datetime":
            return lambda texts: _no_future(values.parse_datetimes(texts), column, received_on)
        case "month":
            return values.parse_months
        case "money":
            return lambda texts: values.parse_money(texts, factor, column.negative)
        case "decimal":
            return lambda texts: values.parse_decimals(texts, factor, column.negative)
        case "int":
            return values.parse_ints
        case "flag":
            return values.parse_flags
        case "code":
            codes = column.codes if isinstance(column.codes, dict) else {}
            return lambda texts: values.parse_codes(texts, codes)
        case _ if column.space is not None:
            return values.parse_numbers_of_office
        case _ if is_key:
            return values.parse_record_numbers
        case _:
            return values.parse_restricted if column.restricted else values.parse_texts


def _no_future(parsed: pl.DataFrame, column: Column, received_on: date) -> pl.DataFrame:
    """An event cannot lie after the day it was told."""
    if not column.event:
        return parsed
    is_future = pl.col("value").cast(pl.Date) > received_on
    return parsed.select(
        value=pl.when(~is_future).then("value"),
        reason=pl.when(is_future).then(pl.lit("future_date")).otherwise("reason"),
    )
