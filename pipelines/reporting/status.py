"""The state of an installation: five lines for a person, tables, and all of it for a program.

Reads what was written down of the last days and what is published. Does not belong here: one
day's account (`summary`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.contracts.replies import OUTCOMES, dispute_sentences, disputes, waiting_files
from pipelines.contracts.working_days import unknown_years
from pipelines.reporting.published import open_published
from pipelines.settings import Home
from pipelines.vault import RotationPlace

FAILED = "nothing_published"

NOT_THERE = ("uncertain", "sending", "refused", "bounced", "deferred")
"""What becomes of lists that their offices do not have for certain."""

KEY_IS_CHANGING = "A change of the key is under way, or was cut off, and the old key is still there"

TO_MEND = ("open", "deliveries", "visits", "names")
"""What of the counts of a day's corrections a department has still to look at."""


@dataclass(frozen=True)
class Status:
    """The state of an installation: its last days, sources and open work.

    `key_is_changing`: a change of the key is under way, or was cut off.
    """

    published_on: date | None
    days: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    open_alerts: list[dict[str, Any]]
    rules_not_evaluated: list[str]
    held_batches: list[dict[str, Any]]
    disputed_replies: list[dict[str, Any]]
    key_is_changing: bool = False


def status_of(home: Home, held: Sequence[Mapping[str, Any]]) -> Status:
    """Last ten days run, and what the published warehouse says of sources and open alerts.

    Args:
        home: the home.
        held: what the flood breaker holds: `hold_id`, `rule_id`, `county_code`, `alerts`,
            `unsigned` of them, `waits_for`.
    """
    records = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(home.runs.glob("*.json"))[-10:]
    ]
    key_is_changing = RotationPlace(home).journal is not None
    if not (home.published / "warehouse.duckdb").exists():
        return Status(None, records, [], [], [], [], [], key_is_changing)
    with open_published(home) as connection:

        def rows(query: str) -> list[dict[str, Any]]:
            return connection.sql(query).pl().to_dicts()

        link = (home.published / ".current").readlink().name
        return Status(
            published_on=date.fromisoformat(link[:10]),
            days=records,
            sources=rows(
                'select source, "table", expected_by, received_on, rows, quarantined, freshness '
                "from rpt_coverage order by 1, 2"
            ),
            open_alerts=rows(
                "select lane, level, count(*) as alerts, "
                "count(*) filter (where is_overdue) as overdue "
                "from fct_alerts where status = 'open' group by all order by all"
            ),
            rules_not_evaluated=[
                row["rule_id"]
                for row in rows(
                    "select rule_id from quality_rule_evaluations where not evaluated "
                    "and not starts_with(coalesce(why_not, ''), 'not in force') and "
                    "on_date = (select max(on_date) from quality_rule_evaluations) order by 1"
                )
            ],
            held_batches=[dict(batch) for batch in held],
            disputed_replies=disputes(home).to_dicts(),
            key_is_changing=key_is_changing,
        )


def status_as_json(status: Status) -> str:
    """The status for a program."""
    return json.dumps(asdict(status), ensure_ascii=False, default=str, indent=1)


def print_status(console: Console, status: Status) -> None:
    """The status for a person: days, sources that are not in time, refusals, open alerts."""
    if status.published_on is None:
        console.print("Nothing is published yet. Run `wendu demo` or `wendu run --date D`.")
    else:
        console.print(f"Published: [bold]{status.published_on}[/bold]")
    days = Table("day", "outcome", "seconds", "told", title="Last days", title_justify="left")
    for record in status.days:
        spent = f"{sum(record['seconds'].values()):.1f}"
        sentences = Text("\n".join(record["sentences"]))
        days.add_row(record["on_date"], record["outcome"], spent, sentences)
    console.print(days)
    sources = Table(
        "department", "table", "expected by", "received", "rows", "quarantined", "freshness",
        title="Sources", title_justify="left",
    )  # fmt: skip
    for source in status.sources:
        sources.add_row(*("–" if value is None else str(value) for value in source.values()))
    console.print(sources)
    for row in status.open_alerts:
        console.print(
            f"Open: {row['lane']} {row['level']} {row['alerts']:,} ({row['overdue']:,} overdue)"
        )
    if status.rules_not_evaluated:
        console.print("Not evaluated: " + ", ".join(status.rules_not_evaluated))
    for held in status.held_batches:
        console.print(
            f"Held: {held['hold_id']}, {held['rule_id']} in {held['county_code']}, "
            f"{held['alerts']:,} alerts; {held['waits_for']}"
        )
    for sentence in dispute_sentences(pl.DataFrame(status.disputed_replies, schema=OUTCOMES)):
        console.print(sentence)
    if status.key_is_changing:
        console.print(f"{KEY_IS_CHANGING}; `wendu rotate-key` again finishes it.")


def five_lines(
    home: Home, status: Status, today: date, sent: Mapping[str, int] = MappingProxyType({})
) -> list[str]:
    """Whether today is fine, in five lines at most, the last of which says what to do.

    Args:
        home: the home.
        status: of `status_of`.
        today: the day on which is asked.
        sent: lists of the published day by what became of them.
    """
    day = status.published_on
    if day is None:
        return [
            "Not fine: nothing is published yet.",
            f"Do now: `wendu run --date {today}`, or `wendu demo` for the demo city.",
        ]
    if home.truth.is_dir():  # the demo city's clock stands still
        today = day
    last = status.days[-1] if status.days else {"on_date": str(day), "sentences": []}
    told = list(last["sentences"])
    late = [source for source in status.sources if source["freshness"] != "on_time"]
    lines = [
        _verdict(status, day, last, today),
        _sources(status, late),
        _refused(home, status, day),
        _desk(home, status, sent),
        f"Do now: {next(_to_do(home, status, last, late, today, sent), 'nothing.')}",
    ]
    if told:
        lines[0] += f" {told[0]}" + (f" (and {len(told) - 1} more: --all)" if told[1:] else "")
    return lines


def _failed_before(status: Status) -> list[str]:
    """Days before the last one that could not be published, and were not since."""
    return [record["on_date"] for record in status.days[:-1] if record["outcome"] == FAILED]


def _verdict(status: Status, day: date, last: Mapping[str, Any], today: date) -> str:
    if status.key_is_changing:
        return f"Not fine: {KEY_IS_CHANGING[0].lower()}{KEY_IS_CHANGING[1:]}; readers see {day}."
    if last["on_date"] > str(day) or last.get("outcome") == FAILED:
        return f"Not fine: {last['on_date']} could not be published; readers see {day}."
    if day < today:
        return f"Not of today: the newest published day is {day}, today is {today}."
    if failed := _failed_before(status):
        return f"Not fine: {', '.join(failed)} could not be published; readers see {day}."
    if last["sentences"]:
        return f"Published with gaps: {day}."
    return f"Fine: {day} is published."


def _sources(status: Status, late: Sequence[Mapping[str, Any]]) -> str:
    if not late:
        return f"Sources: all {len(status.sources)} tables came in time."
    departments = sorted({source["source"] for source in late})
    told = "; ".join(
        f"{department}: {', '.join(row['table'] for row in late if row['source'] == department)}"
        for department in departments
    )
    return f"Sources: not in time: {told}; {len(status.rules_not_evaluated)} rules not evaluated."


def _refused(home: Home, status: Status, day: date) -> str:
    refused = sum(source["quarantined"] or 0 for source in status.sources)
    file = home.correction_counts(day)
    counts = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    points = [sum(told[point] for point in TO_MEND) for told in counts.values()]
    return (
        f"Refused: {refused:,} rows of the newest deliveries; {sum(points):,} points are open with "
        f"{sum(map(bool, points))} departments (`wendu corrections --date {day}`)."
    )


def _desk(home: Home, status: Status, sent: Mapping[str, int]) -> str:
    alerts = sum(row["alerts"] for row in status.open_alerts)
    overdue = sum(row["overdue"] for row in status.open_alerts)
    return (
        f"Alerts: {alerts:,} open, {overdue:,} overdue, {len(status.held_batches)} batches held; "
        f"{len(status.disputed_replies)} replies disputed, "
        f"{waiting_files(home)} files in the inbox; lists: "
        + (", ".join(f"{count} {state}" for state, count in sent.items()) or "none sent")
        + "."
    )


def _to_do(
    home: Home,
    status: Status,
    last: Mapping[str, Any],
    late: Sequence[Mapping[str, Any]],
    today: date,
    sent: Mapping[str, int],
) -> Iterator[str]:
    """What there is to do, the most urgent first."""
    if status.key_is_changing:
        yield "`wendu rotate-key` again, which finishes it or says that it is under way."
    if last.get("outcome") == FAILED:
        yield f"mend what is told above, then `wendu run --date {last['on_date']}`."
    if status.published_on and status.published_on < today:
        yield f"`wendu run --date {today}`."
    for on_date in _failed_before(status):
        yield (
            f"mend why {on_date} could not be published (`wendu status --all`), then "
            f"`wendu run --date {on_date}`."
        )
    if late:
        asked = ", ".join(sorted({source["source"] for source in late}))
        yield f"ask {asked} for what is late, then `wendu run --date {today}`."
    for held in status.held_batches:
        if held["unsigned"]:
            yield f"look at what is held: `wendu release --hold {held['hold_id']}`."
    if not_there := [f"{sent[state]} {state}" for state in NOT_THERE if sent.get(state)]:
        yield (
            f"`wendu send --date {status.published_on}` says what to do with lists that are "
            f"{', '.join(not_there)}."
        )
    if years := unknown_years(today):
        yield (
            "install the release of the package chinesecalendar that knows "
            f"{', '.join(map(str, years))}; until then working days go by weekends alone."
        )
    if status.disputed_replies:
        yield "ask which of the replies holds that disagree: `wendu status --all` names them."
    if waiting_files(home):
        yield "`wendu replies` reads what waits in the inbox, or says why it cannot."
