"""Whether a table that adds rows came in time, by what of its delivery was accepted."""

import polars as pl
import pytest

from pipelines.contracts.sources import load_contracts
from pipelines.ingest.freshness import freshness
from pipelines.ingest.receipts import Receipt, TableReceipt
from tests.unit.deliveries import FIRST

PAYMENTS = ("finance", "payments")


def counts(received: int, *, accepted: int = 0, exact_duplicates: int = 0) -> TableReceipt:
    return TableReceipt(
        files=[], received=received, accepted=accepted, exact_duplicates=exact_duplicates,
        quarantined=received - accepted - exact_duplicates,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("delivered", "is_late"),
    [
        ({"payments": counts(30)}, True),
        ({"payments": counts(30, accepted=14)}, True),
        ({"payments": counts(30, accepted=15)}, False),
        ({"payments": counts(19, accepted=1)}, False),
        ({"payments": counts(19, exact_duplicates=1)}, False),
        ({"payments": counts(0)}, False),
        ({}, False),
    ],
    ids=[
        "refused to the last row",
        "most of many refused",
        "half of many refused",
        "most of a few refused",
        "a duplicate",
        "a heading alone",
        "no file",
    ],
)
def test_only_what_was_refused_to_the_last_row_or_for_the_most_part_did_not_come(
    delivered: dict[str, TableReceipt], is_late: bool
) -> None:
    receipt = Receipt(
        department="finance", received_on=FIRST, form="files", verdict="accepted", tables=delivered
    )
    told = freshness({PAYMENTS: load_contracts()[PAYMENTS]}, [receipt], FIRST)
    assert told.select("is_late", "freshness").rows() == [
        (is_late, "never" if is_late else "on_time")
    ]
    assert told.schema["is_late"] == pl.Boolean
