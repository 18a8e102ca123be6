"""The workbooks of a day, one per township, and the record of what stands in them.

Alerts that no township can be told for (an office, a family whose area is unknown) go to a
workbook named by their county, or `unknown`: nothing found is left unsent. What a day's quota
leaves out is counted on the sheet. Reads published marts and asks for names; what is
written carries masked names and numbers only.
"""

from datetime import date
from pathlib import Path

import polars as pl

from pipelines.contracts.replies import shown_mark
from pipelines.contracts.sources import load_contracts
from pipelines.contracts.working_days import unknown_years
from pipelines.outreach import layout, wording
from pipelines.outreach.alerts import QUOTA, area_names, open_alerts, within_capacity
from pipelines.outreach.digest import DIGESTS, digests
from pipelines.outreach.how_to import explanations, limits, outcome_choices
from pipelines.outreach.lines import Sources, cleared_alerts, cleared_lines, lines_of, masked_people
from pipelines.outreach.policy import Policy
from pipelines.outreach.questions import data_questions
from pipelines.outreach.workbook import Book, Rows, rows_by_office, write_book
from pipelines.vault import KnownPeople

LISTS, BATCHES = "lists", "batches.parquet"
NEAR_DUE_DAYS = "list_near_due_working_days"


def write_lists(
    marts: Path,
    day: Path,
    on_date: date,
    known: KnownPeople,
    policy_folder: Path,
) -> list[Path]:
    """Write the workbooks of a day and `batches.parquet`.

    Args:
        marts: folder with the marts as Parquet.
        day: the folder of the day; gets `lists/<township_code>.xlsx`, `batches.parquet` and
            `digests.parquet`.
        on_date: the day, printed on each sheet.
        known: asked for names and numbers, which are masked before they are written.
        policy_folder: `seeds/policy` of the dbt project that judged the day.

    Returns:
        The workbooks written, by name. The same marts give the same bytes.
    """
    policy = Policy(policy_folder, on_date)
    alerts = within_capacity(open_alerts(marts, on_date), policy)
    shown = alerts.filter("is_shown")
    cleared = cleared_alerts(marts, on_date)
    people = masked_people(known, shown, cleared)
    sources = Sources(marts, people, policy, on_date)
    lines = lines_of(shown, sources)
    stands = batches(shown, lines, on_date)
    stands.write_parquet(day / BATCHES)
    sheets = rows_of_sheets(lines, cleared, sources, known.differing_names)
    beyond = alerts.filter(pl.col("is_shown").not_())
    waiting = waiting_notes(beyond, policy)
    told_of_all = notes_of_the_day(sources)
    names = area_names(marts)
    offices = sorted({office for by_code in sheets.values() for office in by_code})
    digests(offices, lines, beyond, on_date, names, told_of_all).write_parquet(day / DIGESTS)
    explained = Explained(policy)
    (day / LISTS).mkdir(parents=True, exist_ok=True)
    written = []
    for office in offices:
        rows = {name: by_code[office] for name, by_code in sheets.items() if office in by_code}
        book = Book(
            title=f"{names.get(office, wording.NO_PLACE)} 走访核对清单 {on_date:%Y年%m月%d日}",
            batch_id=layout.batch_of(office, on_date),
            shown=shown_mark(stands.filter(pl.col("office") == office)),
            on_date=on_date,
            rows={**rows, layout.HOW_TO.name: explained.rows(office)},
            notes={
                sheet.name: [
                    *(waiting.get(office, []) if sheet.takes_replies else []),
                    *told_of_all,
                ]
                for sheet in layout.SHEETS
                if sheet is not layout.HOW_TO
            },
            outcomes=explained.outcomes,
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
    lines: pl.DataFrame, cleared: pl.DataFrame, sources: Sources, differing: pl.DataFrame
) -> dict[str, dict[str, Rows]]:
    """The rows of every sheet by its name, by office, where it has any."""
    replied_on = {
        sheet: lines.filter(pl.col("sheet") == sheet.name) for sheet in layout.REPLY_SHEETS
    }
    rows = {
        **replied_on,
        layout.NEAR_DUE: near_due(lines, sources.policy),
        layout.CLEARED: cleared_lines(cleared, sources),
        layout.QUESTIONS: data_questions(lines, sources, differing),
    }
    return {sheet.name: rows_by_office(frame, sheet) for sheet, frame in rows.items()}


def near_due(lines: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The lines that are near due or overdue, with `place`: where they are filled in."""
    days = pl.DataFrame(
        [
            (office, policy.number(NEAR_DUE_DAYS, office) or 0)
            for office in lines["office"].unique()
        ],
        schema={"office": pl.String, "near": pl.Int64},
        orient="row",
    )
    row = pl.int_range(pl.len()).over("office", "sheet") + layout.FIRST_ROW + 1
    return (
        lines.with_columns(place=pl.format("{} 第 {} 行", "sheet", row))
        .join(days, on="office", maintain_order="left")
        .filter(pl.col("days_left") <= pl.col("near"))
    )


class Explained:
    """The explanations of an office; offices with the same limits share them."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._rows: dict[str, Rows] = {}
        self.outcomes = len(outcome_choices(policy))

    def rows(self, office: str) -> Rows:
        """The rows of the sheet of explanations."""
        told = limits(office, self._policy)
        if told not in self._rows:
            explained = explanations(told, self._policy).with_columns(office=pl.lit(office))
            self._rows[told] = rows_by_office(explained, layout.HOW_TO)[office]
        return self._rows[told]


def waiting_notes(waiting: pl.DataFrame, policy: Policy) -> dict[str, list[str]]:
    """By office, how many lines wait beyond the day's quota, and with what, by level and rule."""
    names = dict(policy.table("rules").select("rule_id", "name_zh").iter_rows())
    rule = pl.col("rule_id").replace_strict(
        names, default=wording.OTHER_RULE, return_dtype=pl.String
    )
    level = pl.col("level").replace(wording.LEVEL_WORDS)
    told = (
        waiting.with_columns(rule=rule, lines=pl.col("line_key").n_unique().over("office"))
        .group_by("office", "lines", "level_rank", "level", "rule")
        .len()
        .sort("office", "level_rank", "rule")
        .group_by("office", "lines", "level", maintain_order=True)
        .agg(total=pl.sum("len"), rules=pl.format("{} {}", "rule", "len").str.join("、"))
        .group_by("office", "lines", maintain_order=True)
        .agg(levels=pl.format("{} {} 项（{}）", level, "total", "rules").str.join("；"))
    )
    return {
        office: [
            f"今日清单按紧急程度和期限列出 {policy.number(QUOTA, office)} 行"
            f"（特急和逾期的不受此限）；另有 {lines} 行排队等候，以后各日依次列出：{levels}。"
        ]
        for office, lines, levels in told.iter_rows()
    }


def notes_of_the_day(sources: Sources) -> list[str]:
    """Missing sources and rules that were not evaluated, the same on every list."""
    late = sources.mart("rpt_coverage").filter(pl.col("freshness") != "on_time")
    contracts = load_contracts()
    missing = "、".join(
        wording.DEPARTMENTS[department] + contracts[department, table].title.zh
        for department, table in late.select("source", "table").sort(pl.all()).iter_rows()
    )
    known = sources.policy.table("rules")
    names = dict(known.select("rule_id", "name_zh").iter_rows())
    coming = known.filter(pl.col("effective_from") > sources.on_date.isoformat())["rule_id"]
    silent = (
        sources.mart("quality_rule_evaluations")
        .filter(
            pl.col("on_date") == sources.on_date,
            pl.col("evaluated").not_(),
            pl.col("rule_id").is_in(coming.implode()).not_(),
        )["rule_id"]
        .sort()
    )
    rules = "、".join(names.get(rule, rule) for rule in silent)
    guessed = [wording.NO_CALENDAR.format(year) for year in unknown_years(sources.on_date)]
    return [
        *guessed,
        f"未按时收到的数据：{missing}。" if missing else "各部门数据均已按时收到。",
        f"当日未评估的规则（不新增、也不解除）：{rules}。" if rules else "各项规则均已评估。",
        wording.CLUE,
    ]
