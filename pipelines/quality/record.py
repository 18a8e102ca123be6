"""What both gates answered on a day, kept as `quality/<date>.json`: counts and reasons only.

Writing and reading the record. How it looks to people is `page`'s; what follows from a failed
gate is decided before it is recorded.
"""

import json
import os
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from pipelines.quality.verdict import ExpectationResult, Verdict
from pipelines.settings import Home, put_in_place


class JudgedTable(BaseModel):
    """One table at one gate: a department's delivery coming in, or a mart going out.

    `department` is empty for a mart; `received_on` says of which delivery the answer is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gate: Literal["in", "out"]
    department: str = ""
    table: str
    received_on: date | None = None
    results: tuple[ExpectationResult, ...]

    @property
    def passed(self) -> bool:
        """Whether the gate was open for this table."""
        return not any(result.blocks for result in self.results)


class DayRecord(BaseModel):
    """The answers of both gates as they stood on one day.

    Of gate 1 the answers about the newest delivery of each table received by then; `refused`
    tells of departments whose newest delivery was not taken in at all, a sentence each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    on_date: date
    judged: tuple[JudgedTable, ...]
    refused: tuple[str, ...] = ()


class TableAnswers(Protocol):
    """What is needed of a receipt's table."""

    @property
    def gate(self) -> Iterable[Any]:
        """The results of gate 1, as `ExpectationResult` or as plain values."""


class Delivered(Protocol):
    """What is needed of a receipt."""

    @property
    def department(self) -> str:
        """Who sent it."""

    @property
    def received_on(self) -> date:
        """When."""

    @property
    def verdict(self) -> str:
        """`accepted` or `failed`."""

    @property
    def message(self) -> str:
        """Why it failed; counts only."""

    @property
    def tables(self) -> Mapping[str, TableAnswers]:
        """Its tables."""


def judged_deliveries(receipts: Iterable[Delivered]) -> list[JudgedTable]:
    """Of each table the answers of gate 1 about its newest delivery that has some."""
    newest: dict[tuple[str, str], JudgedTable] = {}
    for receipt in sorted(receipts, key=lambda receipt: receipt.received_on):
        for table, answers in receipt.tables.items():
            results = tuple(answers.gate)
            if results:
                newest[receipt.department, table] = JudgedTable.model_validate({
                    "gate": "in", "department": receipt.department, "table": table,
                    "received_on": receipt.received_on, "results": results,
                })  # fmt: skip
    return list(newest.values())


def refused_deliveries(receipts: Iterable[Delivered]) -> list[str]:
    """A sentence for each department whose newest delivery failed."""
    newest = {
        receipt.department: receipt
        for receipt in sorted(receipts, key=lambda receipt: receipt.received_on)
    }
    return [
        f"{department} {receipt.received_on}: {receipt.message}"
        for department, receipt in sorted(newest.items())
        if receipt.verdict == "failed"
    ]


def judged_marts(verdicts: Mapping[str, Verdict]) -> list[JudgedTable]:
    """The answers of gate 2."""
    return [
        JudgedTable(gate="out", table=mart, results=tuple(verdict.results))
        for mart, verdict in verdicts.items()
    ]


def write_record(home: Home, record: DayRecord) -> Path:
    """Keep a day's answers; the same answers give the same bytes."""
    ordered = sorted(
        record.judged,
        key=lambda judged: (judged.gate, judged.department, judged.table, str(judged.received_on)),
    )
    content = record.model_copy(update={"judged": tuple(ordered)}).model_dump(mode="json")
    path = home.quality / f"{record.on_date}.json"
    replace_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    return path


def read_records(home: Home, days: int) -> list[DayRecord]:
    """The newest so many recorded days, oldest first."""
    paths = sorted(home.quality.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].json"))[-days:]
    return [DayRecord.model_validate_json(path.read_bytes()) for path in paths]


def replace_text(path: Path, text: str) -> None:
    """Write a file whole or not at all, a crash of the machine included."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    put_in_place(temporary, path)
