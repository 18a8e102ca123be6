"""How each rule fared over past days: against what is known to be true, and against what followed.

Belongs here: the days on which published alerts stood, set against expected cases (a frame keyed
by pseudonyms, given by the caller), and against later approvals and payments in the published
data. Does not belong here: reading truth or numbers, judging anything again.
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from rich.console import Group
from rich.table import Table

from pipelines.reporting.published import open_published
from pipelines.settings import Home, UsageError

MATCHES = ("match", "natural_match")
FOLLOW_DAYS = 30
SUBJECT = ("rule", "key", "program")

_STANDING = ("opened", "held", "released", "reopened")
_ENDED = ("cleared", "closed", "inhibited")
_NEVER = date(9999, 12, 31)


@dataclass(frozen=True)
class Backtest:
    """Scores by rule over some days; `scored` is None where nothing is known to be true."""

    first: date
    last: date
    days: int
    scored: list[dict[str, Any]] | None
    departures: list[dict[str, Any]]
    followed: list[dict[str, Any]]


def backtest(home: Home, first: date, last: date, expected: pl.DataFrame | None) -> Backtest:
    """Score the alerts that stood between two days.

    Args:
        home: Where the days were published.
        first: The first day that counts.
        last: The last day that counts.
        expected: Cases that must or must not be found: case_id, rule, expectation, key, program,
            from_date, to_date, reason; keys as published. None where no truth is known.

    Raises:
        UsageError: none of these days was run, or the days run backwards.
    """
    if last < first:
        raise UsageError(f"--to {last} lies before --from {first}; swap them.")
    with open_published(home) as connection:
        alerts = connection.sql(_ALERTS).pl()
        events = connection.sql("select alert_id, event, on_date from fct_alert_events").pl()
        evaluations = connection.sql(
            "select rule_id as rule, on_date, evaluated from quality_rule_evaluations"
        ).pl()
        followed = connection.sql(_FOLLOWED, params=[FOLLOW_DAYS, first, last]).pl()
    days = evaluations.filter(pl.col("on_date").is_between(first, last))
    if days.is_empty():
        raise UsageError(
            f"none of the days from {first} to {last} has been run; "
            f"run `wendu run --date {first} --until {last}` first"
        )
    run = days["on_date"].unique().sort()
    spans = alerts.join(standing_spans(events, run[-1]), on="alert_id").filter(
        pl.col("begins") <= run[-1], pl.col("ends") >= run[0]
    )
    scored: list[dict[str, Any]] | None = None
    departures: list[dict[str, Any]] = []
    if expected is not None:
        cases = judge_cases(expected, spans, run[0], run[-1])
        unplanned = unplanned_alerts(expected, spans, run[0], run[-1])
        scored = score(cases, unplanned, days).to_dicts()
        departures = _departures(cases, unplanned).to_dicts()
    return Backtest(run[0], run[-1], len(run), scored, departures, followed.to_dicts())


def standing_spans(events: pl.DataFrame, last: date) -> pl.DataFrame:
    """From the events of alerts, the spans of days on which each was open or held.

    The day an alert ends is no longer part of its span.
    """
    turns = (
        events.filter(pl.col("event").is_in(_STANDING + _ENDED))
        .with_columns(stands=pl.col("event").is_in(_STANDING))
        .sort("alert_id", "on_date", "stands", descending=[False, False, True])
        .unique(["alert_id", "on_date"], keep="last", maintain_order=True)
        .filter(
            pl.col("stands") != pl.col("stands").shift(1).over("alert_id").fill_null(value=False)
        )
    )
    return (
        turns.with_columns(ends=pl.col("on_date").shift(-1).over("alert_id").dt.offset_by("-1d"))
        .filter("stands")
        .select("alert_id", begins="on_date", ends=pl.col("ends").fill_null(last))
    )


def judge_cases(
    expected: pl.DataFrame, spans: pl.DataFrame, first: date, last: date
) -> pl.DataFrame:
    """Cases that concern these days, each with whether an alert stood in its days, and since when.

    A case that begins before the first day counts from it on; `days_late` is null where nothing
    was found.
    """
    cases = (
        expected.with_columns(
            since=pl.max_horizontal("from_date", pl.lit(first)),
            until=pl.min_horizontal(pl.col("to_date").fill_null(_NEVER), pl.lit(last)),
        )
        .filter(pl.col("since") <= pl.col("until"))
        .with_row_index("case")
    )
    met = (
        cases.join(spans, on=SUBJECT, nulls_equal=True)
        .filter(pl.col("begins") <= pl.col("until"), pl.col("ends") >= pl.col("since"))
        .group_by("case")
        .agg(pl.col("begins").min(), level=pl.col("level").first())
    )
    return cases.join(met, on="case", how="left", maintain_order="left").with_columns(
        is_found=pl.col("begins").is_not_null(),
        days_late=(pl.col("begins") - pl.col("since")).dt.total_days().clip(0),
    )


def unplanned_alerts(
    expected: pl.DataFrame, spans: pl.DataFrame, first: date, last: date
) -> pl.DataFrame:
    """Spans of alerts that no expected match explains, with the reason the alert itself gives."""
    matches = expected.filter(pl.col("expectation").is_in(MATCHES)).with_columns(
        until=pl.col("to_date").fill_null(_NEVER)
    )
    explained = (
        spans.join(matches, on=SUBJECT, nulls_equal=True, suffix="_of_case")
        .filter(pl.col("from_date") <= pl.col("ends"), pl.col("until") >= pl.col("begins"))
        .select("alert_id", "begins")
    )
    return spans.filter(pl.col("begins") <= last, pl.col("ends") >= first).join(
        explained, on=["alert_id", "begins"], how="anti"
    )


def score(cases: pl.DataFrame, unplanned: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Per rule: matches and how many were found, near misses and how many were hit, the rest."""
    expectation, found = pl.col("expectation"), pl.col("is_found")
    is_match, is_near = expectation == "match", expectation == "no_match"
    is_natural = expectation == "natural_match"
    by_rule = cases.group_by("rule").agg(
        matches=is_match.sum(),
        found=(is_match & found).sum(),
        found_late=(is_match & (pl.col("days_late") > 0)).sum(),
        near_misses=is_near.sum(),
        near_hit=(is_near & found).sum(),
        natural=is_natural.sum(),
        natural_found=(is_natural & found).sum(),
    )
    not_evaluated = days.group_by("rule").agg(days_not_evaluated=(~pl.col("evaluated")).sum())
    counts = pl.exclude("rule")
    return (
        days.select("rule").unique()
        .join(by_rule, on="rule", how="full", coalesce=True)
        .join(unplanned.group_by("rule").agg(unplanned=pl.len()), on="rule", how="left")
        .join(not_evaluated, on="rule", how="left")
        .with_columns(counts.fill_null(0))
        .with_columns(
            recall=pl.when(pl.col("matches") > 0).then(pl.col("found") / pl.col("matches")),
        )
        .sort("rule")
    )  # fmt: skip


def _departures(cases: pl.DataFrame, unplanned: pl.DataFrame) -> pl.DataFrame:
    """What needs an explanation: missed matches, near misses hit, alerts nobody expected."""
    is_missed = pl.col("expectation").is_in(MATCHES) & ~pl.col("is_found")
    is_hit = (pl.col("expectation") == "no_match") & pl.col("is_found")
    of_cases = (
        cases.filter(is_missed | is_hit)
        .with_columns(kind=pl.when(is_missed).then(pl.lit("missed")).otherwise(pl.lit("hit")))
        .group_by("rule", "kind", "reason")
        .agg(number=pl.len(), example=pl.col("case_id").first())
    )
    of_alerts = (
        unplanned.with_columns(kind=pl.lit("unplanned"), reason=pl.col("shape"))
        .group_by("rule", "kind", "reason")
        .agg(number=pl.len(), example=pl.col("alert_id").first())
    )
    return pl.concat([of_cases, of_alerts]).sort("rule", "kind", "number")


_ALERTS = """
    select
        alert_id, rule_id as rule, level, unit,
        case
            when unit in ('application', 'case', 'office') then subject
            when unit = 'person' or (unit = 'beneficiary' and program <> 'dibao') then person_key
            else coalesce(household_key, person_key)
        end as key,
        case when unit = 'beneficiary' then program end as program,
        -- What the alert says, without its numbers: alerts of one cause look the same.
        regexp_replace(reason_en, '[0-9][0-9,.:-]*', '#', 'g') as shape
    from fct_alerts
"""

_FOLLOWED = """
    with alerts as (
        select rule_id as rule, lane, alert_id, unit, program, status,
            coalesce(person_key, '') as person_key, coalesce(household_key, '') as household_key,
            first_seen_on, first_seen_on + to_days(cast($1 as integer)) as followed_until
        from fct_alerts
        where first_seen_on between $2 and $3
    ),
    approvals as (
        select household_key, approved_on from dim_households
        where concept = 'civil_affairs' and ended_on is null
    ),
    approved as (
        select distinct alerts.alert_id
        from alerts
        left join dim_people as people using (person_key)
        inner join approvals
            on approvals.household_key in (alerts.household_key, people.household_key)
        where alerts.lane = 'support'
            and approvals.approved_on > alerts.first_seen_on
            and approvals.approved_on <= alerts.followed_until
    ),
    corrected as (
        select distinct alerts.alert_id
        from alerts
        -- Payments name what they are by finance's code.
        inner join programmes on alerts.program = programmes.programme
        inner join fct_payments as payments
            on programmes.program = payments.program
            and payments.beneficiary_key in (alerts.person_key, alerts.household_key)
        where alerts.lane = 'payment'
            and payments.status = '1'
            and payments.paid_on > alerts.first_seen_on
            and payments.paid_on <= alerts.followed_until
            and payments.period < date_trunc('month', alerts.first_seen_on)
    )
    select
        rule,
        count(*) as alerts,
        count(approved.alert_id) as approved_later,
        count(corrected.alert_id) as corrected_later,
        count(*) filter (where status = 'cleared') as cleared,
        count(*) filter (where status in ('open', 'held')) as standing
    from alerts
    left join approved using (alert_id)
    left join corrected using (alert_id)
    group by rule
    order by rule
"""


def as_json(result: Backtest) -> str:
    """The scores for a program."""
    return json.dumps(vars(result), ensure_ascii=False, default=str)


def render(result: Backtest) -> Group:
    """The scores as tables for a terminal."""
    parts: list[Any] = [
        f"[bold]{result.first} to {result.last}[/bold], {result.days} days run; "
        "an alert stands from the day it opens until the day before it clears"
    ]
    if result.scored is None:
        parts.append(
            "Recall and false alarms need to know what is true: this home has no truth/ folder. "
            "What followed in the data is told below."
        )
    else:
        parts += [_scores(result.scored), _explanations(result.departures)]
    table = Table(
        "rule", "alerts", "approved later", "corrected later", "cleared", "standing",
        title=f"What followed within {FOLLOW_DAYS} days of an alert", title_justify="left",
    )  # fmt: skip
    for row in result.followed:
        table.add_row(*(str(value) for value in row.values()))
    return Group(*parts, table)


def _scores(scored: list[dict[str, Any]]) -> Table:
    columns = (
        "matches", "found", "found_late", "near_misses", "near_hit", "natural", "natural_found",
        "unplanned", "days_not_evaluated",
    )  # fmt: skip
    table = Table(
        "rule", "recall", *(name.replace("_", " ") for name in columns),
        title="Alerts against what is known to be true", title_justify="left",
    )  # fmt: skip
    for row in scored:
        recall = "–" if row["recall"] is None else f"{row['recall']:.3f}"
        table.add_row(row["rule"], recall, *(str(row[name]) for name in columns))
    return table


def _explanations(departures: list[dict[str, Any]]) -> Table:
    table = Table(
        "rule", "kind", "number", "reason", "example",
        title="Missed, hit though near, or unplanned", title_justify="left",
    )  # fmt: skip
    for row in departures:
        table.add_row(row["rule"], row["kind"], str(row["number"]), row["reason"], row["example"])
    return table
