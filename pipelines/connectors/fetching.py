"""Deliveries that we ask for: fetched into their folder, whole or not at all, then read as files.

What a department's database or interface gave on a date is kept below `landing/` like a file that
was dropped there: it can be read again, and a day can be built anew from it. Belongs here: the
folder, and who fetches. Does not belong here: how a database or an interface is asked
(`postgresql`, `database`, `interface`), what a row means (`ingest`).
"""

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pipelines.connectors.database import pull_tables
from pipelines.connectors.raw import ConnectorError
from pipelines.contracts.city import Connection
from pipelines.contracts.sources import Contract
from pipelines.settings import put_in_place

FETCHING = ".fetching"


def fetch_delivery(
    connection: Connection,
    contracts: Sequence[Contract],
    folder: Path,
    received_on: date,
    since: date | None,
) -> None:
    """Fetch every table of a department into the folder of its delivery.

    Args:
        connection: address, secret and form.
        contracts: the department's tables; each is asked for once.
        folder: where the delivery is to lie; left as it was when anything fails.
        received_on: the date of the delivery.
        since: date of the last accepted delivery; null asks for everything.

    Raises:
        ConnectorError: the department cannot be reached, refuses, or its answers do not hang
            together. Neither the secret nor a value of a row is in the sentence.
    """
    aside = folder.with_name(f"{FETCHING}-{folder.name}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True, mode=0o700)
    try:
        if connection.form == "api":
            from pipelines.connectors.interface import fetch_pages  # noqa: PLC0415 - as below

            fetch_pages(connection, contracts, aside, received_on, since)
        else:
            from pipelines.connectors.postgresql import (  # noqa: PLC0415 - a driver takes a quarter of a second that files do not need
                copy_tables,
                is_postgresql,
            )

            url = connection.address(folder, received_on)
            fetch = copy_tables if is_postgresql(url) else pull_tables
            fetch(url, connection, contracts, aside, since)
        if not any(aside.iterdir()):
            raise ConnectorError(
                f"{contracts[0].department}: none of its tables was found; name its own names of "
                "them in the city's folder"
            )
        if folder.is_dir():
            folder.rmdir()
        put_in_place(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
