"""The record of one delivery: accepted or failed, why, and every count.

Counts, names of files and columns only. A receipt is written last; what has no accepted receipt
does not exist for readers.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.settings import Home, put_in_place


class Recorded(BaseModel):
    """Base of everything recorded: never changed after it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FileReceipt(Recorded):
    """One file as received; a table that was pulled has neither hash nor size."""

    name: str
    sha256: str
    bytes: int


class TableReceipt(Recorded):
    """What became of one table's rows.

    received = accepted + exact_duplicates + quarantined, rows each. `value_faults` are values
    set to null in accepted rows, `soft_flags` values that were kept though remarkable. Accepted
    rows are `upserted` or `unchanged`; `removed` keys have left, `stale` keys stand by their
    last accepted row because this delivery refused theirs. `fingerprint` stands for all that
    decided this. A table that came again just the same is `carried_over_from` that delivery: its
    counts and the answers of gate 1 are those given then.
    """

    files: list[FileReceipt]
    received: int
    accepted: int
    exact_duplicates: int
    quarantined: int
    value_faults: int = 0
    soft_flags: int = 0
    upserted: int = 0
    removed: int = 0
    unchanged: int = 0
    stale: int = 0
    reasons: dict[str, int] = Field(default_factory=dict)
    unknown_columns: list[str] = Field(default_factory=list)
    gate: list[dict[str, Any]] = Field(default_factory=list)
    fingerprint: str = ""
    carried_over_from: date | None = None

    @property
    def sha256(self) -> str:
        """One hash over the table's files, in the order of their names."""
        if len(self.files) == 1:
            return self.files[0].sha256
        listed = "\n".join(f"{file.name} {file.sha256}" for file in self.files)
        return hashlib.sha256(listed.encode()).hexdigest()


class Receipt(Recorded):
    """What became of one department's delivery of one date.

    `unknown` names what lay in it and was not read, as it bears the name of no declared table.
    """

    department: str
    received_on: date
    form: str
    verdict: Literal["accepted", "failed"]
    message: str = ""
    unknown: list[str] = Field(default_factory=list)
    tables: dict[str, TableReceipt] = Field(default_factory=dict)


def load_receipt(
    home: Home, department: str, received_on: date, *, with_answers: bool = True
) -> Receipt | None:
    """One receipt, if there is one; without the answers of gate 1 as `load_receipts`."""
    path = home.receipt(department, received_on)
    read = _whole if with_answers else _counts
    return read(path) if path.is_file() else None


def load_receipts(home: Home, until: date, *, with_answers: bool = True) -> list[Receipt]:
    """All receipts of deliveries received by a date, ordered by date and department.

    Args:
        home: the home.
        until: the last received date that counts.
        with_answers: with those of gate 1, nine tenths of a receipt; without, what was read in
            this process before is remembered.
    """
    read = _whole if with_answers else _counts
    receipts = [
        read(path)
        for path in home.receipts.glob("*/*.json")
        if date.fromisoformat(path.stem) <= until
    ]
    return sorted(receipts, key=lambda receipt: (receipt.received_on, receipt.department))


def accepted_dates(home: Home, department: str) -> list[date]:
    """Dates of a department's accepted deliveries, in order."""
    receipts = [_counts(path) for path in sorted((home.receipts / department).glob("*.json"))]
    return [receipt.received_on for receipt in receipts if receipt.verdict == "accepted"]


def accepted_deliveries(receipts: Iterable[Receipt]) -> set[tuple[str, date]]:
    """Department and received date of the deliveries that were accepted."""
    return {
        (receipt.department, receipt.received_on)
        for receipt in receipts
        if receipt.verdict == "accepted"
    }


def _whole(path: Path) -> Receipt:
    return Receipt.model_validate_json(path.read_bytes())


def _counts(path: Path) -> Receipt:
    """A receipt without the answers of gate 1: asked for many times a day, of every day there is.

    A receipt is never written into: another one in its place is another file.
    """
    found = path.stat()
    return _counts_of(path, found.st_ino, found.st_mtime_ns, found.st_size)


@cache
def _counts_of(path: Path, _file: int, _changed_at: int, _size: int) -> Receipt:
    receipt = _whole(path)
    tables = {
        name: counts.model_copy(update={"gate": []}) for name, counts in receipt.tables.items()
    }
    return receipt.model_copy(update={"tables": tables})


def write_receipt(home: Home, receipt: Receipt) -> None:
    """Write a receipt whole and durable; this is what makes a delivery visible."""
    path = home.receipt(receipt.department, receipt.received_on)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = json.dumps(receipt.model_dump(mode="json"), ensure_ascii=False, indent=1)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(content + "\n", encoding="utf-8")
    put_in_place(temporary, path)
