"""The bulletin over small handmade marts: what it shows and hides, and that it stands alone."""

import re
import shutil
import subprocess
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.contracts import working_days
from pipelines.reporting.bulletin import write_bulletin
from pipelines.reporting.bulletin_figures import figures_of
from pipelines.reporting.map import outlines_of
from pipelines.settings import DBT_PROJECT, WenduError

DAY = date(2024, 5, 2)
CITY = "371500"
COUNTIES = ("371502", "371503", "371521", "unknown")
ABOUT = {"city": CITY, "versions": {"wendu": "0.1.0"}, "stands_on": {"policy": "0123456789abcdef"}}
OPEN = {"371502": 40, "371503": 30, "371521": 20, "unknown": 3}
"""Open alerts by county; three of them cannot be placed."""

HEADINGS = (
    "What came and what went", "To do today", "What changed, by rule", "Coverage of the sources",
    "Both errors", "How often clues proved true", "Counties", "The last 30 days",
)  # fmt: skip


def marts() -> dict[str, list[dict[str, Any]]]:
    """Rows of every mart that the bulletin reads; the day before yesterday was not run."""
    alerts = [
        {
            "alert_id": f"A{county}{number}", "rule_id": "R15", "county_code": county,
            "lane": "support", "level": "red" if number % 2 else "orange", "status": "open",
            "is_overdue": number < 10, "days_left": number % 3, "hold_id": None,
            "amount_cny": None,
        }
        for county, count in OPEN.items()
        for number in range(count)
    ]  # fmt: skip
    run = [DAY, DAY - timedelta(days=1), DAY - timedelta(days=3), DAY - timedelta(days=4)]
    calendar = [DAY - timedelta(days=back) for back in range(5)]
    errors = {"R15": ("disability", 7, None), "R26": ("amount", 9, 1225.5)}
    return {
        "fct_alerts": alerts,
        "fct_alert_events": [
            {"alert_id": alert["alert_id"], "event": "opened", "on_date": DAY}
            for alert in alerts[:12]
        ],
        "rpt_alert_balance": [
            {
                "county_code": county, "on_date": day, "open_before": count - (county == "371502"),
                "new": int(county == "371502"), "cleared": 0, "closed": 0, "open_now": count,
            }
            for county, count in OPEN.items()
            for day in calendar
        ],
        "quality_rule_evaluations": [
            {
                "rule_id": rule, "on_date": day, "evaluated": rule not in ("R05", "R33"),
                "why_not": {"R05": "agriculture/machinery is late", "R33": "not in force before"}
                .get(rule),
            }
            for rule in ("R05", "R15", "R26", "R33")
            for day in run
        ],
        "rpt_coverage": [
            {
                "source": "agriculture", "table": "machinery", "expected_by": DAY,
                "received_on": None, "rows": None, "quarantined": None, "freshness": "never",
                "rules_not_evaluated": "R05",
            },
            {
                "source": "finance", "table": "payments", "expected_by": DAY, "received_on": DAY,
                "rows": 36508, "quarantined": 2, "freshness": "on_time",
                "rules_not_evaluated": None,
            },
        ],
        "rpt_both_errors": [
            {
                "county_code": county, "on_date": DAY, "rule_family": family,
                "exclusion_cases": cases, "exclusion_cny": yuan, "leakage_cases": 0,
                "leakage_cny": 0.0,
            }
            for county in COUNTIES
            for family, cases, yuan in errors.values()
        ],
        "rpt_rule_performance": [
            {
                "rule_id": "R15", "replied": 40, "confirmed": 30, "precision": 0.75,
                "interval_low": 0.6, "interval_high": 0.86, "too_few": False,
                "median_working_days": 4.0,
            },
            {
                "rule_id": "R26", "replied": 19, "confirmed": 13, "precision": 0.6842,
                "interval_low": 0.46, "interval_high": 0.85, "too_few": True,
                "median_working_days": 4.0,
            },
        ],
        "rpt_miss_rate": [
            {
                "county_code": "371502", "miss_rate": None, "interval_low": None,
                "interval_high": None, "too_few": True,
            }
        ],
        "rpt_control_totals": [
            {
                "measure": "dibao_persons", "published": 82300.0, "computed": 82310.0,
                "ratio": 1.0001, "tolerance": 0.005, "is_within": True,
            }
        ],
        "quality_deliveries": [{"received_on": DAY, "quarantined": 2}],
        "dim_households": [
            {
                "county_code": county, "category_registered": category, "members": 2,
                "approved_on": None, "ended_on": None,
            }
            for county, count in OPEN.items()
            for category in ("dibao", "tekun", "dibao_marginal", "relapse_watch", None)
            for _ in range(count * 3)
        ],
    }  # fmt: skip


MONEY = {"amount_cny", "exclusion_cny", "leakage_cny", "published", "computed"}
TEXTS = {"rules_not_evaluated", "hold_id", "why_not"}
DATES = {"received_on", "approved_on", "ended_on"}


def written(
    tmp_path: Path, project: Path = DBT_PROJECT, **changed: list[dict[str, Any]]
) -> tuple[Path, str]:
    """The bulletin over the marts, some of them replaced."""
    folder = tmp_path / "marts"
    folder.mkdir(exist_ok=True)
    for name, rows in (marts() | changed).items():
        frame = pl.DataFrame(rows, infer_schema_length=None)
        frame = frame.with_columns(
            pl.col(column).cast(pl.Decimal(18, 2))
            if column in MONEY
            else pl.col(column).cast(pl.Decimal(10, 4))
            if dtype == pl.Float64
            else pl.col(column).cast(
                pl.String if column in TEXTS else pl.Date if column in DATES else pl.Int64
            )
            if dtype == pl.Null
            else column
            for column, dtype in frame.schema.items()
        )
        frame.write_parquet(folder / f"{name}.parquet")
    file = write_bulletin(folder, tmp_path / "day", DAY, project, ABOUT)
    return file, file.read_text(encoding="utf-8")


def row_of(page: str, table: str, name: str) -> list[str]:
    """The cells of a row, as a Chinese reader sees them, by the caption and the row's name."""
    after = page[page.index(table) :]
    rows = re.findall(r"<tr>(.*?)</tr>", after, flags=re.DOTALL)
    row = next(row for row in rows if name in row.split("</th>")[0])
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row, flags=re.DOTALL)
    without_english = [re.sub(r'<span class="en".*?</span>', "", cell) for cell in cells]
    return [re.sub(r"<[^>]+>", "", cell).replace("&lt;", "<").strip() for cell in without_english]


class Texts(HTMLParser):
    """The texts of a page with what they stand in: `zh`, `en` or neither."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.texts: list[tuple[str, str]] = []
        self.marks: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = next((each for each in (dict(attrs).get("class") or "").split()
                     if each in ("zh", "en")), "")  # fmt: skip
        if tag in ("meta", "path", "circle", "rect"):
            return
        self.open.append((tag, kind))
        if kind:
            self.marks.append(kind)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("meta", "path", "circle", "rect"):
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"style", "title"} & {tag for tag, _ in self.open}:
            inside = next((kind for _, kind in reversed(self.open) if kind), "")
            self.texts.append((inside, data.strip()))


def texts_of(page: str) -> Texts:
    parsed = Texts()
    parsed.feed(page)
    return parsed


@pytest.fixture
def page(tmp_path: Path) -> str:
    return written(tmp_path)[1]


def test_the_bulletin_is_one_small_file_that_asks_for_nothing(tmp_path: Path) -> None:
    file, page = written(tmp_path)
    assert file.stat().st_size < 500_000
    assert re.findall(r"https?:|//[a-z]|<script|<link|<img|@import|\bsrc=", page) == []
    assert set(re.findall(r"url\((.*?)\)", page)) <= {"#hatch"}


def test_the_same_marts_give_the_same_bytes_in_whatever_order_rows_lie(tmp_path: Path) -> None:
    first = written(tmp_path)[0].read_bytes()
    turned = {name: rows[::-1] for name, rows in marts().items()}
    assert written(tmp_path, **turned)[0].read_bytes() == first


def test_a_year_whose_calendar_is_not_at_hand_is_told(
    tmp_path: Path, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "法定节假日" not in page
    monkeypatch.setattr(working_days, "KNOWN_YEARS", range(2004, DAY.year))
    assert f"尚无 {DAY.year} 年的法定节假日安排" in written(tmp_path)[1]


def test_what_one_table_hides_another_does_not_tell(tmp_path: Path) -> None:
    told = marts()
    counts = {"R03": 23, "R11": 4, "R04": 40, "R21": 4, "R31": 6, "R15": 30}
    families = {
        "exclusive_benefits": (0, 27), "income_line": (0, 40), "death": (4, 0), "work": (6, 0),
        "disability": (30, 0),
    }  # fmt: skip
    alert, error = told["fct_alerts"][0], told["rpt_both_errors"][0]
    _, page = written(
        tmp_path,
        fct_alerts=[
            alert | {"alert_id": f"{rule}{number}", "rule_id": rule, "county_code": "371502"}
            for rule, count in counts.items()
            for number in range(count)
        ],
        fct_alert_events=told["fct_alert_events"],
        quality_rule_evaluations=[
            told["quality_rule_evaluations"][0] | {"rule_id": rule}
            for rule in (*counts, "R22", "R12")
        ],
        rpt_both_errors=[
            error | {
                "county_code": "371502", "rule_family": family, "exclusion_cases": exclusion,
                "leakage_cases": leakage,
            }
            for family, (exclusion, leakage) in families.items()
        ],
    )  # fmt: skip
    shown = {rule: row_of(page, "表 3", rule)[0] for rule in counts}
    assert (shown["R11"], shown["R21"], shown["R03"], shown["R31"]) == ("<6", "<6", "23", "6")
    assert "27" not in row_of(page, "表 4", "不可同享")
    hidden = [
        name for name, column in (("死亡", 0), ("不可同享", 2))
        if not row_of(page, "表 4", name)[column].isdigit()
    ]  # fmt: skip
    assert len(hidden) == 2


def test_a_county_that_has_no_clue_any_more_is_still_counted(tmp_path: Path) -> None:
    told = marts()
    gone = {"open_before": 2, "new": 0, "cleared": 2, "closed": 0, "open_now": 0}
    rows = [{"county_code": "110101", "on_date": DAY - timedelta(days=1)} | gone]
    watched = [told["dim_households"][0] | {"county_code": "110101"} for _ in range(7)]
    _, page = written(
        tmp_path,
        rpt_alert_balance=told["rpt_alert_balance"] + rows,
        dim_households=told["dim_households"] + watched,
    )
    assert row_of(page, "表 2", "110101")[:1] == ["7"]


def test_the_city_s_balance_is_that_of_the_mart(page: str) -> None:
    equation = re.search(r'<dl class="equation">(.*?)</dl>', page, flags=re.DOTALL)
    assert equation is not None
    assert re.findall(r"<dd>(.*?)</dd>", equation[1]) == ["92", "1", "0", "0", "93"]
    assert row_of(page, "各区县进出平衡", "全市") == ["92", "1", "0", "0", "93"]


def test_what_changed_by_rule_is_what_moved_the_balance(tmp_path: Path) -> None:
    told = marts()
    yesterday, alert = DAY - timedelta(days=1), told["fct_alerts"][0]
    lives = {
        "open": ("opened", "cleared"), "held": ("held", "cleared"), "visited": ("held", "closed"),
        "in vain": ("held", "released", "cleared"), "answered": ("inhibited", "cleared"),
    }  # fmt: skip
    lives |= {f"open {number}": ("opened", "cleared") for number in range(9)}
    ended = [
        alert | {"alert_id": name, "status": "closed" if life[-1] == "closed" else "cleared"}
        for name, life in lives.items()
    ]
    events = [
        {"alert_id": name, "event": event, "on_date": DAY if place else yesterday}
        for name, life in lives.items()
        for place, event in enumerate(life)
    ]
    _, page = written(
        tmp_path,
        fct_alerts=told["fct_alerts"] + ended,
        fct_alert_events=told["fct_alert_events"] + events,
    )
    assert row_of(page, "表 3", "R15")[:4] == ["93", "12", "10", "0"]


def test_a_county_s_small_number_is_not_shown_and_cannot_be_worked_out(page: str) -> None:
    rows = {name: row_of(page, "各区县进出平衡", name) for name in ("东昌府区", "归属未明")}
    assert rows["东昌府区"][1] == "<6"
    assert rows["归属未明"][0] == rows["归属未明"][4] == "<6"
    columns = zip(*(row_of(page, "各区县进出平衡", name) for name in
                    ("东昌府区", "茌平区", "阳谷县", "归属未明")), strict=True)  # fmt: skip
    assert all(sum(cell in ("<6", "*") for cell in column) != 1 for column in columns)


def test_open_work_is_counted_by_level_and_day(page: str) -> None:
    due = row_of(page, "待办线索：级别", "合计")
    alerts = pl.DataFrame(marts()["fct_alerts"], infer_schema_length=None)
    overdue = alerts["is_overdue"].sum()
    assert (due[0], due[-1]) == (str(overdue), str(alerts.height))


def test_an_unknown_amount_is_called_unknown_and_not_zero(page: str) -> None:
    assert row_of(page, "表 4　", "残疾人待遇") == ["28", "不详", "0", "0"]
    assert row_of(page, "表 4　", "发放金额") == ["36", "4,902", "0", "0"]


def test_a_source_that_never_came_and_its_rules_are_named(page: str) -> None:
    assert row_of(page, "表 5　", "农业农村局")[-2:] == ["从未收到", "R05"]
    assert "未评估的规则 1 条" in page  # R33 is not in force yet, which is no lack


def test_a_rule_with_too_few_replies_shows_no_precision(page: str) -> None:
    assert row_of(page, "表 3　", "R15")[4:7] == ["40", "75%", "60%–86%"]
    assert row_of(page, "表 3　", "R26")[4:] == ["回复不足 20 条"]


def test_a_day_that_was_not_run_is_a_gap_in_the_line(page: str) -> None:
    chart = re.search(r'aria-labelledby="trend-open_now">(.*?)</svg>', page)
    assert chart is not None
    assert len(re.findall(r'class="line"', chart[1])) == 2


def test_every_text_stands_there_in_both_languages(page: str) -> None:
    parsed = texts_of(page)
    assert parsed.marks.count("zh") == parsed.marks.count("en")
    chinese = [text for kind, text in parsed.texts if kind != "zh" and re.search("[一-鿿]", text)]
    allowed = {"中文", outlines_of(CITY)["source"] + ". " + outlines_of(CITY)["licence"] + "."}
    assert set(chinese) <= allowed
    untranslated = {
        text
        for kind, text in parsed.texts
        if kind == "" and re.search("[A-Za-z]{3}", text) and not text.startswith("frykit")
    }
    assert untranslated == {": wendu 0.1.0,", "0123456789abcdef"}


def test_without_the_policy_row_there_is_no_bulletin(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(DBT_PROJECT / "seeds", project / "seeds")
    parameters = project / "seeds" / "policy" / "parameters.csv"
    lines = parameters.read_text(encoding="utf-8").splitlines(keepends=True)
    parameters.write_text(
        "".join(line for line in lines if not line.startswith("bulletin_")), encoding="utf-8"
    )
    with pytest.raises(WenduError, match="bulletin_small_cell_under"):
        written(tmp_path, project)


def test_every_county_in_use_has_its_outline_and_the_map_names_its_source() -> None:
    divisions = pl.read_csv(
        DBT_PROJECT / "seeds" / "reference" / "divisions.csv", infer_schema=False
    )
    counties = divisions.filter(
        (pl.col("level") == "county") & (pl.col("area_code") == pl.col("current_code"))
    )
    outlines = outlines_of(CITY)
    assert set(counties["area_code"]) == set(outlines["areas"])
    assert (
        "MIT" in outlines["licence"] and "Permission is hereby granted" in outlines["licence_text"]
    )


def test_a_place_without_an_outline_is_drawn_as_a_tile(page: str) -> None:
    drawn = re.search(r'<svg class="map".*?</svg>', page)
    assert drawn is not None
    assert drawn[0].count("<rect") == 1


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(
    not CHROMIUM or not shutil.which("pdftotext"), reason="needs chromium and pdftotext"
)
def test_the_bulletin_prints_on_one_page_and_then_come_the_tables(tmp_path: Path) -> None:
    file, _ = written(tmp_path)
    printed = tmp_path / "bulletin.pdf"
    told = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer",
            f"--print-to-pdf={printed}", f"file://{file}#en",
        ],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert "CONSOLE" not in told.stderr
    pages = [
        subprocess.run(
            ["pdftotext", "-f", str(page), "-l", str(page), str(printed), "-"],
            capture_output=True, text=True, check=True,
        ).stdout
        for page in (1, 2)
    ]  # fmt: skip
    assert [heading for heading in HEADINGS if heading not in pages[0]] == []
    assert re.match(r"\s*Table 1", pages[1])


def test_who_died_left_or_is_not_yet_approved_is_not_watched(tmp_path: Path) -> None:
    watched = marts()["dim_households"]
    family = {"county_code": "371502", "category_registered": "dibao"}
    gone = [
        {**family, "members": 0, "approved_on": None, "ended_on": None},
        {**family, "members": 2, "approved_on": DAY + timedelta(days=1), "ended_on": None},
        {**family, "members": 2, "approved_on": DAY, "ended_on": DAY},
    ]
    stays = {**family, "members": 2, "approved_on": DAY, "ended_on": DAY + timedelta(days=1)}
    written(tmp_path, dim_households=[*watched, *gone, stays])
    counted = figures_of(tmp_path / "marts", DAY, CITY, DBT_PROJECT).counties.of("371502")
    assert counted.cells["dibao"].count == OPEN["371502"] * 3 + 1


def test_a_rule_that_is_not_in_force_hides_no_count(tmp_path: Path) -> None:
    evaluations = marts()["quality_rule_evaluations"]
    not_yet = {**evaluations[0], "rule_id": "R33", "evaluated": False, "why_not": "not in force"}
    _, page = written(tmp_path, quality_rule_evaluations=[*evaluations, not_yet])
    assert "刚性支出" not in page[page.index("What changed, by rule") :]
