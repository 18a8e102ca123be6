"""What a township workbook looks like: its sheets and columns, shared by writer and reader.

Belongs here: names of sheets, columns in their order, where a reply may stand, the names under
which a workbook says which batch it is. Does not belong here: what a column holds
(`lines.py`), how a sheet is drawn (`workbook.py`).
"""

from dataclasses import dataclass
from datetime import date

from pipelines.contracts.alert_code import ALPHABET, check_character

TITLE_ROW = 0
"""Row of a sheet's title, counted from 0."""

HEADER_ROW = 2
"""Row of the column headers, counted from 0; between it and the title stands one line of advice."""

FIRST_ROW = HEADER_ROW + 1
"""First row that may hold a line, counted from 0. A row without a number is not a line."""

BATCH_NAME, SHOWN_NAME = "batch_id", "shown"
"""Defined names (constant texts) and custom document properties: the batch, and which reasons its
lines show."""

SHOWN_REASONS = 3
"""Reasons that a line shows; further ones are counted."""

REASON_MARKS = ("①", "②", "③")


@dataclass(frozen=True)
class Column:
    """A column of a sheet: `key` in the program, `header` on paper, `width` in characters.

    A code is printed smaller, so that it stays on one line.
    """

    key: str
    header: str
    width: float
    is_by_hand: bool = False
    is_date: bool = False
    is_code: bool = False


@dataclass(frozen=True)
class Sheet:
    """A sheet of the workbook; only one that takes replies has columns filled in by hand."""

    name: str
    columns: tuple[Column, ...]

    @property
    def takes_replies(self) -> bool:
        """Whether caseworkers fill in this sheet; a household's line stands on one of these."""
        return any(column.is_by_hand for column in self.columns)

    @property
    def headers(self) -> tuple[str, ...]:
        """The Chinese headers, left to right."""
        return tuple(column.header for column in self.columns)


NUMBER = Column("line_id", "编号", 10.5, is_code=True)
RESULTS = (
    Column("outcome_1", "走访结果", 8, is_by_hand=True),
    Column("outcome_2", "结果②", 6.5, is_by_hand=True),
    Column("outcome_3", "结果③", 6.5, is_by_hand=True),
)
"""The first holds for all reasons shown; the others where reason ② or ③ came out otherwise."""

REPLIES = (
    *RESULTS,
    Column("remarks", "备注", 8, is_by_hand=True),
    Column("visitor", "走访人", 6, is_by_hand=True),
    Column("visited_on", "走访日期", 8, is_by_hand=True, is_date=True),
)
"""What a caseworker fills in, in this order."""

WHO = (
    NUMBER,
    Column("level_and_lane", "级别与条线", 6.5),
    Column("due", "办理期限", 10.5),
    Column("village", "村（社区）", 7),
    Column("head", "户主", 6),
    Column("number", "证件号码", 12, is_code=True),
)
LINE = (
    *WHO,
    Column("family", "家庭人口与相关成员", 10.5),
    Column("assistance", "现有救助", 7.5),
    Column("reasons", "情况说明", 25),
    Column("distance", "与标准线的距离", 10),
    Column("change", "变化", 7),
    Column("basis", "依据", 14),
    Column("confidence", "同类线索属实率", 6.5),
    Column("unknown", "尚不清楚", 11),
    Column("action", "建议", 16),
    Column("earlier", "以往线索", 7),
    *REPLIES,
)

NEW = Sheet("今日新增", LINE)
OPEN = Sheet("未办结", LINE)
NEAR_DUE = Sheet(
    "临期与逾期",
    (
        *WHO,
        Column("reasons", "情况说明", 46),
        Column("action", "建议", 34),
        Column("place", "填写处", 14),
    ),
)
"""A view of lines that stand on the two sheets above, so that no line can get two replies."""

CLEARED = Sheet(
    "自行解除",
    (
        NUMBER,
        Column("village", "村（社区）", 10),
        Column("head", "户主", 7),
        Column("number", "证件号码", 12, is_code=True),
        Column("reasons", "原情况说明", 52),
        Column("first_seen_on", "首次发现", 10),
        Column("why", "解除原因", 46),
    ),
)
QUESTIONS = Sheet(
    "数据疑问",
    (
        Column("village", "村（社区）", 12),
        Column("who", "对象", 9),
        Column("number", "证件号码", 12, is_code=True),
        Column("question", "疑问", 66),
        Column("whom_to_ask", "由谁核对", 26),
    ),
)
HOW_TO = Sheet(
    "填写说明",
    (Column("topic", "项目", 16), Column("explanation", "说明", 112)),
)

SHEETS = (NEW, OPEN, NEAR_DUE, CLEARED, QUESTIONS, HOW_TO)
REPLY_SHEETS = tuple(sheet for sheet in SHEETS if sheet.takes_replies)


def batch_of(office: str, on_date: date) -> str:
    """Name of a workbook's batch: office, day, check character.

    Args:
        office: township or county code, or `unknown`.
        on_date: the day of the list.

    Returns:
        `371502001-20240502` and a check character over its letters and digits.
    """
    named = f"{office}-{on_date:%Y%m%d}"
    return named + check_character(_letters_of(named))


def is_batch(text: str) -> bool:
    """Whether a text has the form of a batch and its check character is right."""
    office, dash, rest = text.rpartition("-")
    named = text[:-1]
    return bool(
        office
        and dash
        and len(rest) == len("20240502") + 1
        and rest[:-1].isdigit()
        and text[-1] == check_character(_letters_of(named))
    )


def _letters_of(named: str) -> str:
    """The signs that count: of the alphabet of codes, as capitals; others are read as `0`."""
    return "".join(sign if sign in ALPHABET else "0" for sign in named.upper().replace("-", ""))
