"""What lies in landing and is not in the lake: files that came after their delivery was accepted.

A delivery is accepted whole and once; what comes into its folder later, or takes the place of a
file that was read, is told, so that nobody takes it for read. Belongs here: finding it. Does not
belong here: receiving (`receive`).
"""

import hashlib
from pathlib import Path

from pipelines.connectors import ConnectorError, table_files
from pipelines.contracts.city import City
from pipelines.contracts.sources import contracts_of
from pipelines.ingest.receipts import FileReceipt, Receipt
from pipelines.settings import Home


def unread_files(home: Home, city: City, receipt: Receipt, *, looks_inside: bool) -> list[str]:
    """Names of `unread_paths`, in order; where a file cannot be placed, what is wrong with it."""
    try:
        return sorted(unread_paths(home, city, receipt, looks_inside=looks_inside))
    except ConnectorError as fault:
        return [str(fault)]


def unread_paths(
    home: Home, city: City, receipt: Receipt, *, looks_inside: bool
) -> dict[str, Path]:
    """Table files in the folder of an accepted delivery that were not read with it, by name.

    Args:
        home: where landing lies.
        city: how the department delivers.
        receipt: of the delivery.
        looks_inside: a file of the same name is looked at, too: by its size, and where it was
            written after the receipt, by its hash.

    Raises:
        ConnectorError: something in the folder is no file, or its name is no text.
    """
    connection = city.connection(receipt.department)
    folder = home.delivery(receipt.department, receipt.received_on)
    read = {file.name: file for table in receipt.tables.values() for file in table.files}
    received_at = home.receipt(receipt.department, receipt.received_on).stat().st_mtime_ns
    there = table_files(connection, contracts_of(receipt.department), folder)
    # Where files that were read are gone, what bears the name of one may be another.
    looks_inside = looks_inside or not read.keys() <= there.keys()
    return {
        name: path
        for name, path in there.items()
        if name not in read or (looks_inside and _is_another(path, read[name], received_at))
    }


def _is_another(file: Path, read: FileReceipt, received_at: int) -> bool:
    """Whether a file is not the one that was read; one that was pulled has no hash to tell by."""
    if not read.sha256 or not file.is_file():
        return False
    found = file.stat()
    if found.st_size != read.bytes:
        return True
    if found.st_mtime_ns <= received_at:
        return False
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() != read.sha256
