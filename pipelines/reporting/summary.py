"""The short account of a published day, and of the last days, for a terminal or a program."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl
from rich.console import Console, Group
from rich.table import Table

from pipelines.contracts.replies import OUTCOMES, dispute_sentences, disputes
from pipelines.reporting.published import open_published
from pipelines.settings import Home

LEVELS = ("emergency", "red", "orange", "yellow")


@dataclass(frozen=True)
class Summary:
    """What a day found, in counts and totals."""

    on_date: date
    households: int
    people: int
    alerts: list[dict[str, Any]]
    control_totals: list[dict[str, Any]]


@dataclass(frozen=True)
class Status:
    """The state of an installation: its last days, sources and open work."""

    published_on: date | None
    days: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    open_alerts: list[dict[str, Any]]
    rules_not_evaluated: list[str]
    held_batches: list[dict[str, Any]]
    disputed_replies: list[dict[str, Any]]


def summarise(home: Home, on_date: date) -> Summary:
    """Households, alerts by lane and level, control totals of the published day."""
    with open_published(home) as connection:

        def rows(query: str) -> list[dict[str, Any]]:
            return connection.sql(query).pl().to_dicts()

        counted = rows(
            "select (select count(*) from fct_household_indicators) as households, "
            "(select count(*) from dim_people) as people"
        )[0]
        return Summary(
            on_date=on_date,
            **counted,
            alerts=rows(
                "select lane, level, count(*) as alerts from fct_alerts "
                "where status = 'open' group by all order by all"
            ),
            control_totals=rows("select * from rpt_control_totals order by measure"),
        )


def render_summary(summary: Summary, seconds: dict[str, float]) -> Group:
    """The summary as tables for a terminal."""
    head = (
        f"[bold]{summary.on_date}[/bold]  households watched {summary.households:,}  "
        f"people {summary.people:,}  open alerts {sum(a['alerts'] for a in summary.alerts):,}"
    )
    alerts = Table("lane", *LEVELS, title="Open alerts by lane and level", title_justify="left")
    for lane in sorted({row["lane"] for row in summary.alerts}):
        of_lane = {row["level"]: row["alerts"] for row in summary.alerts if row["lane"] == lane}
        alerts.add_row(lane, *(f"{of_lane.get(level, 0):,}" for level in LEVELS))
    totals = Table(
        "measure", "published", "computed", "ratio", "within",
        title="Control totals against the published figures", title_justify="left",
    )  # fmt: skip
    for row in summary.control_totals:
        ratio = "–" if row["ratio"] is None else f"{row['ratio']:.4f}"
        within = {True: "yes", False: "NO", None: "–"}[row["is_within"]]
        totals.add_row(
            row["measure"], _amount(row["published"]), _amount(row["computed"]), ratio, within
        )
    told = "  ".join(f"{step} {spent:.1f} s" for step, spent in seconds.items())
    return Group(head, alerts, totals, f"Seconds: {told}  total {sum(seconds.values()):.1f} s")


def status_of(home: Home) -> Status:
    """Last ten days run, and what the published warehouse says of sources and open alerts."""
    records = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(home.runs.glob("*.json"))[-10:]
    ]
    if not (home.published / "warehouse.duckdb").exists():
        return Status(None, records, [], [], [], [], [])
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
                    "select rule_id from quality_rule_evaluations where not evaluated and "
                    "on_date = (select max(on_date) from quality_rule_evaluations) order by 1"
                )
            ],
            held_batches=rows(
                "select hold_id, rule_id, county_code, count(*) as alerts from fct_alerts "
                "where status = 'held' group by all order by all"
            ),
            disputed_replies=disputes(home).to_dicts(),
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
        days.add_row(record["on_date"], record["outcome"], spent, "\n".join(record["sentences"]))
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
            f"{held['alerts']:,} alerts; `wendu release --hold {held['hold_id']}` signs for them"
        )
    for sentence in dispute_sentences(pl.DataFrame(status.disputed_replies, schema=OUTCOMES)):
        console.print(sentence)


def _amount(value: Any) -> str:
    return "–" if value is None else f"{value:,.2f}".removesuffix(".00")
