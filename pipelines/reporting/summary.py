"""The short account of a published day, for a terminal."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.console import Group
from rich.table import Table

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


def _amount(value: Any) -> str:
    return "–" if value is None else f"{value:,.2f}".removesuffix(".00")
