"""Canaries: an invented person whose every value is known, put into deliveries, then looked for.

Belongs here: planting, and searching everything a run wrote. What may hold them is said by the
tests.
"""

import csv
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import openpyxl
import polars as pl

from pipelines.settings import Home
from tests.unit.deliveries import number

NUMBER, REFUSED, MENTIONED = number(715, "19630417"), number(716, "19640518"), number(717)
CANARIES = {
    "number": NUMBER,
    "number in the old form": NUMBER[:6] + NUMBER[8:17],
    "number of a refused row": REFUSED,
    "number within a text": MENTIONED,
    "name": "金丝雀",
    "phone": "13900371599",
    "account": "6228480371599000717",
    "address": "金雀街道三七一五九九号",
    "diagnosis": "金雀花综合征",
    "employer": "金雀花研究所",
}
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
BROKEN_DAY = date(2024, 4, 29)


def plant(home: Home, day: date) -> None:
    """Put the canaries into every form of delivery of a day, in good rows and in refused ones.

    Besides, deliveries of the eve are broken, each in its own way, with canaries in the place
    that breaks them.
    """
    _plant_in_database(home.delivery("civil_affairs", day) / "civil_affairs.sqlite")
    finance = home.delivery("finance", day)
    _append_csv(finance / "payroll.csv", {
        "证件号码": NUMBER, "姓名": CANARIES["name"], "单位名称": CANARIES["employer"],
    }, {"月工资": f"x{CANARIES['phone']}", "证件号码": REFUSED}, ragged=True)  # fmt: skip
    ledger = sorted(finance.glob("payments_1101_*.csv"))[-1]
    _append_csv(ledger, {
        "流水号": "金1", "证件号码": NUMBER, "姓名": CANARIES["name"], "发放状态": "2",
        "银行账号": CANARIES["account"], "失败原因": f"{CANARIES['account']} {MENTIONED}",
        "批次号": f"批{MENTIONED}",
    }, {"流水号": "金2", "发放日期": CANARIES["address"], "证件号码": REFUSED})  # fmt: skip
    _append_ndjson(
        home.delivery("agriculture", day) / "monitored_members_page_0001.ndjson",
        {"id_no": NUMBER, "name": CANARIES["name"], "health": CANARIES["diagnosis"]},
        {"id_no": REFUSED, "name": CANARIES["name"], "labour_skill": CANARIES["diagnosis"]},
    )
    _append_xlsx(
        home.delivery("disabled_federation", day) / "employment.xlsx",
        [NUMBER, "就业", CANARIES["employer"], "2018-07-13"],
        [REFUSED, CANARIES["diagnosis"], CANARIES["employer"], CANARIES["address"]],
    )
    _break_the_eve(home)


def _plant_in_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        family = {
            "household_no": "JQ1", "head_id": NUMBER, "head_name": CANARIES["name"],
            "phone": CANARIES["phone"], "address": CANARIES["address"],
            "account_no": CANARIES["account"],
        }  # fmt: skip
        lives = {"household_no": "JQ1", "id_no": NUMBER, "name": CANARIES["name"], "covered": 1}
        _insert_like(connection, "households", family)
        _insert_like(connection, "members", lives)
        _insert_like(connection, "members", lives | {"id_no": REFUSED, "covered": "金丝雀"})
        _insert_like(connection, "households", family | {
            "household_no": "JQ2", "head_id": REFUSED, "monthly_amount": CANARIES["phone"] + "元",
            "approved_on": CANARIES["address"],
        })  # fmt: skip
    connection.close()


def _insert_like(connection: sqlite3.Connection, table: str, values: dict[str, object]) -> None:
    """A copy of a family without an end, or of a member, with other values."""
    condition = "where ended_on is null and assistance = '110'" if table == "households" else ""
    connection.row_factory = sqlite3.Row
    row = dict(connection.execute(f"select * from {table} {condition} limit 1").fetchone()) | values
    marks = ", ".join("?" for _ in row)
    connection.execute(f"insert into {table} values ({marks})", tuple(row.values()))


def _append_csv(
    path: Path, good: dict[str, str], bad: dict[str, str], *, ragged: bool = False
) -> None:
    text = path.read_bytes().decode("gb18030")
    rows = list(csv.DictReader(io.StringIO(text)))
    lines = io.StringIO()
    writer = csv.DictWriter(lines, list(rows[-1]), lineterminator="\n")
    writer.writerow(rows[-1] | good)
    writer.writerow(rows[-1] | good | bad)
    broken = f"{REFUSED},{CANARIES['name']}\n" if ragged else ""
    path.write_bytes((text.rstrip("\r\n") + "\n" + lines.getvalue() + broken).encode("gb18030"))


def _append_ndjson(path: Path, good: dict[str, str], bad: dict[str, str]) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    like = json.loads(lines[-1])
    lines += [json.dumps(like | row, ensure_ascii=False) for row in (good, bad)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _append_xlsx(path: Path, *rows: list[str]) -> None:
    book = openpyxl.load_workbook(path)
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)


def _break_the_eve(home: Home) -> None:
    everything = ",".join(CANARIES.values())
    for department, name, content in (
        ("civil_affairs", "civil_affairs.sqlite", f"SQLite format 3\0{everything}".encode()),
        ("finance", "payroll.csv", f"{everything}\n{everything}\n".encode("gb18030")),
        ("agriculture", "monitored_members.ndjson", f'{{"id_no": {everything}\n'.encode()),
        ("disabled_federation", f"employment_{NUMBER}.xlsx", everything.encode()),
    ):
        path = home.delivery(department, BROKEN_DAY) / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)


@dataclass(frozen=True)
class Leak:
    """A canary and where it stands."""

    canary: str
    place: str


def leaks(files: Iterable[Path]) -> list[Leak]:
    """Every canary in every file, each container opened and each encoding tried."""
    wanted = {
        name: {value.encode(encoding) for encoding in ENCODINGS} for name, value in CANARIES.items()
    }
    return [
        Leak(name, place)
        for path in sorted(files)
        for place, content in _contents(path)
        for name, spellings in wanted.items()
        if any(spelling in content for spelling in spellings)
    ]


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    yield str(path), path.name.encode() + b"\n" + path.read_bytes()
    if path.suffix == ".parquet":
        yield str(path), _texts(pl.read_parquet(path, hive_partitioning=False))
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute(
                "select format('{}.{}', schema_name, table_name) from duckdb_tables() "
                "where not internal"
            ).fetchall()
            for (table,) in tables:
                yield f"{path} {table}", _texts(connection.sql(f"from {table}").pl())
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as book:
            yield from ((f"{path} {name}", book.read(name)) for name in book.namelist())


def _texts(frame: pl.DataFrame) -> bytes:
    """All values of a frame; lists and structs as JSON."""
    values: list[bytes] = []
    for name, kind in frame.schema.items():
        distinct = frame[name].drop_nulls()
        if kind == pl.Binary():
            values += distinct.unique().to_list()
        elif kind == pl.String():
            values += [text.encode() for text in distinct.unique()]
        elif kind.is_nested():
            values.append(str(distinct.to_list()).encode())
    return b"\n".join(values)
