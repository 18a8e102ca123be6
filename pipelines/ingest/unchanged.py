"""Tables that came again exactly as they were: their last results stand, nothing is read anew.

Belongs here: how such a table is known, and what its receipt and refusals say. A table of which
anything was refused is always read again. Does not belong here: rows that did not change (`lake`).
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.connectors import Piece
from pipelines.contracts.sources import Contract
from pipelines.ingest.divisions import Divisions
from pipelines.ingest.quarantine import quarantine_shelf
from pipelines.ingest.receipts import FileReceipt, TableReceipt, accepted_dates, load_receipt
from pipelines.settings import Home, versions


@dataclass(frozen=True)
class Repeat:
    """The delivery whose results stand, and what they were."""

    received_on: date
    counts: TableReceipt

    def receipt(self, files: list[FileReceipt]) -> TableReceipt:
        """The receipt of the table as it came again: every row is unchanged."""
        return self.counts.model_copy(
            update={
                "files": files,
                "upserted": 0,
                "removed": 0,
                "unchanged": self.counts.accepted,
                "carried_over_from": self.received_on,
            }
        )

    def soft_flags(
        self, home: Home, contract: Contract, files: Sequence[FileReceipt], received_on: date
    ) -> pl.DataFrame | None:
        """The remarks on kept values as of the new delivery; null when there are none."""
        shelf = quarantine_shelf(home, contract.department, contract.table, self.received_on)
        if not shelf.is_file():
            return None
        renamed = {old.name: new.name for old, new in zip(self.counts.files, files, strict=True)}
        return pl.read_parquet(shelf).with_columns(
            pl.col("file").replace(renamed), received_on=pl.lit(received_on)
        )


def fingerprint(
    contract: Contract,
    pieces: Sequence[Piece],
    renamed: Mapping[str, str],
    divisions: Divisions,
    received_on: date,
) -> str:
    """Hash of all that decides what becomes of a table; empty where that cannot be told.

    The year is part of it because the oldest possible birth depends on it. Other dates that lie
    ahead can only come to pass: a row that was accepted stays acceptable.
    """
    contents = [piece.fingerprint() for piece in pieces]
    if not all(contents):
        return ""
    terms = (
        contract.model_dump_json(),
        sorted(renamed.items()),
        [sorted(codes) for codes in (divisions.townships, divisions.counties, divisions.retired)],
        sorted(versions().items()),
        received_on.year,
        contents,
    )
    return hashlib.sha256(repr(terms).encode()).hexdigest()


def find_repeat(
    home: Home, contract: Contract, received_on: date, fingerprint_now: Callable[[], str]
) -> Repeat | None:
    """The last accepted delivery of a table, if this one is the same and nothing was refused."""
    last = next(_accepted_before(home, contract, received_on), None)
    if last is None:
        return None
    day, counts = last
    is_clean = not (counts.quarantined or counts.value_faults or counts.stale)
    is_same = is_clean and counts.fingerprint and counts.fingerprint == fingerprint_now()
    whole = load_receipt(home, contract.department, day) if is_same else None
    return Repeat(day, whole.tables[contract.table]) if whole else None


def last_taken_in(
    home: Home, contract: Contract, received_on: date
) -> tuple[date, TableReceipt] | None:
    """The last accepted delivery of a table that was not the same as the one before, in counts."""
    before = _accepted_before(home, contract, received_on)
    return next(((day, told) for day, told in before if told.carried_over_from is None), None)


def _accepted_before(
    home: Home, contract: Contract, received_on: date
) -> Iterator[tuple[date, TableReceipt]]:
    """Accepted deliveries of a table before a day, in counts, the newest first."""
    for day in reversed(accepted_dates(home, contract.department)):
        if day >= received_on:
            continue
        receipt = load_receipt(home, contract.department, day, with_answers=False)
        if receipt is not None and contract.table in receipt.tables:
            yield day, receipt.tables[contract.table]
