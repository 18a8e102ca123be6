"""What lies in landing and is not in the lake: files that came after their delivery was accepted.

A delivery is accepted whole and once; what comes into its folder later is told, so that nobody
takes it for read. Belongs here: finding it. Does not belong here: receiving (`receive`).
"""

from pipelines.connectors import ConnectorError, holds_files, open_delivery
from pipelines.contracts.city import City
from pipelines.contracts.sources import contracts_of
from pipelines.ingest.receipts import Receipt
from pipelines.settings import Home


def unread_files(home: Home, city: City, receipt: Receipt) -> list[str]:
    """Names of table files in the folder of an accepted delivery that were not read with it."""
    connection = city.connection(receipt.department)
    contracts = contracts_of(receipt.department)
    folder = home.delivery(receipt.department, receipt.received_on)
    read = {file.name for table in receipt.tables.values() for file in table.files}
    try:
        if not holds_files(connection, contracts, folder):
            return []
        delivery = open_delivery(connection, contracts, folder, receipt.received_on)
    except ConnectorError as fault:
        return [str(fault)]
    there = {piece.name for pieces in delivery.pieces.values() for piece in pieces}
    return sorted(there - read)
