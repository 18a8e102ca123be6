"""The order of the departments' own household numbers, told without the numbers.

Of a person who stands in several families the one with the smallest number counts, and a
pseudonym does not keep that order. Does not belong here: where it decides (`int_people`).
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from pipelines.contracts.sources import Contract
from pipelines.vault import Vault

HOUSEHOLD_ORDER = pl.Schema({
    "household_key": pl.Binary(), "concept": pl.String(), "number_order": pl.Int64(),
})  # fmt: skip
"""One row per household that a register names; numbers of one concept ascend with the order."""

CONCEPTS = {"household": "civil_affairs", "relapse_watch_household": "relapse_watch"}
"""Whose number it is, by the space of its pseudonyms."""


def household_order(
    contracts: Mapping[tuple[str, str], Contract], vault: Vault, until: date
) -> pl.DataFrame:
    """How the households that registers have named until a day follow each other by number.

    Numbers are text and compared as text. A register is a table that departments send whole.

    Args:
        contracts: the declared tables.
        vault: knows the numbers.
        until: the last received date that counts.
    """
    numbered = [pl.DataFrame(schema=HOUSEHOLD_ORDER).with_columns(number=pl.lit(None, pl.String))]
    for contract in contracts.values():
        for name in contract.key:
            column = contract.columns[name]
            if contract.mode != "snapshot" or column.space not in CONCEPTS:
                continue
            sealed = vault.scan_identities(contract.department, contract.table, until)
            if name in sealed.collect_schema():
                numbered.append(
                    sealed.select(
                        household_key=contract.lake_columns[name],
                        concept=pl.lit(CONCEPTS[column.space]),
                        number_order=pl.lit(None, pl.Int64),
                        number=name,
                    )
                    .drop_nulls("number")
                    .collect()
                )
    by_number = pl.col("number").rank("dense").over("concept")
    return (
        pl.concat(numbered)
        .unique(["household_key", "concept"], keep="first", maintain_order=True)
        .with_columns(number_order=by_number.cast(pl.Int64))
        .sort("concept", "number_order")
        .select(HOUSEHOLD_ORDER.names())
    )
