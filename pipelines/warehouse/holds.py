"""What the flood breaker holds, and who signed for it.

A hold is all new alerts of one rule in one county on one day. A signature is a file below
`<home>/audit/releases/`, which outlives the warehouse; it counts from the day that
`order_of_days.counts_from` tells. Does not belong here: when a flood is one (dbt).
"""

import json
from datetime import date, datetime

import polars as pl

from pipelines.settings import Home, UsageError, put_in_place
from pipelines.warehouse.history import alerts_of
from pipelines.warehouse.order_of_days import counts_from
from pipelines.warehouse.publication import current_day


def held_batches(home: Home, on_date: date) -> pl.DataFrame:
    """Holds at the end of a day run: `hold_id`, `rule_id`, `county_code`, `since`, `alerts`."""
    return (
        alerts_of(home, on_date)
        .filter(pl.col("status") == "held")
        .group_by("hold_id", "rule_id", "county_code")
        .agg(since=pl.col("first_seen_on").min(), alerts=pl.len())
        .sort("since", "hold_id", "rule_id", "county_code")
    )


def held_sentences(home: Home, on_date: date) -> list[str]:
    """One sentence for each hold, for the operator."""
    return [
        f"Held: {held['alerts']} new alerts of {held['rule_id']} in {held['county_code']} since "
        f"{held['since']}, more than can be true; look at them, then sign with "
        f"`wendu release --hold {held['hold_id']} --by NAME --reason TEXT`."
        for held in held_batches(home, on_date).to_dicts()
    ]


def sign(home: Home, hold_id: str, by: str, reason: str, at: datetime) -> date:
    """Sign for a hold; returns the day whose run opens its alerts, the first that was not yet run.

    Args:
        home: the home.
        hold_id: as `wendu status` names it.
        by: who answers for it.
        reason: why the alerts are believed.
        at: the moment of signing.

    Raises:
        UsageError: nothing is held under this name, or name or reason is missing.
    """
    newest = current_day(home)
    known = held_batches(home, newest)["hold_id"].to_list() if newest else []
    hold_id = hold_id.strip().upper()
    if newest is None or hold_id not in known:
        listed = f"held are {', '.join(known)}" if known else "nothing is held"
        raise UsageError(f"There is no hold {hold_id}: {listed}.")
    if not by.strip() or not reason.strip():
        raise UsageError("Say with --by who signs and with --reason why.")
    effective_on = counts_from(home, newest)
    place = home.audit / "releases"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    told = {
        "hold_id": hold_id, "by": by.strip(), "reason": reason.strip(),
        "signed_at": at.isoformat(), "effective_on": effective_on.isoformat(),
    }  # fmt: skip
    unfinished = place / f".{hold_id}.unfinished"
    unfinished.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    put_in_place(unfinished, place / f"{hold_id}.json")
    return effective_on
