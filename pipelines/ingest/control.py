"""What a day's models must know about the run itself: the tables of the source `control`.

The day and city, the working-day calendar, deliveries and refusals as counted, whom refused rows
name, how households follow each other by number, and which tables are late. Counts, names of fields
and keys as in the lake; no value of a delivery passes through here.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.contracts.city import City
from pipelines.contracts.replies import accepted_replies
from pipelines.contracts.signatures import releases
from pipelines.contracts.sources import Contract
from pipelines.contracts.working_days import are_working_days
from pipelines.ingest.freshness import freshness
from pipelines.ingest.household_order import household_order
from pipelines.ingest.quarantine import load_rejections
from pipelines.ingest.receipts import Receipt
from pipelines.ingest.refused_rows import refused_rows
from pipelines.settings import Home
from pipelines.vault import Vault

CALENDAR_YEARS = range(1999, 2041)
"""From the year in which urban dibao began: what a procedure did before it has no days."""

DELIVERIES = pl.Schema({
    "department": pl.String(), "table_name": pl.String(), "received_on": pl.Date(),
    "form": pl.String(), "files": pl.Int32(), "sha256": pl.String(), "received": pl.Int64(),
    "accepted": pl.Int64(), "exact_duplicates": pl.Int64(), "quarantined": pl.Int64(),
    "verdict": pl.String(),
})  # fmt: skip
"""One row per department, table and received date; a failed delivery without tables has `*`."""


HANDED_OVER = pl.Schema({"alert_id": pl.String(), "delivered_on": pl.Date()})
"""One row per alert and delivered list."""


def control_tables(
    contracts: Mapping[tuple[str, str], Contract],
    receipts: list[Receipt],
    city: City,
    home: Home,
    on_date: date,
    vault: Vault,
    known_on: date | None = None,
) -> dict[str, pl.DataFrame]:
    """All tables of the source `control` but the history of findings.

    Args:
        contracts: declared department tables.
        receipts: of all deliveries that are known.
        city: its code and names.
        home: the home.
        on_date: the day that is judged.
        vault: gives pseudonyms of whom refused rows name, and knows households' numbers.
        known_on: the day by which what is known was received, where it is a later one.
    """
    return {
        "run": pl.DataFrame({
            "city_code": [city.code], "city_name_zh": [city.name.zh],
            "city_name_en": [city.name.en],
        }),
        "calendar": calendar(),
        "deliveries": deliveries(receipts),
        "rejections": load_rejections(home, on_date),
        "refused_rows": refused_rows(home, contracts, receipts, known_on or on_date, vault),
        "freshness": freshness(contracts, receipts, on_date, known_on),
        "household_order": household_order(contracts, vault, known_on or on_date),
        "outcomes": outcomes(home, on_date),
        "handed_over": handed_over(home, on_date),
        "releases": releases(home, on_date),
    }  # fmt: skip


def calendar() -> pl.DataFrame:
    """`day`, `is_working_day`, `working_day_no`: working days counted up to and including."""
    days = pl.date_range(
        date(CALENDAR_YEARS.start, 1, 1), date(CALENDAR_YEARS.stop - 1, 12, 31), eager=True
    )
    is_working_day = are_working_days(days)
    return pl.DataFrame({
        "day": days, "is_working_day": is_working_day,
        "working_day_no": is_working_day.cast(pl.Int32).cum_sum(),
    })  # fmt: skip


def outcomes(home: Home, on_date: date) -> pl.DataFrame:
    """Outcomes of visits accepted from replies received on or before a day."""
    return accepted_replies(home, on_date)


def handed_over(home: Home, on_date: date) -> pl.DataFrame:
    """Which alerts went out on lists that were delivered on or before a day.

    A day that was judged stays as it was judged: a list counts from the first day after the
    newest one run when it went (`counts_from`).
    """
    ledger = sorted((home.outbox / "delivered").glob("*.parquet"))
    parts = [
        pl.read_parquet(part).select(*HANDED_OVER.names(), counts_from=pl.col(_counts_from(part)))
        for part in ledger
    ]
    return (
        pl.concat([HANDED_OVER.to_frame().with_columns(counts_from=pl.lit(None, pl.Date)), *parts])
        .filter(pl.col("counts_from") <= on_date)
        .select(HANDED_OVER.names())
        .cast(HANDED_OVER)
    )


def _counts_from(part: Path) -> str:
    return "counts_from" if "counts_from" in pl.read_parquet_schema(part) else "delivered_on"


def deliveries(receipts: Iterable[Receipt]) -> pl.DataFrame:
    """Every delivery attempted so far, table by table, in counts."""
    rows = [
        {
            "department": receipt.department,
            "table_name": table,
            "received_on": receipt.received_on,
            "form": receipt.form,
            "files": len(counts.files) if counts else 0,
            "sha256": counts.sha256 if counts else None,
            "received": counts.received if counts else 0,
            "accepted": counts.accepted if counts else 0,
            "exact_duplicates": counts.exact_duplicates if counts else 0,
            "quarantined": counts.quarantined if counts else 0,
            "verdict": receipt.verdict,
        }
        for receipt in receipts
        for table, counts in (receipt.tables.items() or [("*", None)])
    ]
    return pl.DataFrame(rows, schema=DELIVERIES)


def sources_of(receipts: Iterable[Receipt]) -> list[dict[str, str]]:
    """The deliveries a day rests on, for its manifest."""
    return [
        {
            "department": receipt.department,
            "received_on": receipt.received_on.isoformat(),
            "verdict": receipt.verdict,
        }
        for receipt in receipts
    ]
