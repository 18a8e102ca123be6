"""Mails that came back: notices of non-delivery dropped into a folder, read with their mail's name.

A notice (RFC 3464) names the mail it is about and says what became of it; of one that failed the
row in the ledger becomes `bounced` and is told. A delay, and an answer that a mailbox gives by
itself, are told and change nothing. Does not belong here: fetching mail, sending again (`sending`).
"""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage, Message

from pipelines.outreach.delivery_ledger import DeliveryLedger
from pipelines.settings import Home

REFERENCES = ("Message-ID", "In-Reply-To", "References")
FAILED = "failed"
RETURNED = ("message/rfc822", "text/rfc822-headers")
"""The mail itself, or its head: what an older server sends back without a word of its own."""


def take_bounces(home: Home, ledger: DeliveryLedger, at: str) -> list[str]:
    """Read `outbox/bounces/*.eml`; each read file moves to `outbox/bounces/read/`.

    Args:
        home: the home.
        ledger: where bounces are written down.
        at: the moment, for the ledger.

    Returns:
        One sentence per file.
    """
    told = []
    for file in sorted((home.outbox / "bounces").glob("*.eml")):
        notice = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        sent = next(
            (row for name in _mails_named(notice) if (row := ledger.by_message(name))), None
        )
        if sent is None:
            told.append(f"{file.name} names no mail of this ledger; it stays where it is.")
            continue
        if not _is_failure(notice):
            told.append(
                f"{file.name} is about the list {sent.batch_id} and does not say that it came "
                "back; it stays where it is: read it, and take it away."
            )
            continue
        reason = _reason(notice)
        ledger.write(replace(sent, state="bounced", told=reason, at=at))
        told.append(f"The list {sent.batch_id} came back from {sent.recipient}: {reason}.")
        read = file.parent / "read"
        read.mkdir(exist_ok=True, mode=0o700)
        file.replace(read / file.name)
    return told


def _mails_named(notice: EmailMessage) -> list[str]:
    """Names of mails in headers of the notice and of the mail it returns."""
    found: list[str] = []
    for part in notice.walk():
        for header in REFERENCES:
            found += re.findall(r"<[^<>\s]+>", str(part.get(header, "")))
        if part.get_content_type() == "text/rfc822-headers":
            found += re.findall(r"(?im)^message-id:\s*(<[^<>\s]+>)", str(part.get_content()))
    return found


def _is_failure(notice: EmailMessage) -> bool:
    """Whether a mail came back: a notice says so, or, where it says nothing, returns the mail."""
    told = list(_statuses(notice))
    if told:
        return any(str(block.get("Action", FAILED)).strip().lower() == FAILED for block in told)
    return any(part.get_content_type() in RETURNED for part in notice.walk())


def _reason(notice: EmailMessage) -> str:
    """The status and the words of the other server, where the notice has them."""
    for block in _statuses(notice):
        words = str(block.get("Diagnostic-Code", "")).replace("\n", " ")
        return f"{block['Status']} {words}".strip()[:200]
    return "no reason given"


def _statuses(notice: EmailMessage) -> Iterator[Message]:
    """What the notice says of each recipient."""
    for part in notice.walk():
        if part.get_content_type() == "message/delivery-status":
            for block in part.get_payload():
                if isinstance(block, Message) and block.get("Status"):
                    yield block
