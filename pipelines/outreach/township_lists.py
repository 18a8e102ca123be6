"""The workbooks of a day, one per township, and the record of what stands in them.

Alerts that no township can be told for (an office, a family whose area is unknown) go to a
workbook named by their county, or `unknown`: nothing found is left unsent. What a day's quota
leaves out is counted on the sheet. Reads published marts and asks the vault for names; what is
written carries masked names and numbers only.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.outreach import layout, wording
from pipelines.outreach.alerts import QUOTA, open_alerts, read_mart, within_capacity
from pipelines.outreach.how_to import explanations, outcome_choices
from pipelines.outreach.lines import Sources, cleared_lines, lines_of, masked_people
from pipelines.outreach.policy import Policy
from pipelines.outreach.questions import data_questions
from pipelines.outreach.workbook import Book, write_book
from pipelines.vault import Vault

WORTH_A_BOOK = ("lines", "cleared", "questions")
LISTS, BATCHES = "lists", "batches.parquet"
NEAR_DUE = "list_near_due_working_days"


def write_lists(
    marts: Path, day: Path, on_date: date, vault: Vault, policy_folder: Path
) -> list[Path]:
    """Write the workbooks of a day and `batches.parquet`.

    Args:
        marts: folder with the marts as Parquet.
        day: the folder of the day; gets `lists/<township_code>.xlsx` and `batches.parquet`.
        on_date: the day, printed on each sheet.
        vault: asked for names and numbers, which are masked before they are written.
        policy_folder: `seeds/policy` of the dbt project that judged the day.

    Returns:
        The workbooks written, by name. The same marts give the same bytes.
    """
    policy = Policy(policy_folder, on_date)
    alerts = within_capacity(open_alerts(marts, on_date), policy)
    shown = alerts.filter("is_shown")
    sources = Sources(marts, masked_people(alerts, vault, on_date), policy, on_date)
    lines = lines_of(shown, sources)
    cleared = cleared_lines(sources, vault)
    questions = data_questions(lines, sources, vault)
    batches(shown, lines, on_date).write_parquet(day / BATCHES)

    by_office = {
        kind: {str(office): rows for (office,), rows in frame.partition_by(
            "office", as_dict=True, maintain_order=True
        ).items()}
        for kind, frame in (
            ("lines", lines), ("cleared", cleared), ("questions", questions),
            ("waiting", alerts.filter(pl.col("is_shown").not_())), ("shown", shown),
        )
    }  # fmt: skip
    names = area_names(marts)
    told_of_all = notes_of_the_day(sources)
    choices = outcome_choices(policy)
    (day / LISTS).mkdir(parents=True, exist_ok=True)
    written = []
    offices = {office for kind in WORTH_A_BOOK for office in by_office[kind]}
    for office in sorted(offices):
        here = {kind: frames.get(office) for kind, frames in by_office.items()}
        book = Book(
            office=office,
            title=f"{names.get(office, wording.NO_PLACE)} 走访核对清单 {on_date:%Y年%m月%d日}",
            batch_id=layout.batch_of(office, on_date),
            on_date=on_date,
            rows=rows_of_sheets(here, office, policy),
            notes=notes_of_sheets(here, office, policy, told_of_all),
            outcomes=choices,
        )
        path = day / LISTS / f"{office}.xlsx"
        write_book(path, book)
        written.append(path)
    return written


def batches(shown: pl.DataFrame, lines: pl.DataFrame, on_date: date) -> pl.DataFrame:
    """Which alert stands where: a row per alert that a line shows.

    Columns: `batch_id`, `office`, `on_date`, `sheet`, `line_id`, `position` (1 to 3),
    `alert_id`, `rule_id`; a household of the audit sample has no rule.
    """
    offices = lines["office"].unique().to_list()
    names = {office: layout.batch_of(office, on_date) for office in offices}
    return (
        shown.filter(pl.col("position") <= layout.SHOWN_REASONS)
        .join(lines.select("line_key", "line_id", "sheet"), on="line_key")
        .sort("office", "line_id", "position")
        .select(
            pl.col("office").replace_strict(names, return_dtype=pl.String).alias("batch_id"),
            "office",
            pl.lit(on_date).alias("on_date"),
            "sheet",
            "line_id",
            pl.col("position").cast(pl.Int32),
            "alert_id",
            "rule_id",
        )
    )


def rows_of_sheets(
    here: Mapping[str, pl.DataFrame | None], office: str, policy: Policy
) -> dict[str, pl.DataFrame]:
    """The rows of every sheet that has any, of one office."""
    rows = {layout.HOW_TO.name: explanations(here["shown"], office, policy)}
    if (cleared := here["cleared"]) is not None:
        rows[layout.CLEARED.name] = cleared.with_columns(pl.col("first_seen_on").cast(pl.String))
    if (questions := here["questions"]) is not None:
        rows[layout.QUESTIONS.name] = questions
    if (lines := here["lines"]) is not None:
        for sheet in layout.REPLY_SHEETS:
            rows[sheet.name] = lines.filter(pl.col("sheet") == sheet.name)
        near = policy.number(NEAR_DUE, office) or 0
        places = pl.concat([
            rows[sheet.name].select(
                "line_id",
                place=pl.format(
                    "{} 第 {} 行", pl.lit(sheet.name), pl.int_range(pl.len()) + layout.FIRST_ROW + 1
                ),
            )
            for sheet in layout.REPLY_SHEETS
        ])  # fmt: skip
        rows[layout.NEAR_DUE.name] = lines.filter(
            (pl.col("days_left") <= near) | pl.col("is_overdue")
        ).join(places, on="line_id", maintain_order="left")
    return rows


def notes_of_sheets(
    here: Mapping[str, pl.DataFrame | None],
    office: str,
    policy: Policy,
    told_of_all: Sequence[str],
) -> dict[str, list[str]]:
    """What stands under the lines of each sheet."""
    waits = waiting_note(here["waiting"], office, policy)
    told = {sheet.name: [*told_of_all] for sheet in layout.SHEETS if sheet is not layout.HOW_TO}
    for sheet in layout.REPLY_SHEETS:
        told[sheet.name] = [*waits, *told_of_all]
    return told


def waiting_note(waiting: pl.DataFrame | None, office: str, policy: Policy) -> list[str]:
    """How many households wait beyond the day's quota, and with what, by level and rule."""
    if waiting is None:
        return []
    names = dict(policy.table("rules").select("rule_id", "name_zh").iter_rows())
    counted = (
        waiting.with_columns(
            rule=pl.col("rule_id").replace_strict(
                names, default=wording.OTHER_RULE, return_dtype=pl.String
            )
        )
        .group_by("level_rank", "level", "rule")
        .len()
        .sort("level_rank", "rule")
        .group_by("level", maintain_order=True)
        .agg(total=pl.sum("len"), rules=pl.format("{} {}", "rule", "len").str.join("、"))
    )
    levels = "；".join(
        f"{wording.LEVEL_WORDS.get(level, level)} {total} 项（{rules}）"
        for level, total, rules in counted.iter_rows()
    )
    return [
        f"今日清单按紧急程度和期限列出 {policy.number(QUOTA, office)} 行（特急和逾期的不受此限）；另有 "
        f"{waiting['line_key'].n_unique()} 行排队等候，以后各日依次列出：{levels}。"
    ]


def notes_of_the_day(sources: Sources) -> list[str]:
    """Missing sources and rules that were not evaluated, the same on every list."""
    late = sources.mart("rpt_coverage").filter(pl.col("freshness") != "on_time")
    missing = "、".join(
        f"{wording.DEPARTMENTS.get(source, source)} {table}"
        for source, table in late.select("source", "table").sort(pl.all()).iter_rows()
    )
    names = dict(sources.policy.table("rules").select("rule_id", "name_zh").iter_rows())
    silent = (
        sources.mart("quality_rule_evaluations")
        .filter(pl.col("on_date") == sources.on_date, pl.col("evaluated").not_())["rule_id"]
        .sort()
    )
    rules = "、".join(names.get(rule, rule) for rule in silent)
    return [
        f"未按时收到的数据：{missing}。" if missing else "各部门数据均已按时收到。",
        f"当日未评估的规则（不新增、也不解除）：{rules}。" if rules else "各项规则均已评估。",
        wording.CLUE,
    ]


def area_names(marts: Path) -> dict[str, str]:
    """Names of townships and counties by code."""
    areas = read_mart(marts, "dim_areas").filter(pl.col("valid_to").is_null())
    return dict(areas.select("area_code", "name").iter_rows())
