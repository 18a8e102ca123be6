"""To whom each office's list goes: one address per office, kept by the operator.

Does not belong here: sending (`sending`), passwords (`encryption`).
"""

import csv
import io
from collections.abc import Collection
from email.errors import MessageError
from email.headerregistry import Address
from pathlib import Path

from pipelines.settings import UsageError

CODE, ADDRESS = "township_code", "address"
RECIPIENTS = "recipients.csv"


def read_recipients(file: Path, offices: Collection[str]) -> dict[str, str]:
    """Addresses by office.

    Args:
        file: CSV in UTF-8 with the columns `township_code,address`, one row per office.
        offices: codes that there are.

    Raises:
        UsageError: the file is missing or not of this form, an office is unknown or named twice,
            an address is none; says in which line.
    """
    if not file.is_file():
        raise UsageError(
            f"{file} is missing: make it, a CSV file with the columns {CODE},{ADDRESS}."
        )
    try:
        lines = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")))
        rows = [(row[CODE].strip(), row[ADDRESS].strip()) for row in lines]
    except (UnicodeDecodeError, KeyError, AttributeError, csv.Error):
        raise UsageError(
            f"{file} is not a list of recipients: a CSV file in UTF-8 with the columns "
            f"{CODE},{ADDRESS}."
        ) from None
    known: dict[str, str] = {}
    for line, (office, address) in enumerate(rows, start=2):
        if office not in offices:
            raise UsageError(f"{file}, line {line}: there is no township or county {office!r}.")
        if office in known:
            raise UsageError(f"{file}, line {line}: {office} stands there twice; keep one row.")
        if not is_address(address):
            raise UsageError(f"{file}, line {line}: {address!r} is no mail address.")
        known[office] = address
    return known


def is_address(text: str) -> bool:
    """Whether a text is one plain mail address, name@host."""
    try:
        parsed = Address(addr_spec=text)
    except (MessageError, ValueError, IndexError):
        return False
    return bool(parsed.username and parsed.domain) and text.isascii() and text.isprintable()
