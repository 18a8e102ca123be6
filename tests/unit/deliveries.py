"""Tiny deliveries for the tests of receiving: invented people, an open gate, a home on disk.

All numbers carry the unassigned prefix 371599. Checks live in the tests themselves.
"""

import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.contracts.city import load_city
from pipelines.contracts.sources import load_contracts
from pipelines.ingest import Receipt, receive
from pipelines.ingest.quarantine import quarantine_shelf
from pipelines.quality import Verdict
from pipelines.settings import Home
from pipelines.vault import Vault

FIRST, SECOND, THIRD = date(2024, 4, 1), date(2024, 4, 2), date(2024, 4, 3)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def number(sequence: int, born: str = "19500101") -> str:
    """An invented person's number with its right check character."""
    body = f"371599{born}{sequence:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


class Gate:
    """A judge that has made up its mind."""

    def __init__(self, is_open: bool = True) -> None:
        self.is_open = is_open
        self.rows: dict[str, int] = {}

    def submit(
        self, expectations: Sequence[object], parquet: Sequence[Path], name: str
    ) -> "Future[Verdict]":
        self.rows[name] = sum(pl.read_parquet(path).height for path in parquet)
        answer: Future[Verdict] = Future()
        answer.set_result(Verdict(self.is_open, []))
        return answer


class Office:
    """A home into which departments deliver and from which we receive."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.vault = Vault.open(self.home)
        self.gate = Gate()

    def file(self, department: str, day: date, name: str, content: bytes) -> Path:
        folder = self.home.delivery(department, day)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(content)
        return path

    def payroll(self, day: date, *rows: str, name: str = "payroll.csv") -> Path:
        text = "\n".join(["证件号码,姓名,单位名称,月工资,入编日期,离编日期", *rows]) + "\n"
        return self.file("finance", day, name, text.encode())

    def payments(self, day: date, *rows: str, name: str = "payments.csv") -> Path:
        titles = [column.zh for column in load_contracts()["finance", "payments"].columns.values()]
        text = "\n".join([",".join(titles), *rows]) + "\n"
        return self.file("finance", day, name, text.encode())

    def database(self, day: date, table: str, rows: list[dict[str, object]]) -> Path:
        path = self.file("civil_affairs", day, "civil_affairs.sqlite", b"")
        with sqlite3.connect(path) as connection:
            titles = ", ".join(f'"{name}"' for name in rows[0])
            connection.execute(f"create table {table} ({titles})")
            marks = ", ".join("?" for _ in rows[0])
            connection.executemany(
                f"insert into {table} values ({marks})", [tuple(row.values()) for row in rows]
            )
        connection.close()
        return path

    def receive(self, department: str = "finance", until: date = THIRD) -> list[Receipt]:
        city = load_city("371500")
        return receive(self.home, city, department, until, self.vault, self.gate)  # type: ignore[arg-type]

    def faults(self, department: str, table: str, day: date) -> pl.DataFrame:
        return pl.read_parquet(quarantine_shelf(self.home, department, table, day))


def payroll_row(sequence: int, wage: str = "5000", **values: str) -> str:
    """A line of the payroll."""
    cells = {
        "id_no": number(sequence), "name": "张某", "employer": "某局", "wage": wage,
        "since": "2010-01-01", "until": "",
    } | values  # fmt: skip
    return ",".join(cells.values())


def payment_row(payment_no: str, sequence: int = 1, **values: str) -> str:
    """A line of the ledger."""
    cells = {
        "payment_no": payment_no, "batch_no": "B1", "program": "1101", "id_no": number(sequence),
        "name": "张某", "account_no": "6228", "household_no": "J1", "period": "202403",
        "amount": "100.00", "paid_on": "2024-03-08", "status": "1", "fail_reason": "",
        "reissue_of": "",
    } | values  # fmt: skip
    return ",".join(cells.values())


def member(household_no: str, sequence: int, **values: object) -> dict[str, object]:
    """A row of the family register."""
    return {
        "household_no": household_no, "id_no": number(sequence), "name": "张某", "relation": "02",
        "covered": "1",
    } | values  # fmt: skip
