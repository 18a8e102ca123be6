"""How bytes reach us: files in a folder, a database, pages of an interface.

Belongs here: finding what was delivered and reading it as text under declared column names.
Does not belong here: what a value means, whether a row is right (`ingest`).
"""

from pipelines.connectors.delivery import Delivery, Piece, open_delivery, table_files
from pipelines.connectors.fetching import fetch_delivery
from pipelines.connectors.raw import ConnectorError, RawRows

__all__ = [
    "ConnectorError",
    "Delivery",
    "Piece",
    "RawRows",
    "fetch_delivery",
    "open_delivery",
    "table_files",
]
