"""What somebody signed for of what the flood breaker held, in the form every floor reads it.

A signature is a file below `<home>/audit/releases/`, which outlives the warehouse. It is for the
alerts that were held when it was given, and for no other that comes later. Does not belong here:
who may sign, and for what (`warehouse.holds`).
"""

import json
from datetime import date
from typing import Any

import polars as pl

from pipelines.settings import Home, put_in_place

RELEASES = pl.Schema({
    "hold_id": pl.String(), "alert_id": pl.String(), "effective_on": pl.Date(),
    "signed_by": pl.String(),
})  # fmt: skip
"""One row per alert that was signed for; `alert_id` is null where all of a hold were."""


def write_signature(home: Home, told: dict[str, Any]) -> None:
    """Keep a signature: `hold_id`, `alerts`, `by`, `reason`, `signed_at`, `effective_on`."""
    place = home.audit / "releases"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    hold_id = told["hold_id"]
    earlier = len([*place.glob(f"{hold_id}.json"), *place.glob(f"{hold_id}-*.json")])
    name = f"{hold_id}-{earlier + 1}" if earlier else hold_id
    unfinished = place / f".{name}.unfinished"
    unfinished.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    put_in_place(unfinished, place / f"{name}.json")


def releases(home: Home, until: date = date.max) -> pl.DataFrame:
    """Held alerts that somebody signed for, with effect on or before a day."""
    signatures = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((home.audit / "releases").glob("*.json"), key=lambda path: path.stem)
    ]
    frame = pl.DataFrame(
        [
            (told["hold_id"], alert_id, date.fromisoformat(told["effective_on"]), told["by"])
            for told in signatures
            for alert_id in told.get("alerts", [None])
        ],
        schema=RELEASES,
        orient="row",
    )
    return frame.filter(pl.col("effective_on") <= until)
