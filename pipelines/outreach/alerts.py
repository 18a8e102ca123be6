"""Which alerts stand on a day's lists: whose line they join, in which order, what has to wait.

Open alerts and the households of the audit sample, which nothing tells apart. Does not belong
here: what a line says (`lines.py`), who is on a list at all (rules).
"""

from datetime import date
from pathlib import Path

import polars as pl

from pipelines.outreach.policy import Policy
from pipelines.outreach.wording import MOVED_FROM

LEVELS = ("emergency", "red", "orange", "yellow")
"""From the most severe to the least."""

QUOTA = "list_daily_quota_households"
COMING = ("opened", "reopened", "released")


def read_mart(marts: Path, name: str, *columns: str, of: pl.Series | None = None) -> pl.DataFrame:
    """A mart as exported, all of it or some columns; those of people and families are large.

    Args:
        marts: folder with the marts as Parquet.
        name: of the mart.
        columns: those wanted; none means all.
        of: keys, named as their column: only rows of these. Lists show few of a city's families.
    """
    mart = pl.scan_parquet(marts / f"{name}.parquet")
    if of is not None:
        mart = mart.filter(is_among(of))
    return (mart.select(columns) if columns else mart).collect()


def is_among(keys: pl.Series) -> pl.Expr:
    """Whether the column of the series' name holds one of its values."""
    return pl.col(keys.name).is_in(keys.drop_nulls().unique().implode())


def area_names(marts: Path) -> dict[str, str]:
    """Names of townships and counties by code."""
    areas = read_mart(marts, "dim_areas").filter(pl.col("valid_to").is_null())
    return dict(areas.select("area_code", "name").iter_rows())


def open_alerts(marts: Path, on_date: date) -> pl.DataFrame:
    """One row per open alert or audited household, line by line.

    Returns:
        The columns of `fct_alerts`, and: `line_key` (the household; else the person; else the
        alert itself), `office` (township, else county, else `unknown`: one for a whole line),
        `area_code` (one for a whole line), `head_person_key`, `present_category` (of the assistance
        that the household has on the day), `members`, `came_today` (to its office), `precision`,
        `too_few`, `level_rank`, `position` within the line from 1, `reasons_of_line`,
        `level_of_line` (the most severe). Lines and reasons stand in order of urgency.
    """
    performance = read_mart(marts, "rpt_rule_performance").select(
        "rule_id", "replied", "confirmed", "precision", "too_few"
    )
    came = read_mart(marts, "fct_alert_events").filter(
        pl.col("on_date") == on_date,
        pl.col("event").is_in(COMING) | pl.col("detail").str.contains(MOVED_FROM),
    )
    alerts = pl.concat(
        [
            read_mart(marts, "fct_alerts")
            .filter(pl.col("status") == "open")
            .with_columns(came_today=pl.col("alert_id").is_in(came["alert_id"].implode())),
            audited_households(marts, on_date),
        ],
        how="diagonal_relaxed",
    )
    lined = with_lines(alerts, marts)
    households = read_mart(
        marts, "dim_households",
        "household_key", "head_person_key", "category_registered", "members", "approved_on",
        "ended_on",
        of=lined["household_key"],
    ).select(
        "household_key", "head_person_key", "members",
        present_category=pl.when(is_active(on_date)).then("category_registered"),
    )  # fmt: skip
    keyed = (
        lined.join(households, on="household_key", how="left")
        .join(performance, on="rule_id", how="left")
        .with_columns(
            level_rank=pl.col("level").replace_strict(
                {level: rank for rank, level in enumerate(LEVELS)},
                default=len(LEVELS),
                return_dtype=pl.Int8,
            )
        )
    )
    return (
        keyed.sort(*urgency(), nulls_last=True)
        .with_columns(
            pl.col("office", "area_code", "county_code").first().over("line_key"),
            position=pl.int_range(1, pl.len() + 1).over("line_key"),
            reasons_of_line=pl.len().over("line_key"),
            level_of_line=pl.col("level_rank").min().over("line_key"),
        )
    )  # fmt: skip


def is_active(on_date: date) -> pl.Expr:
    """Whether a household has on a day what it is registered for: approved, and not ended yet."""
    ended = pl.col("ended_on") <= on_date
    return (pl.col("approved_on") <= on_date) & ended.not_().fill_null(value=True)


def households_of_people(marts: Path, of: pl.Series) -> pl.DataFrame:
    """The household of people: `person_key`, `household_of_person`; `of` as in `read_mart`."""
    people = read_mart(marts, "dim_people", "person_key", "household_key", of=of)
    return people.rename({"household_key": "household_of_person"})


def with_lines(alerts: pl.DataFrame, marts: Path) -> pl.DataFrame:
    """The alerts with `line_key`, `office`, and their person's household where they name none."""
    people = households_of_people(marts, alerts["person_key"])
    return (
        alerts.join(people, on="person_key", how="left")
        .with_columns(
            household_key=pl.coalesce("household_key", "household_of_person"),
            office=pl.coalesce("township_code", "county_code", pl.lit("unknown")),
        )
        .with_columns(line_key=pl.coalesce("household_key", "person_key", "alert_id"))
    )


def audited_households(marts: Path, on_date: date) -> pl.DataFrame:
    """The audit sample's households nobody has replied about, as alerts of the lowest level."""
    sample = read_mart(marts, "quality_audit_sample")
    return sample.filter(pl.col("replied_on").is_null()).select(
        "household_key", "county_code", "township_code", "area_code", "due_on", "days_left",
        "reason_zh", "legal_reference", "action_zh", "unknown_zh",
        alert_id="code",
        lane=pl.lit("support"),
        level=pl.lit(LEVELS[-1]),
        first_seen_on="drawn_on",
        is_overdue=pl.col("days_left") < 0,
        came_today=pl.col("drawn_on") == on_date,
    )  # fmt: skip


def urgency(*after_level: pl.Expr) -> list[pl.Expr]:
    """The order of a list: emergency, overdue, due soonest, level, waiting longest, number.

    What is given goes between level and waiting.
    """
    return [
        pl.col("level").ne("emergency"),
        pl.col("is_overdue").not_().fill_null(True),
        pl.col("due_on"),
        pl.col("level_rank"),
        *after_level,
        pl.col("first_seen_on"),
        pl.col("alert_id"),
    ]


def within_capacity(alerts: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The alerts with `is_shown`: whether their line stands on today's list or waits.

    Lines are ranked as on the list; of equal deadline and level the rule goes first whose alerts
    more often proved true (one with too few replies counts as the mean of the others). As many
    as the office's quota are shown, and every line with an emergency or an overdue alert; where
    no quota is in force, all are.
    """
    quotas = pl.DataFrame(
        [(office, policy.number(QUOTA, office)) for office in alerts["office"].unique().sort()],
        schema={"office": pl.String, "quota": pl.Int64},
        orient="row",
    )
    proven = pl.when(pl.col("too_few").not_()).then(pl.col("precision").cast(pl.Float64))
    rank_of_line = (
        alerts.with_columns(proven=proven.fill_null(proven.mean()).fill_null(0.0))
        .with_columns(proven=pl.col("proven").max().over("line_key"))
        .filter(pl.col("position") == 1)
        .sort(*urgency(-pl.col("proven")), nulls_last=True)
        .select("line_key", rank=pl.int_range(1, pl.len() + 1).over("office"))
    )
    never_waits = (pl.col("level") == "emergency") | pl.col("is_overdue").fill_null(False)
    return (
        alerts.join(rank_of_line, on="line_key", how="left", maintain_order="left")
        .join(quotas, on="office", how="left", maintain_order="left")
        .with_columns(
            is_shown=(pl.col("rank") <= pl.col("quota")).fill_null(True)
            | never_waits.any().over("line_key")
        )
        .drop("rank")
    )
