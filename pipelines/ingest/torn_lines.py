"""Lines that are no row of their table, as far as they can be read: whom and what they may name.

A line with too many or too few fields, or with bytes that are no text, has values and no columns.
Whatever in it reads like a number of the table's key may be its key, and like a citizen number,
its bearer. Does not belong here: lines that are rows (`conform`), what follows (`lake`).
"""

from datetime import date

import polars as pl

from pipelines.contracts.sources import Contract
from pipelines.ingest.conform import lake_values
from pipelines.ingest.identities import Identities, people_columns
from pipelines.ingest.reading import parser_of
from pipelines.ingest.remembered import RememberedPseudonyms

TORN = ("ragged_row", "undecodable_text")
"""The reasons of lines that are no row."""

BETWEEN_VALUES = r"[\x00-\x1f,;|]+"
AROUND_VALUES = ' "{}[]'
AFTER_NAME = r'"\s*:(.*)$'
"""What stands behind the name of a field in a JSON record."""

LONGEST_VALUE = 60
"""Characters; what is longer is no number."""

LINE_NO = "line_no"


def keys_in(
    lines: pl.Series, contract: Contract, received_on: date, pseudonyms: RememberedPseudonyms
) -> pl.DataFrame:
    """The lake keys that lines may hold; a part is null where nothing in the line reads like it.

    Args:
        lines: torn lines of one table, as far as they are text.
        contract: the table.
        received_on: the date no birth may lie after.
        pseudonyms: of the delivery.
    """
    values = _values_in(lines)
    keys = pl.DataFrame({LINE_NO: range(len(lines))}, schema={LINE_NO: pl.Int64})
    for name in contract.key:
        fitting = values.filter(_reads_like(values, name, contract, received_on))
        keys = keys.join(fitting.rename({"value": name}), on=LINE_NO, how="left")
    narrow = contract.narrowed()
    identities = Identities(narrow, received_on, pseudonyms)
    read = lake_values(keys.drop(LINE_NO), narrow, received_on, identities)
    return read.select(contract.lake_key).unique()


def people_in(
    lines: pl.Series, contract: Contract, received_on: date, pseudonyms: RememberedPseudonyms
) -> pl.DataFrame:
    """`line_no` (from 0) and `person_key` of everybody whom lines may name."""
    values = _values_in(lines)
    columns = people_columns(contract)
    if not columns:
        return values.select(LINE_NO, person_key=pl.lit(None, pl.Binary)).clear()
    named, key = next(iter(columns.items()))
    people = values.filter(_reads_like(values, named, contract, received_on))
    narrow = contract.narrowed(named)
    identities = Identities(narrow, received_on, pseudonyms)
    texts = people.select(pl.col("value").alias(named))
    read = lake_values(texts, narrow, received_on, identities)
    return (
        people.select(LINE_NO)
        .with_columns(read[key].alias("person_key"))
        .unique(maintain_order=True)
    )


def _values_in(lines: pl.Series) -> pl.DataFrame:
    """Every value of each line, once: `line_no`, `value`."""
    parts = pl.DataFrame({"line": lines.str.replace_all(BETWEEN_VALUES, "\n")}).select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias(LINE_NO), value=pl.col("line").str.split("\n")
    )
    values = parts.explode("value", empty_as_null=True).with_columns(
        value=pl.coalesce(pl.col("value").str.extract(AFTER_NAME), "value").str.strip_chars(
            AROUND_VALUES
        )
    )
    return values.filter(pl.col("value").str.len_chars().is_between(1, LONGEST_VALUE)).unique(
        maintain_order=True
    )


def _reads_like(
    values: pl.DataFrame, name: str, contract: Contract, received_on: date
) -> pl.Series:
    """Whether each value can be the one of a column: any text is a number of an office."""
    column = contract.columns[name]
    if not column.is_number_of_a_person:
        return pl.repeat(True, values.height, dtype=pl.Boolean, eager=True)
    return parser_of(column, received_on, 1)(values["value"])["value"].is_not_null()
