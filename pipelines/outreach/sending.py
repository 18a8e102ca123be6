"""Sending a day's lists: one mail per office, each list once, whatever happens in between.

What goes is decided from the ledger, never from the time: what was accepted is not sent again;
what was put off goes again, in this command with growing waits and with the next one; what was
refused goes again when the address changed; what is uncertain goes again only when the operator
says so. Does not belong here: the server's talk (`mail`), counts (`digest`).
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from smtplib import SMTP

import polars as pl
from tenacity import RetryError, Retrying, retry_if_result, stop_after_attempt, wait_exponential

from pipelines.outreach.delivery_ledger import DeliveryLedger, Sent
from pipelines.outreach.digest import DIGESTS, published_lists, text_for
from pipelines.outreach.encryption import encrypt_lists
from pipelines.outreach.mail import Answer, MailError, MailUnreachableError, hand_over, session
from pipelines.settings import Home, MailSettings

XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
LONGEST_WAIT_SECONDS = 600

UNKNOWN = {"sending", "uncertain"}
"""Nobody can tell whether the list arrived: the server gave no answer, or the machine died."""

UNCERTAIN_IN_A_ROW = 3
"""After so many mails without an answer the others wait: each one costs a telephone call."""


@dataclass(frozen=True)
class Letter:
    """One list and where it goes.

    `in_place_of` is the mail of the list whose place it takes, `sent_as` the mail by which it may
    have arrived before; empty where there is none.
    """

    office: str
    recipient: str
    digest: Mapping[str, object]
    workbook: Path
    sha256: str
    is_corrected: bool
    in_place_of: str = ""
    sent_as: str = ""

    @property
    def batch_id(self) -> str:
        """The batch that stands on the list."""
        return str(self.digest["batch_id"])


@dataclass
class Plan:
    """What is to be done for a day: letters to send, and why the others are not.

    `day` is the folder of the day as it was when this was made.
    """

    day: Path
    to_send: list[Letter] = field(default_factory=list)
    already_sent: int = 0
    uncertain: list[Letter] = field(default_factory=list)
    refused: list[Letter] = field(default_factory=list)
    without_recipient: list[str] = field(default_factory=list)
    without_password: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """What became of a command: counts of letters by state, and sentences."""

    states: dict[str, int] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)

    def count(self, state: str) -> int:
        """How many letters ended in a state."""
        return self.states.get(state, 0)


def plan(
    home: Home,
    on_date: date,
    recipients: Mapping[str, str],
    passwords: Mapping[str, str] | None,
    ledger: DeliveryLedger,
    *,
    resend: bool = False,
) -> Plan:
    """What a day's sending would do.

    Args:
        home: whose published day.
        on_date: the day.
        recipients: address by office.
        passwords: by office, where lists are encrypted; none sends them as they are.
        ledger: what was sent before.
        resend: send what is uncertain, refused or bounced once more.

    Raises:
        UsageError: as `published_lists`.
    """
    # As it is now: it may be run again, and shown anew, meanwhile.
    day = home.day(on_date).resolve()
    workbooks = published_lists(day, on_date)
    digests = {row["office"]: row for row in pl.read_parquet(day / DIGESTS).to_dicts()}
    sent = ledger.of_day(on_date.isoformat())
    made = Plan(day)
    for workbook in workbooks:
        office = workbook.stem
        if office not in recipients:
            made.without_recipient.append(office)
            continue
        if passwords is not None and office not in passwords:
            made.without_password.append(office)
            continue
        content = sha256(workbook.read_bytes()).hexdigest()
        of_office = [row for row in sent if row.office == office]
        may_be_there = [row for row in of_office if row.state in {"accepted", *UNKNOWN}]
        is_corrected = any(row.sha256 != content for row in may_be_there)
        # A day that is again what it was before a correction is sent again: the office goes by it.
        last = may_be_there[-1] if may_be_there else None
        is_last = last is not None and last.sha256 == content
        letter = Letter(
            office, recipients[office], digests[office], workbook, content, is_corrected,
            in_place_of=last.message_id if last and not is_last else "",
            sent_as=last.message_id if last and is_last and last.recipient == recipients[office]
            else "",
        )  # fmt: skip
        same = [row for row in of_office if row.sha256 == content]
        states = {row.state for row in same if row.recipient == letter.recipient}
        if is_last and any(row.state == "accepted" for row in same):
            made.already_sent += 1
        elif is_last and states & UNKNOWN and not resend:
            made.uncertain.append(letter)
        elif states & {"refused", "bounced"} and not resend:
            made.refused.append(letter)
        else:
            made.to_send.append(letter)
    return made


@dataclass
class Dispatch:
    """Sending the letters of one plan, each step written into the ledger before and after.

    Attributes:
        settings: server and patience.
        ledger: of the home.
        passwords: by office, where lists are encrypted.
        moment: the time now, for the ledger.
        tell: called with a sentence when something is put off.
    """

    settings: MailSettings
    ledger: DeliveryLedger
    passwords: Mapping[str, str] | None
    moment: Callable[[], str]
    tell: Callable[[str], None]
    outcome: Outcome = field(default_factory=Outcome)
    _uncertain_in_a_row: int = 0

    def send(self, letters: Sequence[Letter]) -> Outcome:
        """Send letters; what is put off is tried again with growing waits.

        Raises:
            MailError: the server's certificate, user or password is wrong, or it takes nothing
                from this sender.
        """
        waiting = list(letters)
        attached = self._attachments(letters)

        def one_round() -> int:
            waiting[:] = self._round(waiting, attached)
            return 0 if self._is_given_up else len(waiting)

        with suppress(RetryError):
            Retrying(
                retry=retry_if_result(bool),
                stop=stop_after_attempt(self.settings.tries),
                wait=wait_exponential(
                    multiplier=self.settings.first_wait_seconds, max=LONGEST_WAIT_SECONDS
                ),
            )(one_round)
        if waiting:
            self.outcome.states["deferred"] = len(waiting)
        return self.outcome

    @property
    def _is_given_up(self) -> bool:
        return self._uncertain_in_a_row >= UNCERTAIN_IN_A_ROW

    def _attachments(self, letters: Sequence[Letter]) -> dict[str, bytes]:
        if self.passwords is None:
            return {letter.office: letter.workbook.read_bytes() for letter in letters}
        with tempfile.TemporaryDirectory() as folder:
            books = (letter.workbook for letter in letters)
            copies = encrypt_lists(books, self.passwords, Path(folder) / "sealed")
            return {copy.stem: copy.read_bytes() for copy in copies}

    def _round(self, letters: Sequence[Letter], attached: Mapping[str, bytes]) -> list[Letter]:
        """Try each letter once, over as few connections as it takes; those that are put off."""
        put_off: list[Letter] = []
        waiting = list(letters)
        while waiting and not self._is_given_up:
            try:
                with session(self.settings) as server:
                    while waiting and server.sock is not None:
                        letter = waiting.pop(0)
                        answer = self._hand_over(server, letter, attached[letter.office])
                        if answer.state == "deferred":
                            put_off.append(letter)
                            self.tell(f"{letter.office} is put off: {answer.told}.")
                        if answer.state == "uncertain":
                            break  # the connection is gone
            except MailUnreachableError as fault:
                self.tell(str(fault))
                return put_off + waiting
        if self._is_given_up:
            self.tell(
                f"The server gave no answer to {UNCERTAIN_IN_A_ROW} whole mails in a row; "
                "the other lists wait and go with the next `wendu send`."
            )
        return put_off + waiting

    def _hand_over(self, server: SMTP, letter: Letter, attached: bytes) -> Answer:
        message = letter_as_mail(letter, attached, self.settings)
        sending = self._row(letter, str(message["Message-ID"]))
        self.ledger.write(sending)
        try:
            answer = hand_over(server, message)
        except MailError as fault:
            self.ledger.write(replace(sending, state="deferred", told=str(fault), at=self.moment()))
            raise
        self._uncertain_in_a_row = (
            self._uncertain_in_a_row + 1 if answer.state == "uncertain" else 0
        )
        answered = replace(sending, state=answer.state, told=answer.told, at=self.moment())
        self.ledger.write(answered)
        if answer.state != "deferred":
            self.outcome.states[answer.state] = self.outcome.count(answer.state) + 1
        if answer.state in ("refused", "uncertain"):
            self.outcome.sentences.append(
                f"{letter.office} ({letter.recipient}) {answer.state}: {answer.told}."
            )
        return answer

    def _row(self, letter: Letter, message_id: str) -> Sent:
        earlier = self.ledger.by_message(message_id)
        return Sent(
            batch_id=letter.batch_id,
            sha256=letter.sha256,
            recipient=letter.recipient,
            office=letter.office,
            on_date=str(letter.digest["on_date"]),
            message_id=message_id,
            state="sending",
            attempts=(earlier.attempts if earlier else 0) + 1,
            told="",
            at=self.moment(),
        )


def letter_as_mail(letter: Letter, attached: bytes, settings: MailSettings) -> EmailMessage:
    """The mail of one list; however often it is tried, it has the same Message-ID.

    But for one that takes the place of its own correction: a mailbox drops what it has already.
    """
    message = EmailMessage()
    sender = str(settings.sender)
    corrected = "（更正）" if letter.is_corrected else ""
    marks = f"{letter.batch_id} {letter.sha256} {letter.recipient} {letter.in_place_of}"
    name = sha256(marks.encode()).hexdigest()
    message["From"], message["To"] = sender, letter.recipient
    message["Subject"] = (
        f"{letter.digest['name']} 走访核对清单 {letter.digest['on_date']}{corrected}"
    )
    message["Message-ID"] = letter.sent_as or f"<{name[:32]}.wendu@{sender.rpartition('@')[2]}>"
    is_encrypted = attached[:2] != b"PK"
    text = text_for(letter.digest, is_corrected=letter.is_corrected, is_encrypted=is_encrypted)
    message.set_content(text, cte="base64")
    message.add_attachment(attached, *XLSX, filename=letter.workbook.name)
    return message
