"""The ledger of what was sent: one row per list and recipient, so that nothing goes twice.

A list is known by its batch and the hash of its workbook: a day that was run again and says
something else has another list. The row is written before the mail goes, so a crash in between
leaves it `sending`: whether the server took it is then not known, and it is not sent again by
itself. Addresses of offices stand here, of families nothing. Does not belong here: mail itself.
"""

import json
import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pipelines.settings import Home, WenduError, is_full_disk

LEDGER = "ledger.sqlite"
OPERATOR = "operator"
"""Stands for an office where the operator is told of a day."""

State = Literal["sending", "accepted", "deferred", "refused", "uncertain", "bounced"]

TABLE = """
create table if not exists sent (
    batch_id text not null, sha256 text not null, recipient text not null,
    office text not null, on_date text not null, message_id text not null,
    state text not null, attempts integer not null, told text not null, at text not null,
    primary key (batch_id, sha256, recipient)
) strict
"""
COLUMNS = (
    "batch_id", "sha256", "recipient", "office", "on_date", "message_id", "state", "attempts",
    "told", "at",
)  # fmt: skip


class LedgerError(WenduError):
    """The ledger cannot be used, so that nobody can tell what was sent."""


@dataclass(frozen=True)
class Sent:
    """One list to one recipient: what became of it; `told` is what the server said last."""

    batch_id: str
    sha256: str
    recipient: str
    office: str
    on_date: str
    message_id: str
    state: State
    attempts: int
    told: str
    at: str


class DeliveryLedger:
    """The ledger below `<home>/outbox/`; every write is durable before it returns."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def write(self, row: Sent) -> None:
        """Write a row, in place of an earlier one of the same list and recipient."""
        marks = ", ".join("?" for _ in COLUMNS)
        with self._open() as connection:
            connection.execute(
                f"insert or replace into sent ({', '.join(COLUMNS)}) values ({marks})",
                [getattr(row, name) for name in COLUMNS],
            )

    def of_day(self, on_date: str) -> list[Sent]:
        """Everything of one day's lists, by office and time."""
        return self._read("on_date = ?", on_date)

    def of_batches(self, batch_ids: Collection[str]) -> list[Sent]:
        """Everything of some batches, by office and time."""
        return self._read("batch_id in (select value from json_each(?))", json.dumps([*batch_ids]))

    def bounced(self) -> list[Sent]:
        """All lists that came back."""
        return self._read("state = ?", "bounced")

    def by_message(self, message_id: str) -> Sent | None:
        """The row of one mail."""
        found = self._read("message_id = ?", message_id)
        return found[-1] if found else None

    def _read(self, condition: str, value: str) -> list[Sent]:
        if not self._file.is_file():
            return []
        with self._open(os.access(self._file, os.W_OK)) as connection:
            rows = connection.execute(
                f"select {', '.join(COLUMNS)} from sent where {condition} order by office, at",
                [value],
            ).fetchall()
        return [Sent(*row) for row in rows]

    @contextmanager
    def _open(self, is_writable: bool = True) -> Iterator[sqlite3.Connection]:
        """The ledger; also where it can only be read, as on a disk that was mounted so."""
        try:
            with self._connected(is_writable) as connection:
                yield connection
        except sqlite3.Error as fault:
            if is_full_disk(str(fault)):
                raise
            raise LedgerError(
                f"The ledger of what was sent, {self._file}, cannot be used ({fault}); put it back "
                "from a backup: without it lists go a second time."
            ) from fault

    @contextmanager
    def _connected(self, is_writable: bool) -> Iterator[sqlite3.Connection]:
        if not is_writable:
            address = f"{self._file.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(address, uri=True)) as connection:
                yield connection
            return
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file.touch(mode=0o600)
        with closing(sqlite3.connect(self._file)) as connection, connection:
            connection.execute("pragma synchronous = full")
            connection.execute(TABLE)
            yield connection


def ledger_of(home: Home) -> DeliveryLedger:
    """The ledger of a home."""
    return DeliveryLedger(home.outbox / LEDGER)


def sent_counts(home: Home, on_date: date) -> dict[str, int]:
    """How many lists of a day stand in each state, the newest of each office."""
    newest = {
        row.office: row.state
        for row in ledger_of(home).of_day(on_date.isoformat())
        if row.office != OPERATOR
    }
    states = list(newest.values())
    return {state: states.count(state) for state in sorted(set(states))}
