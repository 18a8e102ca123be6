"""Whether each department table came in time: what a day's rules may rely on.

A table is late when nothing of it was accepted since the last day it was expected. An append
table that is absent from an accepted delivery brought no new rows and is not late; one of which
every row was refused, or most of many, brought what nobody can read, and is.
"""

from collections.abc import Iterable, Mapping
from datetime import date

import polars as pl

from pipelines.contracts.sources import Contract
from pipelines.contracts.working_days import last_working_day
from pipelines.ingest.receipts import Receipt, TableReceipt

MANY_ROWS, MOST_REFUSED_SHARE = 20, 0.5
"""Of so many rows more than this share refused: no judgement may rely on the rest. Default of
2026-11-27; departments' mistakes are of some rows in a hundred, a wrong export is of nearly all."""

FRESHNESS = pl.Schema({
    "department": pl.String(), "table_name": pl.String(), "mode": pl.String(),
    "expected_by": pl.Date(), "received_on": pl.Date(), "rows": pl.Int64(),
    "quarantined": pl.Int64(), "freshness": pl.String(), "is_late": pl.Boolean(),
})  # fmt: skip
"""One row per declared table: last expected day, last accepted received date (null = never)."""


def freshness(
    contracts: Mapping[tuple[str, str], Contract],
    receipts: Iterable[Receipt],
    on_date: date,
    known_on: date | None = None,
) -> pl.DataFrame:
    """State of every declared table on a day, from the receipts known by then.

    Where the day is judged with what was known later, an append table is in time once a later
    delivery has brought its rows. A snapshot that came later is the state of a later day.
    """
    expected_by = last_working_day(on_date)
    accepted = sorted(
        (receipt for receipt in receipts if receipt.verdict == "accepted"),
        key=lambda receipt: receipt.received_on,
    )
    rows = []
    for (department, table), contract in contracts.items():
        deliveries = [
            receipt
            for receipt in accepted
            if receipt.department == department
            and (
                receipt.received_on <= (known_on or on_date)
                if contract.mode == "append"
                else receipt.received_on <= on_date and table in receipt.tables
            )
            and not is_refused(receipt.tables.get(table))
        ]
        last = deliveries[-1] if deliveries else None
        of_table = last.tables.get(table) if last else None
        is_late = last is None or last.received_on < expected_by
        rows.append({
            "department": department, "table_name": table, "mode": contract.mode,
            "expected_by": expected_by, "received_on": last.received_on if last else None,
            "rows": of_table.accepted if of_table else 0,
            "quarantined": of_table.quarantined if of_table else 0,
            "freshness": "never" if last is None else "late" if is_late else "on_time",
            "is_late": is_late,
        })  # fmt: skip
    return pl.DataFrame(rows, schema=FRESHNESS)


def is_refused(table: TableReceipt | None) -> bool:
    """Whether of what came of a table every row was refused, or most of many."""
    if table is None or not table.received:
        return False
    is_mostly = table.quarantined > table.received * MOST_REFUSED_SHARE
    return table.quarantined == table.received or (is_mostly and table.received >= MANY_ROWS)
