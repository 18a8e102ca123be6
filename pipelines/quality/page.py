"""The quality page `quality/index.html`: table × expectation × result × day, counts only.

One file without scripts and without anything from the network, so that it opens from a folder on
a closed network. The same records give the same bytes. What was judged is kept by `record`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape
from pathlib import Path

from pipelines.contracts.sources import load_contracts
from pipelines.quality.promises import load_mart_promises
from pipelines.quality.record import (
    DayRecord,
    Delivered,
    JudgedTable,
    judged_deliveries,
    judged_marts,
    read_records,
    refused_deliveries,
    replace_text,
    write_record,
)
from pipelines.quality.verdict import TABLE_LABEL, ExpectationResult, Verdict
from pipelines.settings import Home

DAYS_SHOWN = 30

DEPARTMENTS_ZH = {
    "civil_affairs": "民政局", "finance": "财政局", "agriculture": "农业农村局",
    "disabled_federation": "残疾人联合会", "": "发布表",
}  # fmt: skip
TYPES = {
    "expect_column_values_to_not_be_null": ("非空", "not null"),
    "expect_column_values_to_be_in_set": ("代码", "in the list"),
    "expect_column_values_to_be_between": ("范围", "in range"),
    "expect_table_row_count_to_be_between": ("行数", "row count"),
    "unexpected_rows_expectation": ("查询", "query"),
}
SEVERITIES = {
    "critical": ("必须", "critical"),
    "warning": ("提醒", "warning"),
    "info": ("参考", "info"),
}
STYLE = """
:root{--ink:#1d2733;--soft:#5f6c7b;--line:#dfe4ea;--back:#f6f7f9;--good:#1b7f4b;--bad:#b3261e;
--warn:#9a6700}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,"PingFang SC",
"Microsoft YaHei","Noto Sans CJK SC",sans-serif}
main{max-width:1180px;margin:0 auto;padding:24px 16px 64px}
h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:32px 0 8px}
p{margin:4px 0 12px;color:var(--soft)}
details,.days{background:#fff;border:1px solid var(--line);border-radius:8px;margin:8px 0;
overflow-x:auto}
.days{max-height:310px;overflow-y:auto}
p.b{color:var(--bad)}
summary{padding:10px 14px;cursor:pointer}
summary:focus-visible{outline:2px solid #2563a8;outline-offset:-2px}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{padding:5px 10px;border-top:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:600;white-space:nowrap}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
th.n{text-align:right}
details td:nth-child(-n+3){white-space:nowrap}details td:nth-child(4){min-width:240px}
details td:first-child,details th:first-child{position:sticky;left:0;background:#fff}
small{white-space:nowrap}small,.en{color:var(--soft)}
.g{color:var(--good)}.b{color:var(--bad);font-weight:600}.w{color:var(--warn)}
"""


def store_results(
    home: Home, on_date: date, receipts: Sequence[Delivered], verdicts: Mapping[str, Verdict]
) -> Path:
    """Keep what both gates answered on a day, whether or not they were open, and draw the page.

    Args:
        home: where `quality/` lies.
        on_date: the day that is run.
        receipts: what was received on or before it.
        verdicts: the answers of gate 2 by mart.

    Returns:
        Where the page lies.
    """
    judged = (*judged_deliveries(receipts), *judged_marts(verdicts))
    refused = tuple(refused_deliveries(receipts))
    write_record(home, DayRecord(on_date=on_date, judged=judged, refused=refused))
    return write_page(home)


def write_page(home: Home) -> Path:
    """Draw the page of the last thirty recorded days anew; the same records, the same bytes."""
    page = home.quality / "index.html"
    replace_text(page, render(read_records(home, DAYS_SHOWN)))
    return page


def render(records: Sequence[DayRecord]) -> str:
    """The page as text, from records, oldest first."""
    newest_first = list(reversed(records))
    return "\n".join([
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>温度 · 数据质量 Data quality</title><style>{STYLE}</style></head><body><main>",
        '<h1>数据质量 <span class="en">Data quality</span></h1>',
        "<p>两道关口：能否进来，能否出去。只有计数，没有个人信息。 "
        "Two gates: may it come in, may it go out. Counts only, no personal values.<br>"
        "✓ 通过 met · ! 提醒 warning · ✗ 未通过 gate closed · 空白 未检查 not judged. "
        "数字为不符行数 A number counts the rows against it.<br>"
        "每日显示截至当日最新一次交付的结果 "
        "Each day shows the newest delivery received by then.</p>",
        *_refused(newest_first),
        *_days(newest_first),
        "<h2>第一关：来源表 <span class=en>Gate 1: department tables</span></h2>",
        *_sections(newest_first, "in"),
        "<h2>第二关：发布表 <span class=en>Gate 2: published tables</span></h2>",
        *_sections(newest_first, "out"),
        "</main></body></html>\n",
    ])  # fmt: skip


def _refused(records: Sequence[DayRecord]) -> Iterable[str]:
    for sentence in records[0].refused if records else ():
        yield f'<p class="b">✗ 未接收 not taken in · {escape(sentence)}</p>'


def _days(records: Sequence[DayRecord]) -> Iterable[str]:
    yield '<div class="days"><table><tr><th>日期 <span class=en>Day</span></th>'
    for zh, en in (
        ("检查的表", "tables"), ("检查项", "expectations"), ("提醒", "warnings"),
        ("未通过的表", "closed"),
    ):  # fmt: skip
        yield f'<th class="n">{zh} <span class=en>{en}</span></th>'
    yield "</tr>"
    for record in records:
        results = [result for judged in record.judged for result in judged.results]
        closed = sum(not judged.passed for judged in record.judged)
        warned = sum(not result.passed and not result.blocks for result in results)
        yield (
            f'<tr><td>{record.on_date}</td><td class="n">{len(record.judged)}</td>'
            f'<td class="n">{len(results)}</td>'
            f'<td class="n {"w" if warned else "g"}">{warned}</td>'
            f'<td class="n {"b" if closed else "g"}">{closed}</td></tr>'
        )
    yield "</table></div>"


def _sections(records: Sequence[DayRecord], gate: str) -> Iterable[str]:
    by_table: dict[tuple[str, str], dict[date, JudgedTable]] = {}
    for record in records:
        for judged in record.judged:
            if judged.gate == gate:
                days = by_table.setdefault((judged.department, judged.table), {})
                days[record.on_date] = judged
    for department, table in sorted(by_table):
        yield from _section(department, table, by_table[department, table])


def _section(department: str, table: str, by_day: dict[date, JudgedTable]) -> Iterable[str]:
    newest = by_day[max(by_day)]
    days = sorted(by_day, reverse=True)
    shown = {
        day: {_identity(result): result for result in judged.results}
        for day, judged in by_day.items()
    }
    rows = list(dict.fromkeys(identity for day in days for identity in shown[day]))
    closed = sum(result.blocks for result in newest.results)
    warned = sum(not result.passed and not result.blocks for result in newest.results)
    state = (
        f'<span class="b">✗ {closed}</span>' if closed
        else f'<span class="w">! {warned}</span>' if warned
        else '<span class="g">✓</span>'
    )  # fmt: skip
    yield (
        f"<details{' open' if closed else ''}><summary>{state} "
        f"{_title(department, table)} <small>{len(newest.results)} 项 expectations</small>"
        "</summary><table><tr><th>对象 <span class=en>Subject</span></th>"
        "<th>类型 <span class=en>Type</span></th><th>级别 <span class=en>Severity</span></th>"
        "<th>理由 <span class=en>Reason</span></th>"
        + "".join(f'<th class="n">{day:%m-%d}</th>' for day in days)
        + "</tr>"
    )
    for identity in rows:
        example = next(shown[day][identity] for day in days if identity in shown[day])
        yield (
            f"<tr><td>{_subject(example)}</td><td>{_pair(TYPES, example.type)}</td>"
            f"<td>{_pair(SEVERITIES, example.severity)}</td>"
            f"<td>{escape(example.reason)} <small>{escape(example.since)}</small></td>"
            + "".join(_cell(shown[day].get(identity)) for day in days)
            + "</tr>"
        )
    yield "</table></details>"


def _identity(result: ExpectationResult) -> tuple[str, str, str]:
    return result.type, result.subject, result.severity


def _title(department: str, table: str) -> str:
    contract = load_contracts().get((department, table))
    if contract:
        zh = f"{DEPARTMENTS_ZH.get(department, department)} · {contract.title.zh}"
        return f"<b>{escape(zh)}</b> <span class=en>{escape(table)}</span>"
    promise = load_mart_promises().get(table)
    described = f" <small>{escape(promise.description)}</small>" if promise else ""
    return f"<b>{escape(table)}</b>{described}"


def _subject(result: ExpectationResult) -> str:
    return (
        "整表 <span class=en>table</span>"
        if result.subject == TABLE_LABEL
        else escape(result.subject)
    )


def _pair(names: dict[str, tuple[str, str]], key: str) -> str:
    zh, en = names.get(key, ("", key))
    return f"{zh} <span class=en>{escape(en)}</span>".strip()


def _cell(result: ExpectationResult | None) -> str:
    if result is None:
        return "<td></td>"
    if result.passed:
        tolerated = f" {result.unexpected_count:,}" if result.unexpected_count else ""
        return f'<td class="n g">✓{tolerated}</td>'
    mark, kind = ("✗", "b") if result.blocks else ("!", "w")
    said = result.fault or (f"{result.unexpected_count:,}" if result.unexpected_count else "")
    return f'<td class="n {kind}">{f"{mark} {escape(said)}".strip()}</td>'
