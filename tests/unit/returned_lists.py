"""A township list as it was sent out, and ways in which people send it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import openpyxl
import polars as pl
from openpyxl.packaging.custom import StringProperty
from openpyxl.workbook.defined_name import DefinedName

from pipelines.contracts.alert_code import ALPHABET, check_character
from pipelines.contracts.replies import BATCHES
from pipelines.outreach.layout import (
    BATCH_NAME,
    FIRST_ROW,
    HEADER_ROW,
    NEW,
    SHOWN_NAME,
    batch_of,
)
from pipelines.settings import Home

WRITTEN = pl.Schema({**BATCHES, "sheet": pl.String()})
OFFICE = "371502001"
LIST_DAY = date(2024, 5, 6)
READ_ON = date(2024, 5, 10)
VISITED = datetime(2024, 5, 8)


def code(at: int) -> str:
    """The code of a made-up alert."""
    payload = f"{at:05}".rjust(10, ALPHABET[1 + at % 30])
    return f"A{payload}{check_character(payload)}"


def publish(
    home: Home,
    lines: Mapping[int, Sequence[int]],
    on_date: date = LIST_DAY,
    office: str = OFFICE,
) -> str:
    """Tell the home what stood on a list: alerts by the number of their line; its batch."""
    batch_id = batch_of(office, on_date)
    rows = [
        {
            "batch_id": batch_id, "office": office, "on_date": on_date, "sheet": NEW.name,
            "line_id": code(line), "position": position, "alert_id": code(alert),
            "rule_id": "R25",
        }
        for line, alerts in lines.items()
        for position, alert in enumerate(alerts, start=1)
    ]  # fmt: skip
    file = home.day(on_date) / "batches.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    earlier = [pl.read_parquet(file)] if file.exists() else []
    pl.concat([*earlier, pl.DataFrame(rows, schema=WRITTEN)]).write_parquet(file)
    return batch_id


Answer = Mapping[str, object]


def answer(outcome: str | None = "纳入低保", **more: object) -> dict[str, object]:
    """What a caseworker writes on a line, by header."""
    return {"走访结果": outcome, "走访人": "王某", "走访日期": VISITED} | more


@dataclass
class Returned:
    """A list as filled in: its lines by number, its marks, and the order of its columns."""

    batch_id: str | None
    lines: Mapping[str, Answer]
    headers: Sequence[str] = NEW.headers
    sheet: str = NEW.name
    has_name: bool = True
    has_property: bool = True
    has_foot: bool = True
    shown: str = ""

    def save(self, path: Path) -> Path:
        """Write it as a workbook."""
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = self.sheet
        sheet.cell(1, 1, "王庄镇 走访核对清单 2024年05月06日")
        for column, header in enumerate(self.headers, start=1):
            sheet.cell(HEADER_ROW + 1, column, header)
        for row, (number, told) in enumerate(self.lines.items(), start=FIRST_ROW + 1):
            cells = {"编号": number, "户主": "李*英", "情况说明": "1 人：收入下降"} | told
            for column, header in enumerate(self.headers, start=1):
                if cells.get(header) is not None:
                    cell = sheet.cell(row, column, cells[header])
                    if isinstance(cells[header], date):
                        cell.number_format = "yyyy-mm-dd"
        sheet.cell(FIRST_ROW + len(self.lines) + 1, 1, f"共 {len(self.lines)} 条")
        if self.batch_id and self.has_foot:
            sheet.oddFooter.left.text = f"批次 {self.batch_id}"
        if self.batch_id and self.has_name:
            book.defined_names[BATCH_NAME] = DefinedName(BATCH_NAME, attr_text=f'"{self.batch_id}"')
        if self.batch_id and self.has_property:
            book.custom_doc_props.append(StringProperty(name=BATCH_NAME, value=self.batch_id))
        if self.shown:
            attr_text = f'"{self.shown}"'
            book.defined_names[SHOWN_NAME] = DefinedName(SHOWN_NAME, attr_text=attr_text)
        book.save(path)
        return path
