"""The lines of a returned list: finding them, and judging each by itself.

A line is known by its number, wherever in the file it stands now. It is taken whole or returned
whole, with the reason in the words of the people who fill it in. Does not belong here: opening
files (connectors), which list a file answers (`reply_batch`), keeping what was taken (`replies`).
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.connectors.office_files import OfficeFile, Sheet
from pipelines.connectors.raw import ConnectorError, plain
from pipelines.contracts.alert_code import is_well_formed
from pipelines.contracts.replies import OUTCOMES
from pipelines.outreach.layout import NUMBER, REPLIES, REPLY_SHEETS, RESULTS

HEADINGS = {column.key: column.header for column in (NUMBER, *REPLIES)}
"""The columns a reply needs, as the list heads them."""

RESULT_KEYS = [column.key for column in RESULTS]
"""What came out: of all reasons on the line, and of the second and third where it differs."""

FINDING = (NUMBER.key, RESULT_KEYS[0])
"""A sheet without these columns holds no lines to be answered."""

BEGINNING_OF_DAY_NUMBERS = date(1899, 12, 30)

LINES = pl.Schema({
    "sheet": pl.Int32(), "row": pl.Int32(), "line_id": pl.String(),
    "outcome_1": pl.String(), "outcome_2": pl.String(), "outcome_3": pl.String(),
    "date_written": pl.String(), "visited_on": pl.Date(),
})  # fmt: skip
"""One row per line that somebody wrote on; `sheet` and `row` tell where it stands in the file."""


@dataclass(frozen=True)
class Judged:
    """What became of the lines of one file.

    `accepted` has the columns of `OUTCOMES`; `refused` has `sheet`, `row` and `reason_zh`;
    `known` counts answers that were taken before.
    """

    accepted: pl.DataFrame
    refused: pl.DataFrame
    known: int


def answered_lines(file: OfficeFile) -> pl.DataFrame:
    """The lines of all sheets on which one of the columns by hand is filled in, as `LINES`.

    Raises:
        ConnectorError: no sheet has the columns of a list, one that should have them has lost
            them, or one has a column twice.
    """
    found, headless = [], []
    for at, sheet in enumerate(file.sheets):
        if header := header_of(sheet):
            found.append(_lines_of(at, sheet, header[1]))
        else:
            headless.append(sheet.name)
    if not found:
        raise ConnectorError(
            f"{file.name}: no sheet has the columns 编号 and 走访结果; send back the list as it "
            "was sent out, filled in"
        )
    for known in REPLY_SHEETS:
        if known.name in headless:
            raise ConnectorError(
                f"{file.name}: sheet {known.name} has lost its row of headings (编号, 走访结果); "
                "put it back and send the list again"
            )
    lines = pl.concat(found)
    by_hand = [column.key for column in REPLIES]
    return (
        lines.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in by_hand))
        .with_columns(
            # A code is read as it was meant: O for 0, small letters, blanks.
            line_id=pl.col("line_id").str.normalize("NFKC").str.to_uppercase()
            .str.replace_all(r"[\s\p{Cf}-]", "").str.replace_all("O", "0")
            .str.replace_all("[IL]", "1"),
            date_written="visited_on",
            visited_on=_as_date(pl.col("visited_on"), file.shift_days),
        )
        .select(LINES.names())
        .cast(LINES)
    )  # fmt: skip


def header_of(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    """Row of a sheet's header, wherever it was moved to, and the position of each heading.

    Raises:
        ConnectorError: a column that is needed stands there twice.
    """
    if not sheet.cells.width:
        return None
    wanted = {plain(heading): name for name, heading in HEADINGS.items()}
    names_it = [
        pl.any_horizontal(_dense(column) == plain(HEADINGS[name]) for column in sheet.cells.columns)
        for name in FINDING
    ]
    rows = sheet.cells.select(pl.all_horizontal(names_it).arg_true())
    if rows.is_empty():
        return None
    row = rows.item(0, 0)
    titles = [wanted.get(plain(cell or "")) for cell in sheet.cells.row(row)]
    twice = [heading for name, heading in HEADINGS.items() if titles.count(name) > 1]
    if twice:
        raise ConnectorError(
            f"sheet {sheet.name}: the column {twice[0]} stands there twice; delete one and send "
            "it again"
        )
    return row, {name: titles.index(name) for name in HEADINGS if name in titles}


def _lines_of(at: int, sheet: Sheet, positions: dict[str, int]) -> pl.DataFrame:
    """Every row of a sheet but titles, feet (a single cell, in whatever column) and header."""
    cleaned = [
        (
            pl.col(f"column_{positions[name]}").str.strip_chars().replace("", None)
            if name in positions
            else pl.lit(None, dtype=pl.String)
        ).alias(name)
        for name in HEADINGS
    ]
    return (
        sheet.cells.with_row_index("row")
        .filter(pl.sum_horizontal(pl.col("^column_.*$").is_not_null()) > 1)
        .select(pl.lit(at).alias("sheet"), pl.col("row").cast(pl.Int32), *cleaned)
        # The header itself, which a sorting may have moved.
        .filter(_dense(RESULT_KEYS[0]).ne_missing(plain(RESULTS[0].header)))
    )


def _dense(name: str) -> pl.Expr:
    return pl.col(name).str.normalize("NFKC").str.replace_all(r"[\s\p{Cf}\p{Cc}]", "")


def _as_date(written: pl.Expr, shift_days: int) -> pl.Expr:
    """A date cell, a date in words, eight digits, or the day number of a spreadsheet."""
    text = written.str.normalize("NFKC").str.replace_all(r"\s*([-/.年月日号])\s*", "$1")
    parts = text.str.extract_groups(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?(?:[ T].*)?$")
    in_words = pl.concat_str(
        parts.struct.field("1"),
        parts.struct.field("2").str.zfill(2),
        parts.struct.field("3").str.zfill(2),
    )
    digits = text.str.extract(r"^(\d{8})$")
    number = text.str.extract(r"^(\d{5})(?:\.\d+)?$").cast(pl.Int64)
    counted = pl.lit(BEGINNING_OF_DAY_NUMBERS) + pl.duration(days=number + shift_days)
    return pl.coalesce(in_words, digits).str.to_date("%Y%m%d", strict=False).fill_null(counted)


def judge(
    lines: pl.DataFrame,
    batch: pl.DataFrame,
    known_numbers: pl.Series,
    outcomes: pl.DataFrame,
    earlier: pl.DataFrame,
    read_on: date,
    received_on: date,
    *,
    is_superseded: bool = False,
) -> Judged:
    """Judge every line by itself.

    Args:
        lines: as `answered_lines` gives them.
        batch: the lines of the list that was sent out, as `BATCHES`.
        known_numbers: the numbers among the lines that stood on any list.
        outcomes: the seed of outcomes: `outcome`, `name_zh`.
        earlier: replies accepted before, as `OUTCOMES`.
        read_on: the day on which the file is read; no visit lies after it.
        received_on: the first day that is judged with what is accepted.
        is_superseded: the list showed other reasons than it does now: which the visitor saw beside
            the first one, by which a line is known, is open.
    """
    judged = _each_by_itself(lines, batch, known_numbers, outcomes, read_on, is_superseded)
    answers = _answers(judged, batch, outcomes, earlier)
    judged = judged.join(_beside_others(answers), on=["sheet", "row"], how="left").with_columns(
        pl.coalesce("reason_zh", "late_reason")
    )
    taken = answers.join(
        judged.filter(pl.col("reason_zh").is_null()).select("sheet", "row"),
        on=["sheet", "row"],
        how="semi",
    ).unique(["alert_id", "code", "visited_on"])
    new = taken.filter(~pl.col("is_known") & ~pl.col("is_outdated"))
    return Judged(
        accepted=new.select(
            "alert_id", pl.col("code").alias("outcome"), "visited_on",
            pl.lit(received_on).alias("received_on"), "batch_id",
        ).cast(OUTCOMES).sort(pl.all()),
        refused=judged.filter(pl.col("reason_zh").is_not_null())
        .select("sheet", "row", "reason_zh").sort("sheet", "row"),
        known=taken.height - new.height,
    )  # fmt: skip


def _each_by_itself(
    lines: pl.DataFrame,
    batch: pl.DataFrame,
    known_numbers: pl.Series,
    outcomes: pl.DataFrame,
    read_on: date,
    is_superseded: bool,
) -> pl.DataFrame:
    """The lines with `reason_zh`, why one cannot be taken as it stands there; null where it can."""
    numbers = lines["line_id"].drop_nulls().unique()
    mistyped = [number for number in numbers if not is_well_formed(number)]
    reasons_on_line = batch.group_by("line_id").agg(reasons=pl.col("position").max())
    names = outcomes.select(_dense("name_zh"))["name_zh"].to_list()
    on_date = batch["on_date"][0]
    is_unknown = [pl.col(name).is_not_null() & ~pl.col(name).is_in(names) for name in RESULT_KEYS]
    reasons = {
        "缺少编号，请按原清单补上编号": pl.col("line_id").is_null(),
        "编号有误（校验字符不符），请对照原清单核对": pl.col("line_id").is_in(mistyped),
        "编号不在已下发的任何清单中": ~pl.col("line_id").is_in(known_numbers.to_list()),
        "编号不在本清单中，请填写在其所属清单中": pl.col("reasons").is_null(),
        "本清单已更正重发，本行列出的情况或有变化，请填写在更正后的清单中": (pl.col("reasons") > 1)
        & is_superseded,
        "未填写走访结果": pl.all_horizontal(pl.col(name).is_null() for name in RESULT_KEYS),
        "走访结果不在可选项中，请从下拉菜单中选择": pl.any_horizontal(is_unknown),
        "本行没有第②条情况，请清除“结果②”": pl.col("outcome_2").is_not_null()
        & (pl.col("reasons") < 2),
        "本行没有第③条情况，请清除“结果③”": pl.col("outcome_3").is_not_null()
        & (pl.col("reasons") < 3),
        "未填写走访日期": pl.col("date_written").is_null(),
        "走访日期无法识别，请写成如2024-05-03": pl.col("visited_on").is_null(),
        "走访日期晚于今天，请核对": pl.col("visited_on") > read_on,
        f"走访日期早于清单日期（{on_date}），请核对": pl.col("visited_on") < on_date,
    }
    return (
        lines.with_columns(_dense(name).alias(name) for name in RESULT_KEYS)
        .join(reasons_on_line, on="line_id", how="left")
        .with_columns(
            reason_zh=pl.coalesce(
                pl.when(applies).then(pl.lit(reason)) for reason, applies in reasons.items()
            )
        )
    )


def _answers(
    judged: pl.DataFrame, batch: pl.DataFrame, outcomes: pl.DataFrame, earlier: pl.DataFrame
) -> pl.DataFrame:
    """What lines without a fault answer, an alert a row, set against each other and what was said.

    `is_contradicted` by another line of the file, `is_known` from before, `is_outdated` by a
    later visit.
    """
    names = outcomes.select(_dense("name_zh").alias("told"), code="outcome")
    said = earlier.select(told=pl.struct("alert_id", "visited_on", "outcome"))["told"].implode()
    return (
        judged.filter(pl.col("reason_zh").is_null())
        .join(batch, on="line_id", how="inner")
        .with_columns(
            told=pl.when(pl.col("position") == 2)
            .then(pl.coalesce("outcome_2", "outcome_1"))
            .when(pl.col("position") == 3)
            .then(pl.coalesce("outcome_3", "outcome_1"))
            .otherwise("outcome_1")
        )
        .join(names, on="told", how="inner")
        .join(_spoken(earlier), on="alert_id", how="left")
        .with_columns(
            is_contradicted=pl.col("code").n_unique().over("alert_id", "visited_on") > 1,
            is_known=pl.struct("alert_id", "visited_on", outcome="code").is_in(said),
            is_outdated=(pl.col("last_visited_on") > pl.col("visited_on")).fill_null(False),
        )
    )


def _beside_others(answers: pl.DataFrame) -> pl.DataFrame:
    """Why a line cannot be taken beside the others: `sheet`, `row`, `late_reason`."""
    return answers.group_by("sheet", "row").agg(
        late_reason=pl.when(pl.col("is_contradicted").any())
        .then(pl.lit("同一编号、同一走访日期填写了不同的走访结果，请保留一个"))
        .when(pl.col("is_outdated").all() & ~pl.col("is_known").all())
        .then(
            pl.format(
                "已按{}的走访办理，本行走访日期较早，不再登记", pl.col("last_visited_on").max()
            )
        )
    )


def _spoken(earlier: pl.DataFrame) -> pl.DataFrame:
    return earlier.group_by("alert_id").agg(last_visited_on=pl.col("visited_on").max())
