"""What a department is asked to mend: one workbook per department and day, in its own words.

Holds the department's own keys and values, and nothing of another department: it is for that
department alone. Belongs here: what is said of a fault and how it is laid out. Does not belong
here: which faults are open (`ingest.open_faults`), where the workbooks lie (`defs.corrections`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format

from pipelines.contracts.sources import Contract
from pipelines.outreach.wording import DEPARTMENTS
from pipelines.outreach.workbook import (
    A4,
    FONT,
    FONT_SIZE,
    HEADER_COLOUR,
    LINE_COLOUR,
    height_of,
    lines_needed,
)

ROWS_ON_A_SHEET = 20_000
"""More go onto a further sheet: nothing is left out."""

TITLE_POINTS = 24
LONGEST_TEXT = 500
"""Characters of a value as received that a cell shows; a cell holds 32,767."""

FAULTS = {
    "missing_required": ("必填项为空", "请补填"),
    "bad_id_checksum": ("证件号码校验位不符", "请按证件核对全部 18 位"),
    "bad_id_birth_date": ("证件号码中的出生日期不存在或不合理", "请按证件核对"),
    "id_lost_digits": ("证件号码被表格软件改成科学计数法，末几位已丢失", "请以文本格式重新导出"),
    "id_placeholder": ("证件号码是占位内容", "请填写真实号码"),
    "bad_date": ("不是有效日期", "如 2024-05-31"),
    "bad_month": ("不是有效年月", "如 202405"),
    "bad_money": ("不是有效金额", "元，最多两位小数"),
    "bad_area": ("行政区划代码格式不对", "6、9 或 12 位数字"),
    "bad_flag": ("不是“是”或“否”", "是／否"),
    "bad_int": ("不是整数", "0 或正整数"),
    "unknown_code": ("代码或名称不在约定范围内", "请使用约定的代码或名称"),
    "bad_cert_no": ("残疾人证号格式不对", "20 或 22 位，前 18 位为证件号码"),
    "cert_id_mismatch": ("残疾人证号第 19、20 位与类别、等级不一致", "请核对证号、类别、等级"),
    "duplicate_key": ("同一主键有多行且内容不同", "请保留正确的一行"),
    "negative_amount": ("金额为负", "此项不应为负数"),
    "future_date": ("日期晚于报送日期", "请核对"),
    "undecodable_text": ("文字无法识别（编码错误）", "请用 UTF-8 或 GB18030 重新导出"),
    "ragged_row": ("列数与表头不符", "请检查分隔符和引号"),
    "unknown_division": ("行政区划代码不在名录中", "请核对；如属新设区划请告知"),
    "retired_division": ("行政区划代码已停用", "请核对是否需要更新"),
}  # fmt: skip
"""What is wrong and what is expected, by reason code of SOURCES."""

DONE = {
    "row": "整行未采用，以前报送的继续有效",
    "value": "本行已采用，此项按未填处理",
    "soft": "已采用，请核对",
}
OTHER_SHEETS = {"deliveries": "整次报送", "visits": "走访反馈", "names": "姓名不一致"}
ADVICE = (
    "以下内容均为贵单位报送的原值，只供贵单位更正使用，请勿转发。更正后随下次报送一并报来即可，"
    "系统收到正确的内容后自动核销，不必另行回复。"
)


@dataclass(frozen=True)
class Column:
    """One column of a sheet: key in the frame, Chinese header, width in characters."""

    key: str
    header: str
    width: float
    is_number: bool = False


SUMMARY = (
    Column("title", "数据表", 20), Column("what", "问题", 44), Column("done", "目前处理", 32),
    Column("open", "待更正", 10, True), Column("rows", "涉及行数", 10, True),
    Column("new", "今日新增", 10, True), Column("mended", "今日核销", 10, True),
    Column("oldest", "最早发现", 12),
)  # fmt: skip
ROWS = (
    Column("title", "数据表", 16), Column("key_names", "主键字段", 14), Column("key", "主键", 26),
    Column("field_name", "字段", 14), Column("value", "报送内容", 24), Column("what", "问题", 24),
    Column("expected", "要求", 22), Column("done", "目前处理", 20), Column("file", "来源文件", 20),
    Column("line", "行号", 8), Column("since", "首次发现", 11),
    Column("days", "已有天数", 9, True),
)  # fmt: skip
DELIVERIES = (
    Column("received", "报送日期", 12), Column("what", "情况", 40), Column("told", "说明", 100),
)  # fmt: skip
VISITS = (
    Column("title", "数据表", 24), Column("key", "主键", 30), Column("field_name", "字段", 24),
    Column("value", "登记内容", 24), Column("visited", "走访日期", 12),
    Column("received", "反馈日期", 12), Column("line_id", "线索编号", 16),
)  # fmt: skip
NAMES = (
    Column("title", "数据表", 24), Column("number", "证件号码", 26), Column("name", "登记姓名", 24),
    Column("what", "问题", 60),
)  # fmt: skip


@dataclass(frozen=True)
class Corrections:
    """What one department is asked to mend on a day.

    Attributes:
        department: whose.
        on_date: the day.
        faults: `ingest.open_faults.OPEN_FAULTS` of all its tables, mended ones of the day too.
        deliveries: `received_on`, `what`, `told`: whole deliveries that need something.
        visits: `table`, `key`, `field`, `value`, `visited_on`, `received_on`, `alert_id`: what
            visits found to be wrong.
        names: `table`, `id_no`, `name`: people whom another department knows by another name.
        duplicates: rows of the day's delivery that came twice just the same, by table.
        told_days: for how many days a row that cannot be found again is told.
    """

    department: str
    on_date: date
    faults: pl.DataFrame
    deliveries: pl.DataFrame
    visits: pl.DataFrame
    names: pl.DataFrame
    duplicates: Mapping[str, int]
    told_days: int

    @property
    def open_faults(self) -> pl.DataFrame:
        """Faults that are still to be mended."""
        return self.faults.filter(pl.col("mended_on").is_null())

    @cached_property
    def counts(self) -> dict[str, int]:
        """What may be told outside the department: numbers only."""
        still_open = self.open_faults
        return {
            "open": still_open.height,
            "rows": still_open.group_by("table").agg(_rows_with_fault()).sum()["rows"].item(),
            "new": still_open.filter(pl.col("since_on") == self.on_date).height,
            "mended": self.faults.height - still_open.height,
            "deliveries": self.deliveries.height,
            "visits": self.visits.height,
            "names": self.names.height,
        }

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not any(self.counts.values())


def write_corrections(
    path: Path, corrections: Corrections, contracts: Mapping[str, Contract]
) -> None:
    """Write a department's workbook; the same corrections give the same bytes.

    Args:
        path: the file, readable by its owner alone from the first byte on.
        corrections: what to mend.
        contracts: the department's tables by name.
    """
    path.touch(mode=0o600)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    on_date = corrections.on_date
    title = f"{DEPARTMENTS[corrections.department]}部门 数据更正清单 {on_date:%Y年%m月%d日}"
    with xlsxwriter.Workbook(path, options) as file:
        file.set_properties({
            "title": title, "created": datetime.combine(on_date, datetime.min.time()),
        })  # fmt: skip
        book = _Book(file, title)
        book.sheet(
            "汇总", SUMMARY, _summary(corrections, contracts), _notes(corrections, contracts)
        )
        for sheet, columns, rows in (
            (OTHER_SHEETS["deliveries"], DELIVERIES, _deliveries(corrections)),
            ("更正清单", ROWS, _rows(corrections, contracts)),
            (OTHER_SHEETS["visits"], VISITS, _visits(corrections, contracts)),
            (OTHER_SHEETS["names"], NAMES, _names(corrections, contracts)),
        ):
            for number, part in enumerate(rows.iter_slices(ROWS_ON_A_SHEET), start=1):
                book.sheet(sheet if number == 1 else f"{sheet}{number}", columns, part, [])


def _summary(corrections: Corrections, contracts: Mapping[str, Contract]) -> pl.DataFrame:
    is_open = pl.col("mended_on").is_null()
    return (
        corrections.faults.group_by("table", "reason", "severity")
        .agg(
            _rows_with_fault(is_open),
            open=is_open.sum(),
            new=(is_open & (pl.col("since_on") == corrections.on_date)).sum(),
            mended=is_open.not_().sum(),
            oldest=pl.col("since_on").filter(is_open).min().cast(pl.String).fill_null("—"),
        )
        .sort("table", "severity", "reason")
        .with_columns(title=_title(contracts), what=_said(0), done=_of(DONE, "severity"))
    )


def _rows_with_fault(is_meant: pl.Expr | None = None) -> pl.Expr:
    """How many different rows have the faults: keys that lost their digits are all one key."""
    raws = pl.col("raws") if is_meant is None else pl.col("raws").filter(is_meant)
    return raws.explode().drop_nulls().n_unique().alias("rows")


def _rows(corrections: Corrections, contracts: Mapping[str, Contract]) -> pl.DataFrame:
    keys = {
        name: "；".join(contract.columns[column].zh for column in contract.key)
        for name, contract in contracts.items()
    }
    names = {
        f"{name}.{column}": declared.zh
        for name, contract in contracts.items()
        for column, declared in contract.columns.items()
    }
    # Rows that contradict each other are at fault in their whole key.
    names |= {
        f"{name}.{', '.join(contract.key)}": keys[name] for name, contract in contracts.items()
    }
    place = pl.format("{}.{}", "table", "field")
    field_name = place.replace_strict(names, default=pl.col("field"))
    told = corrections.open_faults.filter("is_told")
    newest_first = [False, True, False, False, False]
    by = ["table", "since_on", "key", "field", "reason"]
    return told.sort(by, descending=newest_first).select(
        title=_title(contracts),
        key_names=_of(keys, "table"),
        key="key",
        field_name=field_name.fill_null("（整行）"),
        value=pl.col("value").fill_null(""),
        what=_said(0),
        expected=_said(1),
        done=_of(DONE, "severity"),
        file="file",
        line="line",
        since=pl.col("since_on").cast(pl.String),
        days=(pl.lit(corrections.on_date) - pl.col("since_on")).dt.total_days(),
    )  # fmt: skip


def _deliveries(corrections: Corrections) -> pl.DataFrame:
    return corrections.deliveries.with_columns(received=pl.col("received_on").cast(pl.String))


def _visits(corrections: Corrections, contracts: Mapping[str, Contract]) -> pl.DataFrame:
    names = {
        column: declared.zh
        for contract in contracts.values()
        for column, declared in contract.columns.items()
    }
    return corrections.visits.select(
        "key", "value",
        title=_title(contracts),
        field_name=pl.col("field").replace(names),
        visited=pl.col("visited_on").cast(pl.String).fill_null("—"),
        received=pl.col("received_on").cast(pl.String),
        line_id="alert_id",
    )  # fmt: skip


def _names(corrections: Corrections, contracts: Mapping[str, Contract]) -> pl.DataFrame:
    return corrections.names.select(
        title=_title(contracts),
        number="id_no",
        name="name",
        what=pl.lit(
            "其他部门以另一姓名登记同一证件号码；请按证件核对。核对前，此人的记录不用于核对类线索"
        ),
    )


def _notes(corrections: Corrections, contracts: Mapping[str, Contract]) -> list[str]:
    notes = [ADVICE]
    untold = corrections.open_faults.filter(~pl.col("is_told")).height
    if untold:
        notes.append(
            f"另有 {untold} 行的主键无法识别且已超过 {corrections.told_days} 天，"
            "不再逐行列出；已计入上表“待更正”。"
        )
    notes += [
        f"{contracts[table].title.zh}：本次有 {count} 行与其他行完全相同，已合并，不影响结果。"
        for table, count in corrections.duplicates.items()
        if count
    ]
    counts = corrections.counts
    notes += [
        f"“{sheet}”表另列 {counts[name]} 项。"
        for name, sheet in OTHER_SHEETS.items()
        if counts[name]
    ]
    return notes


def _title(contracts: Mapping[str, Contract]) -> pl.Expr:
    return _of({name: contract.title.zh for name, contract in contracts.items()}, "table")


def _said(part: int) -> pl.Expr:
    return _of({reason: told[part] for reason, told in FAULTS.items()}, "reason")


def _of(words: Mapping[str, str], column: str) -> pl.Expr:
    """A word for a code; a code without a word is shown itself."""
    return pl.col(column).replace(words)


class _Book:
    """A workbook being written: its formats and the title over each sheet."""

    def __init__(self, file: xlsxwriter.Workbook, title: str) -> None:
        plain = {"font_name": FONT, "font_size": FONT_SIZE, "valign": "top"}
        cell = {**plain, "text_wrap": True, "border": 1, "border_color": LINE_COLOUR}
        self._file, self._title = file, title
        self._formats: dict[str, Format] = {
            "title": file.add_format({**plain, "bold": True, "font_size": 14}),
            "note": file.add_format({**plain, "text_wrap": True}),
            "header": file.add_format(
                {**cell, "bold": True, "align": "center", "bg_color": HEADER_COLOUR}
            ),
            # As text: a number keeps its digits, and nothing is taken for a formula.
            "text": file.add_format({**cell, "num_format": "@"}),
            "number": file.add_format(cell),
        }

    def sheet(
        self, name: str, columns: Sequence[Column], rows: pl.DataFrame, notes: Sequence[str]
    ) -> None:
        """Add one sheet: title, header, rows, notes below, set up for A4."""
        page = self._file.add_worksheet(name)
        page.write_string(0, 0, f"{self._title} {name}", self._formats["title"])
        page.set_row(0, TITLE_POINTS)
        last = len(columns) - 1
        shown = rows.select(
            pl.col(column.key) if column.is_number
            else pl.col(column.key).cast(pl.String).str.head(LONGEST_TEXT).fill_null("")
            for column in columns
        )  # fmt: skip
        for position, column in enumerate(columns):
            page.set_column(position, position, column.width)
            page.write_string(1, position, column.header, self._formats["header"])
            kind = "number" if column.is_number else "text"
            page.write_column(2, position, shown[column.key].to_list(), self._formats[kind])
        texts = [column for column in columns if not column.is_number]
        lines = pl.max_horizontal(lines_needed(pl.col(text.key), text.width) for text in texts)
        for row, height in enumerate(shown.select(height_of(lines)).to_series(), start=2):
            page.set_row(row, height)
        end = 1 + rows.height
        if rows.height:
            page.autofilter(1, 0, end, last)
        width = sum(column.width for column in columns)
        said = pl.Series(notes, dtype=pl.String).to_frame("note")
        heights = said.select(height_of(lines_needed(pl.col("note"), width))).to_series()
        for row, (note, height) in enumerate(zip(notes, heights, strict=True), start=end + 2):
            page.merge_range(row, 0, row, last, note, self._formats["note"])
            page.set_row(row, height)
        page.freeze_panes(2, 0)
        page.set_landscape()
        page.set_paper(A4)
        page.set_margins(left=0.3, right=0.3, top=0.4, bottom=0.5)
        page.fit_to_pages(1, 0)
        page.repeat_rows(1)
        page.set_footer(f"&L&8{self._title} {name}&R&8第 &P 页 共 &N 页")
