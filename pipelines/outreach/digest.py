"""What goes with a list in plain text, and what a group of colleagues is told: counts alone.

Counted when the lists are written, so that it can be told later whatever was published since.
Does not belong here: how it travels (`mail`, `webhook`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.outreach import layout, wording
from pipelines.settings import UsageError

DIGESTS = "digests.parquet"
SCHEMA = pl.Schema({
    "office": pl.String(), "name": pl.String(), "batch_id": pl.String(), "on_date": pl.Date(),
    "new_lines": pl.Int64(), "open_lines": pl.Int64(),
    "emergency": pl.Int64(), "red": pl.Int64(), "orange": pl.Int64(), "yellow": pl.Int64(),
    "due_today": pl.Int64(), "overdue": pl.Int64(), "waiting": pl.Int64(), "notes": pl.String(),
})  # fmt: skip
"""One row per office of a day: lines on its list, those that wait, and the notes of the day."""

NO_DETAILS = "姓名、证件号码等信息只在清单中，请勿在邮件或群里转述。"


def published_lists(day: Path, on_date: date) -> list[Path]:
    """The workbooks of a published day, by name.

    Args:
        day: its folder.
        on_date: the day.

    Raises:
        UsageError: it is not there, or by a version that counted nothing, or files of it are gone.
    """
    if not (day / DIGESTS).is_file():
        raise UsageError(
            f"{on_date} is not published, or by an older version; run `wendu run --date {on_date}`."
        )
    offices = pl.read_parquet(day / DIGESTS, columns=["office"])["office"].sort()
    workbooks = [day / "lists" / f"{office}.xlsx" for office in offices]
    files = [day / "batches.parquet", *workbooks]
    if gone := [file.name for file in files if not file.is_file()]:
        raise UsageError(
            f"{len(gone)} files of the lists of {on_date} are gone, the first is {gone[0]}; "
            f"`wendu run --date {on_date}` puts them back."
        )
    return workbooks


def digests(
    offices: Sequence[str],
    lines: pl.DataFrame,
    waiting: pl.DataFrame,
    on_date: date,
    names: Mapping[str, str],
    notes: list[str],
) -> pl.DataFrame:
    """Count what stands on the lists of a day.

    Args:
        offices: those that get a list, if only with what ended or is asked of data.
        lines: of `lines.lines_of`.
        waiting: alerts beyond the day's quota, with `office` and `line_key`.
        on_date: the day.
        names: of offices.
        notes: sentences that stand on every list.

    Returns:
        The columns of `SCHEMA`, by office.
    """
    counted = lines.group_by("office").agg(
        new_lines=(pl.col("sheet") == layout.NEW.name).sum(),
        open_lines=(pl.col("sheet") == layout.OPEN.name).sum(),
        **{
            level: pl.col("level_and_lane").str.starts_with(word).sum()
            for level, word in wording.LEVELS.items()
        },
        due_today=(pl.col("days_left") == 0).sum(),
        overdue=pl.col("is_overdue").sum(),
    )
    waits = waiting.group_by("office").agg(waiting=pl.col("line_key").n_unique())
    return (
        texts(offices)
        .alias("office")
        .to_frame()
        .join(counted, on="office", how="left", maintain_order="left")
        .join(waits, on="office", how="left", maintain_order="left")
        .with_columns(
            pl.col(pl.UInt32, pl.Int64).fill_null(0),
            name=texts(names.get(office, wording.NO_PLACE) for office in offices),
            batch_id=texts(layout.batch_of(office, on_date) for office in offices),
            on_date=pl.lit(on_date),
            notes=pl.lit("\n".join(notes)),
        )
        .select(SCHEMA.names())
        .cast(SCHEMA)
        .sort("office")
    )


def texts(values: Iterable[str]) -> pl.Series:
    """A column of texts, also of none."""
    return pl.Series(list(values), dtype=pl.String)


def text_for(digest: Mapping[str, object], *, is_corrected: bool, is_encrypted: bool) -> str:
    """The plain text beside a township's workbook.

    Args:
        digest: a row of `SCHEMA`.
        is_corrected: an earlier list of the day was sent before.
        is_encrypted: the workbook asks for the township's password.
    """
    told = [
        f"{digest['name']}：{digest['on_date']} 走访核对清单见附件（批次 {digest['batch_id']}）。",
        "本清单替换当日此前发出的清单，请以本清单为准。" if is_corrected else "",
        f"今日新增 {digest['new_lines']} 户，未办结 {digest['open_lines']} 户；按级别："
        + "、".join(f"{word} {digest[level]}" for level, word in wording.LEVEL_WORDS.items())
        + "。",
        f"今日到期 {digest['due_today']} 户，已逾期 {digest['overdue']} 户；"
        f"排队等候 {digest['waiting']} 户。",
        str(digest["notes"]),
        "请在清单右侧绿色各列填写走访结果后原样发回。" + NO_DETAILS,
        "附件已加密，请用本乡镇的口令打开。" if is_encrypted else "",
    ]
    return "\n".join(line for line in told if line) + "\n"


def text_for_all(day: pl.DataFrame, on_date: date) -> str:
    """What a group of colleagues is told of a day's lists: totals over all offices."""
    total = day.select(pl.col(pl.Int64).sum()).to_dicts()[0]
    return (
        f"温度 {on_date}：走访核对清单 {day.height} 份，今日新增 {total['new_lines']} 户，"
        f"未办结 {total['open_lines']} 户（"
        + "、".join(f"{word} {total[level]}" for level, word in wording.LEVEL_WORDS.items())
        + f"），今日到期 {total['due_today']} 户，已逾期 {total['overdue']} 户。"
    )
