"""Refused rows as far as they can be read: whom they name, never what they say of them.

A row that stands in quarantine may be the very row a rule misses, so an alert about somebody it
names says so. Only rows that no later delivery has mended count; keys are pseudonyms, as in the
lake. Does not belong here: which faults are open (`open_faults`), what is said (`int_rules`).
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from pipelines.contracts.sources import Contract
from pipelines.ingest.conform import lake_values
from pipelines.ingest.identities import Identities, people_columns
from pipelines.ingest.open_faults import open_faults, texts_in
from pipelines.ingest.receipts import Receipt
from pipelines.ingest.remembered import RememberedPseudonyms
from pipelines.ingest.torn_lines import TORN, people_in
from pipelines.settings import Home
from pipelines.vault import Vault

REFUSED_ROWS = pl.Schema({
    "row_no": pl.Int64(), "department": pl.String(), "table_name": pl.String(),
    "title_zh": pl.String(), "received_on": pl.Date(), "person_key": pl.Binary(),
    "household_key": pl.Binary(), "number": pl.String(), "program": pl.String(),
    "period": pl.Date(),
})  # fmt: skip
"""One row per refused row and person a required column of it names; `row_no` counts the rows.

`received_on` is the delivery that last had it, `number` the record's own, `program` and `period`
are a payment's. Whatever cannot be read is null.
"""


def refused_rows(
    home: Home,
    contracts: Mapping[tuple[str, str], Contract],
    receipts: list[Receipt],
    on_date: date,
    vault: Vault,
) -> pl.DataFrame:
    """The rows of all tables that were refused by a day and not mended since.

    Args:
        home: where quarantine and lake lie.
        contracts: the declared tables.
        receipts: everything received by the day.
        on_date: the day.
        vault: gives the pseudonyms.
    """
    pseudonyms, found, rows_before = RememberedPseudonyms(vault), [REFUSED_ROWS.to_frame()], 0
    for contract in contracts.values():
        faults = open_faults(home, contract, receipts, on_date, vault).filter(
            (pl.col("severity") == "row") & pl.col("mended_on").is_null() & pl.col("is_told")
        )
        if faults.height:
            # Of a key that came more than once every row may be the one that is missed.
            rows = (
                faults.explode("raws")
                .group_by("key", raw="raws", maintain_order=True)
                .agg(pl.col("last_on").max(), is_torn=pl.col("reason").is_in(TORN).any())
                .with_row_index("row_no", rows_before)
            )
            is_torn = pl.col("is_torn")
            found.append(_named_by(rows.filter(~is_torn), contract, on_date, pseudonyms))
            found.append(_in_torn_lines(rows.filter(is_torn), contract, on_date, pseudonyms))
            rows_before += rows.height
    return pl.concat(found)


def _in_torn_lines(
    rows: pl.DataFrame, contract: Contract, on_date: date, pseudonyms: RememberedPseudonyms
) -> pl.DataFrame:
    """Lines that are no row of the table, by whom they name; the rest of them cannot be told."""
    people = people_in(rows["raw"], contract, on_date, pseudonyms)
    named = rows.with_row_index("line_no").join(people, on="line_no", how="left")
    return _as_refused(named.with_columns(received_on=pl.col("last_on")), contract)


def _named_by(
    rows: pl.DataFrame, contract: Contract, on_date: date, pseudonyms: RememberedPseudonyms
) -> pl.DataFrame:
    names = people_columns(contract)
    telling = contract.narrowed(
        *names, *(name for name, told in contract.lake_columns.items() if told in REFUSED_ROWS)
    )
    texts = texts_in(rows["raw"], telling.columns)
    read = lake_values(texts, telling, on_date, Identities(telling, on_date, pseudonyms))
    # A record has a number of its own, or it is about whoever is its key.
    numbers = [name for name in contract.lake_key if read.schema[name] == pl.String]
    people = list(names.values())
    named = read.with_columns(
        row_no=rows["row_no"],
        received_on=rows["last_on"],
        person_key=pl.concat_list(people or [pl.lit(None, pl.Binary)]),
        number=pl.coalesce(*numbers, None),
    ).explode("person_key")
    return _as_refused(named, contract)


def _as_refused(named: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """As `REFUSED_ROWS`; what the table does not have, or could not be read, is null."""
    told = {
        "department": pl.lit(contract.department),
        "table_name": pl.lit(contract.table),
        "title_zh": pl.lit(contract.title.zh),
    }
    return named.select(
        told.get(name, pl.col(name) if name in named.columns else pl.lit(None))
        .cast(kind)
        .alias(name)
        for name, kind in REFUSED_ROWS.items()
    ).unique(maintain_order=True)
