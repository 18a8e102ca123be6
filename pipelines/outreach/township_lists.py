"""One workbook per township: its open alerts, masked, in the order in which they should be seen.

Among them stand the households of the audit sample, which nothing on the list tells apart.

Alerts that no township can be told for (an office, a family whose area is unknown) go to a
workbook named by their county, or `unknown`: nothing found is left unsent. Reads published
marts and asks the vault for names; what is written carries masked names and numbers only.
"""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import xlsxwriter

from pipelines.vault import Vault, mask_name, mask_number

LEVELS = {"emergency": "特急", "red": "红", "orange": "橙", "yellow": "黄"}
LANES = {"support": "帮扶", "review": "核对", "process": "督办", "payment": "发放"}
CATEGORIES = {
    "dibao": "低保", "tekun": "特困", "dibao_marginal": "低保边缘",
    "rigid_expenditure": "刚性支出困难", "relapse_watch": "防返贫监测",
}  # fmt: skip
LEVEL_COLOURS = {"特急": "#F4B6B6", "红": "#F8CBAD", "橙": "#FFE699", "黄": "#FFF9D9"}

WIDTHS = {
    "编号": 14, "级别": 5, "条线": 5, "办理期限": 10, "剩余工作日": 6, "村（社区）": 13, "户主": 7,
    "对象": 7, "证件号码": 15, "家庭人口": 5, "现有救助": 9, "情况说明": 46, "金额（元）": 10,
    "建议": 28, "依据": 28, "尚不清楚": 22, "首次发现": 10, "走访结果": 10, "备注": 14, "走访人": 8,
    "走访日期": 10,
}  # fmt: skip
"""The list's columns and their widths in characters; the last four are filled in by hand."""

LINE_POINTS = 12.5
"""Height of one printed line of the body's font."""

BY_HAND = ("走访结果", "备注", "走访人", "走访日期")
OPEN = ("open",)


def write_lists(marts: Path, folder: Path, on_date: date, vault: Vault) -> list[Path]:
    """Write the workbooks of a day.

    Args:
        marts: folder with the marts as Parquet.
        folder: where `<township_code>.xlsx` go; made if missing.
        on_date: the day, printed on each sheet.
        vault: asked for names and numbers, which are masked before they are written.

    Returns:
        The files written, by name. The same marts give the same bytes.
    """
    lines = list_lines(marts, on_date, vault)
    coverage = pl.read_parquet(marts / "rpt_coverage.parquet")
    late = (
        coverage.filter(pl.col("freshness") != "on_time").select("source", "table").sort(pl.all())
    )
    names = township_names(marts)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for (office,), alerts in lines.group_by("office", maintain_order=True):
        path = folder / f"{office}.xlsx"
        title = f"{names.get(str(office), '地区不明')} 走访核对清单 {on_date:%Y年%m月%d日}"
        write_workbook(path, title, alerts.select(WIDTHS.keys()), footnotes(late), on_date)
        written.append(path)
    return sorted(written)


def list_lines(marts: Path, on_date: date, vault: Vault) -> pl.DataFrame:
    """Open alerts and audited households as lines: Chinese columns of `WIDTHS`, and `office`.

    One row per line, ordered by office, then urgency: emergency first, overdue, soonest due,
    level, longest waiting, number.
    """
    alerts = pl.concat(
        [
            pl.read_parquet(marts / "fct_alerts.parquet").filter(pl.col("status").is_in(OPEN)),
            audited_households(marts),
        ],
        how="diagonal_relaxed",
    )
    households = pl.read_parquet(marts / "dim_households.parquet").select(
        "household_key", "head_person_key", "category_registered", "members"
    )
    villages = pl.read_parquet(marts / "dim_areas.parquet").select(
        area_code="area_code", village="name"
    )
    lines = (
        alerts.join(households, on="household_key", how="left", maintain_order="left")
        .join(villages.unique("area_code"), on="area_code", how="left", maintain_order="left")
        .with_columns(subject_key=pl.coalesce("person_key", "head_person_key"))
    )
    keys = pl.concat([lines["subject_key"], lines["head_person_key"]]).drop_nulls().unique()
    people = vault.people(keys.str.decode("hex"), until=on_date).select(
        key=pl.col("person_key").bin.encode("hex"),
        name=mask_name(pl.col("name")),
        number=mask_number(pl.col("id_no")),
    )
    urgency = [
        pl.col("level").replace_strict({"emergency": 0}, default=1, return_dtype=pl.Int8),
        pl.col("is_overdue").not_().fill_null(True),
        pl.col("due_on"),
        pl.col("level").replace_strict(
            {level: rank for rank, level in enumerate(LEVELS)}, default=9, return_dtype=pl.Int8
        ),
        pl.col("first_seen_on"),
        pl.col("alert_id"),
    ]
    return (
        lines.join(people, left_on="subject_key", right_on="key", how="left")
        .join(
            people.select("key", head_name="name"),
            left_on="head_person_key",
            right_on="key",
            how="left",
        )
        .with_columns(office=pl.coalesce("township_code", "county_code", pl.lit("unknown")))
        .sort("office", *urgency, nulls_last=True)
        .select(
            "office",
            编号=pl.col("alert_id"),
            级别=pl.col("level").replace(LEVELS),
            条线=pl.col("lane").replace(LANES),
            办理期限=pl.col("due_on"),
            剩余工作日=pl.col("days_left"),
            **{"村（社区）": pl.coalesce("village", "area_code")},
            户主=pl.col("head_name"),
            对象=pl.col("name"),
            证件号码=pl.col("number"),
            家庭人口=pl.col("members"),
            现有救助=pl.col("category_registered").replace(CATEGORIES),
            情况说明=pl.col("reason_zh"),
            **{"金额（元）": pl.col("amount_cny").cast(pl.Float64)},
            建议=pl.col("action_zh"),
            依据=pl.col("legal_reference"),
            尚不清楚=pl.col("unknown_zh"),
            首次发现=pl.col("first_seen_on"),
            **{name: pl.lit(None, dtype=pl.String) for name in BY_HAND},
        )
    )


def audited_households(marts: Path) -> pl.DataFrame:
    """The audit sample's households nobody has replied about, as alerts of the lowest level."""
    sample = pl.read_parquet(marts / "quality_audit_sample.parquet")
    return sample.filter(pl.col("replied_on").is_null()).select(
        "household_key", "county_code", "township_code", "area_code", "due_on", "days_left",
        "reason_zh", "legal_reference", "action_zh", "unknown_zh",
        alert_id="code",
        lane=pl.lit("support"),
        level=pl.lit("yellow"),
        first_seen_on="drawn_on",
        is_overdue=pl.col("days_left") < 0,
    )  # fmt: skip


def printed_lines(lines: pl.DataFrame) -> pl.Series:
    """How many printed lines each row needs, the widest text wrapped to its column.

    A Chinese character is as wide as two Latin ones, and takes three bytes where those take one.
    """
    needed = [
        (
            ((pl.col(name).str.len_bytes() + pl.col(name).str.len_chars()) / 2)
            / (WIDTHS[name] * 1.1)
        ).ceil()
        for name, kind in lines.schema.items()
        if kind == pl.String()
    ]
    return lines.select(lines=pl.max_horizontal(*needed, pl.lit(1.0)).fill_null(1.0))["lines"]


def township_names(marts: Path) -> dict[str, str]:
    """Names of townships and counties by code."""
    areas = pl.read_parquet(marts / "dim_areas.parquet").filter(pl.col("valid_to").is_null())
    return dict(areas.select("area_code", "name").iter_rows())


def footnotes(late: pl.DataFrame) -> list[str]:
    """What stands under the lines: missing sources, and what a line is and is not."""
    missing = "、".join(f"{source}/{table}" for source, table in late.iter_rows())
    return [
        f"未按时收到的数据：{missing}。依赖这些数据的规则当日未评估。"
        if missing
        else "数据均已按时收到。",
        "每一行只是线索，不是结论：请入户了解、核实，并告知有关政策。",
    ]  # fmt: skip


def write_workbook(
    path: Path, title: str, lines: pl.DataFrame, notes: list[str], on_date: date
) -> None:
    """Write one list: title, header, a row per alert, the number of rows, notes.

    Args:
        path: the workbook.
        title: printed above the header and on every page.
        lines: the columns of `WIDTHS`, in order.
        notes: sentences under the last row.
        on_date: becomes the file's creation date, so that bytes repeat.
    """
    with xlsxwriter.Workbook(
        path, {"strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({
            "title": title, "created": datetime.combine(on_date, datetime.min.time()),
        })  # fmt: skip
        sheet = book.add_worksheet("待办")
        body = {
            "text_wrap": True, "valign": "top", "border": 1, "border_color": "#BFBFBF",
            "font_size": 9,
        }  # fmt: skip
        text, day = book.add_format(body), book.add_format({**body, "num_format": "yyyy-mm-dd"})
        money = book.add_format({**body, "num_format": "#,##0.00"})
        header = book.add_format({**body, "bold": True, "bg_color": "#D9E2F3", "align": "center"})
        by_hand = book.add_format({**body, "locked": False, "bg_color": "#FFFFFF"})
        formats = {"办理期限": day, "首次发现": day, "金额（元）": money} | dict.fromkeys(
            BY_HAND, by_hand
        )
        sheet.write_string(0, 0, title, book.add_format({"bold": True, "font_size": 14}))
        for position, (name, width) in enumerate(WIDTHS.items()):
            sheet.set_column(position, position, width)
            sheet.write_string(1, position, name, header)
            sheet.write_column(2, position, lines[name].to_list(), formats.get(name, text))
        for position, height in enumerate(printed_lines(lines), start=2):
            sheet.set_row(position, height * LINE_POINTS)
        sheet.set_row(1, 2 * LINE_POINTS)
        last = lines.height + 1
        for level, colour in LEVEL_COLOURS.items():
            sheet.conditional_format(
                2, 1, max(last, 2), 1,
                {"type": "cell", "criteria": "==", "value": f'"{level}"',
                 "format": book.add_format({"bg_color": colour, "bold": True})},
            )  # fmt: skip
        sheet.write_string(last + 1, 0, f"共 {lines.height} 条")
        for offset, note in enumerate(notes, start=2):
            sheet.write_string(last + offset, 0, note)
        sheet.autofilter(1, 0, max(last, 2), len(WIDTHS) - 1)
        sheet.freeze_panes(2, 2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(1)
        sheet.set_footer(f"&L{title}&R第 &P 页 共 &N 页")
