"""What townships answered, in the form every floor reads it: accepted replies and batches.

Of several replies to one alert the latest visit speaks; where two of that one day say different
things, none does, and the alert stays open (or opens again) until a later visit decides: a
contradiction never closes what a family may be owed. The models hold to the same rule. Does not
belong here: reading returned workbooks (outreach), what an outcome does to an alert (dbt).
"""

from datetime import date
from hashlib import sha256
from pathlib import Path

import polars as pl

from pipelines.settings import Home

OUTCOMES = pl.Schema({
    "alert_id": pl.String(), "outcome": pl.String(), "visited_on": pl.Date(),
    "received_on": pl.Date(), "batch_id": pl.String(),
})  # fmt: skip
"""One row per accepted reply."""

BATCHES = pl.Schema({
    "batch_id": pl.String(), "office": pl.String(), "on_date": pl.Date(), "line_id": pl.String(),
    "position": pl.Int32(), "alert_id": pl.String(), "rule_id": pl.String(),
})  # fmt: skip
"""One row per batch, line and reason on it, as far as a reply needs them."""

DATA_ERROR = "data_error"
"""The outcome by which a visit says that what a department delivered is wrong."""


def accepted_replies(home: Home, until: date | None = None) -> pl.DataFrame:
    """Every accepted reply, with the columns of `OUTCOMES`.

    Args:
        home: the home.
        until: leave out what was received after this day; none leaves out nothing.
    """
    accepted = sorted((home.replies / "accepted").glob("*.parquet"))
    replies = pl.concat(
        [OUTCOMES.to_frame()]
        + [pl.read_parquet(reply).select(OUTCOMES.names()).cast(OUTCOMES) for reply in accepted]
    )
    return replies if until is None else replies.filter(pl.col("received_on") <= until)


def latest_visits(replies: pl.DataFrame) -> pl.DataFrame:
    """The replies of each alert's latest visit, every outcome once, by when it was received.

    Adds `is_disputed`: whether replies of that visit name different outcomes.
    """
    return (
        replies.filter(pl.col("visited_on").eq_missing(pl.col("visited_on").max().over("alert_id")))
        .sort("alert_id", "received_on", "batch_id", "outcome")
        .unique(["alert_id", "outcome"], keep="first", maintain_order=True)
        .with_columns(is_disputed=pl.col("outcome").n_unique().over("alert_id") > 1)
    )


def disputes(home: Home) -> pl.DataFrame:
    """Alerts whose latest visit was told with different outcomes: the rows of `latest_visits`."""
    return latest_visits(accepted_replies(home)).filter("is_disputed").drop("is_disputed")


def dispute_sentences(disputed: pl.DataFrame) -> list[str]:
    """One sentence for each disputed alert, for the operator."""
    told = disputed.group_by("alert_id", "visited_on", maintain_order=True).agg(
        said=pl.format("{} ({})", "outcome", "batch_id").str.join(", ")
    )
    return [
        f"Disputed: {row['alert_id']}, visited on {row['visited_on']}: {row['said']}; it stays "
        "open until a later visit decides."
        for row in told.to_dicts()
    ]


def data_errors(home: Home, on_date: date) -> pl.DataFrame:
    """Alerts of which a visit said that a department's data are wrong, for that department.

    Args:
        home: the home.
        on_date: replies received until then are taken into account.

    Returns:
        `alert_id`, `rule_id` (null for a household of the audit sample), `batch_id`,
        `visited_on`, `received_on`: one row per alert whose latest visit says so, undisputed.
    """
    replies = latest_visits(accepted_replies(home, on_date)).filter(
        (pl.col("outcome") == DATA_ERROR) & ~pl.col("is_disputed")
    )
    days = set(replies["batch_id"].str.extract(r"-(\d{8})").drop_nulls())
    rules = published_batches(home, days).select("batch_id", "alert_id", "rule_id")
    return (
        replies.join(rules.unique(), on=["batch_id", "alert_id"], how="left")
        .select("alert_id", "rule_id", "batch_id", "visited_on", "received_on")
        .sort("received_on", "alert_id")
    )  # fmt: skip


def waiting_files(home: Home) -> int:
    """How many files lie in the inbox."""
    return sum(1 for path in (home.replies / "inbox").glob("[!.~]*") if path.is_file())


def published_batches(home: Home, days: set[str] | None = None) -> pl.DataFrame:
    """What stood on published lists, with the columns of `BATCHES`.

    Args:
        home: the home.
        days: the days of the lists, written 20240502; none reads those of all days.
    """
    files = sorted(home.published.glob("????-??-??/batches.parquet"))
    wanted = [file for file in files if days is None or _day_of(file) in days]
    return pl.concat(
        [BATCHES.to_frame()]
        + [pl.read_parquet(file).select(BATCHES.names()).cast(BATCHES) for file in wanted]
    )


def shown_mark(batch: pl.DataFrame) -> str:
    """A mark of which alerts the lines of a list show, and where on them.

    A day that is run again may put other reasons under the same number of a line.

    Args:
        batch: the rows of one batch, with at least `line_id`, `position` and `alert_id`.
    """
    shown = batch.select("line_id", "position", "alert_id").sort(pl.all()).rows()
    return f"shows-{sha256(repr(shown).encode()).hexdigest()[:16]}"


def _day_of(file: Path) -> str:
    return file.parent.name.replace("-", "")
