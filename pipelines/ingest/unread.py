"""What lies in landing and is not in the lake: files that came after their delivery was accepted.

A delivery is accepted whole and once; what comes into its folder later is told, so that nobody
takes it for read. Belongs here: finding it. Does not belong here: receiving (`receive`).
"""

from pipelines.connectors import ConnectorError, table_files
from pipelines.contracts.city import City
from pipelines.contracts.sources import contracts_of
from pipelines.ingest.receipts import Receipt
from pipelines.settings import Home


def unread_files(home: Home, city: City, receipt: Receipt) -> list[str]:
    """Names of table files in the folder of an accepted delivery that were not read with it."""
    connection = city.connection(receipt.department)
    folder = home.delivery(receipt.department, receipt.received_on)
    read = {file.name for table in receipt.tables.values() for file in table.files}
    try:
        there = table_files(connection, contracts_of(receipt.department), folder)
    except ConnectorError as fault:
        return [str(fault)]
    return sorted(there - read)
