"""Landing → lake: a delivery is read, conformed, judged, and shelved whole or not at all.

`receive` is the way in; receipts tell what became of every delivery. Does not belong here:
formats (`connectors`), hashes and sealing (`vault`), Great Expectations (`quality`).
"""

from pipelines.ingest.lake import clean_up, state
from pipelines.ingest.receipts import (
    FileReceipt,
    Receipt,
    TableReceipt,
    accepted_deliveries,
    load_receipts,
)
from pipelines.ingest.receive import receive

__all__ = [
    "FileReceipt",
    "Receipt",
    "TableReceipt",
    "accepted_deliveries",
    "clean_up",
    "load_receipts",
    "receive",
    "state",
]
