"""What the flood breaker holds, and who signs for it.

A hold is all new alerts of one rule in one county on one day. A signature counts from the day that
`order_of_days.counts_from` tells, for the alerts that are held when it is given: what joins the
hold afterwards waits for one of its own. Does not belong here: when a flood is one (dbt), how
signatures are kept (`contracts.signatures`).
"""

from datetime import date, datetime
from typing import Any

import polars as pl

from pipelines.contracts.signatures import releases, write_signature
from pipelines.settings import Home, UsageError
from pipelines.warehouse.history import alerts_of
from pipelines.warehouse.order_of_days import counts_from
from pipelines.warehouse.publication import current_day


def held_batches(home: Home, on_date: date) -> pl.DataFrame:
    """Holds at the end of a day run, those that nobody has signed for first.

    Columns: `hold_id`, `rule_id`, `county_code`, `since`, `alerts`, `unsigned` of them, and
    `signed_by` and `opens_on` where somebody has signed for some; `waits_for` says it in words.
    """
    return (
        _held(home, on_date)
        .group_by("hold_id", "rule_id", "county_code")
        .agg(
            pl.col("first_seen_on").min().alias("since"),
            pl.len().alias("alerts"),
            pl.col("signed_by").is_null().sum().alias("unsigned"),
            pl.col("signed_by").drop_nulls().unique(maintain_order=True).str.join(", "),
            pl.col("effective_on").max().alias("opens_on"),
        )
        .with_columns(signed_by=pl.col("signed_by").replace("", None))
        .with_columns(waits_for=_waits_for())
        .sort(pl.col("unsigned") == 0, "since", "hold_id", "rule_id", "county_code")
    )


def held_now(home: Home) -> list[dict[str, Any]]:
    """The rows of `held_batches` as readers see them now."""
    on_date = current_day(home)
    return held_batches(home, on_date).to_dicts() if on_date else []


def _waits_for() -> pl.Expr:
    asked = pl.format(
        "{}look at them, then sign with `wendu release --hold {} --by NAME --reason TEXT`",
        pl.when(pl.col("signed_by").is_null())
        .then(pl.lit(""))
        .otherwise(pl.format("{} came after a signature; ", "unsigned")),
        "hold_id",
    )
    opens = pl.format("{} signed for them, they open with the run of {}", "signed_by", "opens_on")
    return pl.when(pl.col("unsigned") > 0).then(asked).otherwise(opens)


def _held(home: Home, on_date: date) -> pl.DataFrame:
    """Alerts that are held at the end of a day, and by whom they are signed for."""
    held = alerts_of(home, on_date).filter(pl.col("status") == "held")
    signed = releases(home)
    of_all = signed.filter(pl.col("alert_id").is_null()).unique("hold_id", keep="first")
    # As the models do: the signature goes with the alert, whatever day names its hold since.
    of_one = (
        signed.drop_nulls("alert_id")
        .join(held.select("alert_id", "first_seen_on"), on="alert_id")
        .filter(pl.col("first_seen_on") < pl.col("effective_on"))
        .sort("effective_on", maintain_order=True)
        .unique("alert_id", keep="first", maintain_order=True)
        .drop("hold_id", "first_seen_on")
    )
    return (
        held.join(of_one, on="alert_id", how="left")
        .join(of_all.drop("alert_id"), on="hold_id", how="left", suffix="_of_all")
        .with_columns(
            pl.coalesce("signed_by", "signed_by_of_all"),
            pl.coalesce("effective_on", "effective_on_of_all"),
        )
    )


def held_sentences(home: Home, on_date: date) -> list[str]:
    """One sentence for each hold, for the operator."""
    return [
        f"Held: {held['alerts']} new alerts of {held['rule_id']} in {held['county_code']} since "
        f"{held['since']}, more than can be true; {held['waits_for']}."
        for held in held_batches(home, on_date).to_dicts()
    ]


def sign(home: Home, hold_id: str, by: str, reason: str, at: datetime) -> date:
    """Sign for what is held; returns the day whose run opens it, the first that was not yet run.

    Args:
        home: the home.
        hold_id: as `wendu status` names it.
        by: who answers for it.
        reason: why the alerts are believed.
        at: the moment of signing.

    Raises:
        UsageError: nothing is held under this name, or all of it is signed for already, or name
            or reason is missing.
    """
    newest, known = current_day(home), held_now(home)
    hold_id = hold_id.strip().upper()
    batch = next((batch for batch in known if batch["hold_id"] == hold_id), None)
    if newest is None or batch is None:
        listed = ", ".join(batch["hold_id"] for batch in known)
        raise UsageError(
            f"There is no hold {hold_id}: {f'held are {listed}' if listed else 'nothing is held'}."
        )
    if not by.strip() or not reason.strip():
        raise UsageError("Say with --by who signs and with --reason why.")
    if not batch["unsigned"]:
        raise UsageError(
            f"{hold_id} is signed for already, by {batch['signed_by']}; its alerts open with the "
            f"run of {batch['opens_on']}."
        )
    effective_on = counts_from(home, newest)
    unsigned = _held(home, newest).filter(
        (pl.col("hold_id") == hold_id) & pl.col("signed_by").is_null()
    )
    write_signature(home, {
        "hold_id": hold_id, "alerts": sorted(unsigned["alert_id"]), "by": by.strip(),
        "reason": reason.strip(), "signed_at": at.isoformat(),
        "effective_on": effective_on.isoformat(),
    })  # fmt: skip
    return effective_on
