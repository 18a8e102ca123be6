"""What of the lake counts when a day is judged again with what was received after it.

The one place that knows two dates: the day that is judged, and the day by which it was received.
A correction is told from a change by these rules, and by nothing else:

- A row of an append table counts if it could have been received on the day: none of its dates
  but a plan lies after it. A payment made later, or the later step of a case, is no correction.
- A snapshot tells what the register held on the day it was received, so the last one received on
  or before the day stands. A family, person or certificate (the first column of the key) that
  was first received later counts with its earliest rows, unless an event date lies after the
  day; a newcomer to a family that was on the roll is a change of that family, not a correction.
- When a family was approved, ended and first paid are facts with dates of their own: they are
  taken from the latest row known.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pipelines.contracts.sources import Contract

HOUSEHOLDS = ("civil_affairs", "households")
PLANS = ("notice_to",)
"""Dates of append tables that are set before they come."""

HOUSEHOLD_DATES = ("approved_on", "first_paid_month", "ended_on", "end_reason")
"""Taken from the latest row known; the reason belongs to the end."""


def corrected_rows(contract: Contract, shelves: Sequence[Path], on_date: date) -> str:
    """The query of a table's rows that count on a day, of shelves received until later."""
    doubled = (shelf.as_posix().replace("'", "''") for shelf in shelves)
    files = ", ".join(f"'{path}'" for path in doubled)
    log = f"read_parquet([{files}], hive_partitioning = false)"
    day = f"date '{on_date}'"
    could_be_received = " and ".join(
        f"coalesce(cast(log.{contract.lake_columns[name]} as date) <= {day}, true)"
        for name, column in contract.columns.items()
        if name in contract.lake_columns and (column.event or _is_step(contract, name))
    )
    later = f"log.change = 'upsert' and {could_be_received or 'true'}"
    if contract.mode == "append":
        return f"select * from {log} as log where log.received_on <= {day} or {later}"
    key = contract.lake_key[0]
    rows = (
        f"select log.* from {log} as log left join ("
        f"select {key}, min(received_on) as first_on from {log} group by {key}"
        f") as subjects on log.{key} = subjects.{key} where log.received_on <= {day} "
        f"or subjects.first_on > {day} and log.received_on = subjects.first_on and {later}"
    )
    if (contract.department, contract.table) != HOUSEHOLDS:
        return rows
    newest = ", ".join(f"newest.{name} as {name}" for name in HOUSEHOLD_DATES)
    dates = ", ".join(f"{name} := {name}" for name in HOUSEHOLD_DATES)
    return (
        f"select standing.* replace ({newest}) from ({rows}) as standing inner join ("
        f"select {key}, unnest(arg_max(struct_pack({dates}), received_on)) "
        f"from {log} where change = 'upsert' group by {key}) as newest using ({key})"
    )


def _is_step(contract: Contract, name: str) -> bool:
    """Whether a column tells when something of a case was done, though it may be told before."""
    is_date = contract.columns[name].kind in ("date", "datetime")
    return contract.mode == "append" and is_date and name not in PLANS
