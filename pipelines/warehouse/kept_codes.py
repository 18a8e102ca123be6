"""Codes and draws that stand although the key has changed from which they would now follow.

The code of an alert is made of its subject, and the subject is a pseudonym: with another key the
same alert would get another code, and replies to lists already handed out would find nothing.
So a change of the key writes down, under the new pseudonyms, which code every alert has and
which households were drawn. Both lie below `<home>/audit/kept/`, which outlives the warehouse,
and a day reads them besides what the days before it handed on. Does not belong here: how codes
are made and households drawn (dbt).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipelines.settings import Home
from pipelines.vault import Translation
from pipelines.warehouse import history

CODES = pl.Schema({
    "rule_id": pl.String(), "subject": pl.String(), "program": pl.String(),
    "alert_id": pl.String(),
})  # fmt: skip
"""One row per alert there was when the key changed."""

DRAWS = pl.Schema({
    name: kind for name, kind in history.AUDIT_SAMPLE.items() if name != "on_date"
})  # fmt: skip
"""One row per household that was drawn before the key changed."""


def with_kept(
    home: Home, on_date: date, earlier: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """What a day reads of the days before it, and what was kept when the key changed.

    Households that were drawn on the day, or before it, count as drawn on the eve of the day,
    so that no other lot is cast when it is run again.

    Args:
        home: the home.
        on_date: the day.
        earlier: what the days before handed on.
    """
    drawn = (
        _read(home, "draws", DRAWS)
        .filter(pl.col("drawn_on") <= on_date)
        .with_columns(on_date=pl.lit(on_date - timedelta(days=1)))
        .select(history.AUDIT_SAMPLE.names())
    )
    return {
        **earlier,
        "audit_sample": pl.concat([earlier["audit_sample"], drawn]),
        "kept_codes": _read(home, "codes", CODES),
    }


def keep(home: Home, stage: Home, translation: Translation) -> None:
    """Write down into another home what stands at a change of the key, in its pseudonyms.

    Args:
        home: whose days were run with the old key.
        stage: gets the files; its history is not read.
        translation: from the old to the new key.
    """
    days = history.run_days(home)
    if not days:
        return
    codes = pl.concat([_read(home, "codes", CODES), *_of_days(home, "alerts", CODES)])
    draws = pl.concat([_read(home, "draws", DRAWS), *_of_days(home, "audit_sample", DRAWS)])
    for name, frame, key in (
        ("codes", codes, ["rule_id", "subject", "program"]),
        ("draws", draws, ["drawn_for_month", "code"]),
    ):
        file = _file(stage, name)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        first = frame.unique(key, keep="first", maintain_order=True)
        translation.of_frame(first).sort(key).write_parquet(file)
        file.chmod(0o600)


def _of_days(home: Home, name: str, schema: pl.Schema) -> list[pl.DataFrame]:
    """What all run days handed on under a name; a code never changes from day to day."""
    return [
        pl.read_parquet(history.file_of(home, day, name)).select(schema.names()).cast(schema)
        for day in history.run_days(home)
    ]


def _read(home: Home, name: str, schema: pl.Schema) -> pl.DataFrame:
    file = _file(home, name)
    return pl.read_parquet(file).cast(schema) if file.exists() else schema.to_frame()


def _file(home: Home, name: str) -> Path:
    return home.audit / "kept" / f"{name}.parquet"
