"""Handing one mail to the server, step by step, so that it is known whether it was taken.

Always encrypted (STARTTLS or TLS, certificates verified) and never a password over plain text.
Does not belong here: which mails go (`sending`), what was sent (`delivery_ledger`).
"""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Literal

from pipelines.settings import MailSettings, UsageError, WenduError, now

TEMPORARY, PERMANENT = 400, 500
"""Answers from here on mean: not now; never."""

START_OF_DATA = 354


class MailError(WenduError):
    """The mail server cannot be used at all; says why, never with a password."""


class MailUnreachableError(MailError):
    """The mail server does not answer now; it may later."""


@dataclass(frozen=True)
class Answer:
    """What the server said to one mail.

    `accepted` and `refused` are its word; `deferred` may be tried again; `uncertain` means that
    the connection died after the whole mail was handed over and before the answer.
    """

    state: Literal["accepted", "deferred", "refused", "uncertain"]
    told: str


@contextmanager
def session(settings: MailSettings) -> Iterator[smtplib.SMTP]:
    """A session with the server, encrypted and signed in.

    Raises:
        UsageError: the file of the authority cannot be read.
        MailUnreachableError: the server does not answer.
        MailError: its certificate is not trusted, it does not encrypt, or it does not know user
            and password.
    """
    where = f"The mail server {settings.host}:{settings.port_or_default}"
    trusted = _trusted(settings)
    try:
        server = _connect(settings, trusted)
    except ssl.SSLCertVerificationError as fault:
        raise MailError(
            f"{where} shows a certificate that is not trusted ({fault.verify_message}); name the "
            "authority's file in WENDU_MAIL_CA_FILE."
        ) from None
    except smtplib.SMTPAuthenticationError:
        raise MailError(
            f"{where} does not know this user and password; see WENDU_MAIL_USER and "
            "WENDU_MAIL_PASSWORD_FILE."
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise MailError(
            f"{where} offers no encryption or no sign-in; nothing is sent in the clear."
        ) from None
    except (OSError, smtplib.SMTPException) as fault:
        raise MailUnreachableError(
            f"{where} cannot be reached or ended the talk ({type(fault).__name__}); lists wait "
            "and go with the next `wendu send`."
        ) from None
    try:
        yield server
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()


def _trusted(settings: MailSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as fault:  # no certificate in it is one, too
        raise UsageError(
            f"{settings.ca_file} (WENDU_MAIL_CA_FILE) cannot be read as an authority's certificate "
            "in PEM; name its file, or take the setting away."
        ) from fault


def _connect(settings: MailSettings, trusted: ssl.SSLContext) -> smtplib.SMTP:
    assert settings.host is not None
    port, patience = settings.port_or_default, settings.timeout_seconds
    server: smtplib.SMTP
    if settings.security == "tls":
        server = smtplib.SMTP_SSL(settings.host, port, timeout=patience, context=trusted)
    else:
        server = smtplib.SMTP(settings.host, port, timeout=patience)
    try:
        if settings.security == "starttls":
            server.starttls(context=trusted)
        server.ehlo_or_helo_if_needed()
        if settings.user:
            server.login(settings.user, settings.read_password())
    except BaseException:
        server.close()
        raise
    return server


def hand_over(server: smtplib.SMTP, message: EmailMessage) -> Answer:
    """Hand one mail over, dated now. The answer tells whether it was taken.

    Raises:
        MailError: the server takes nothing from this sender, whoever it is for.
    """
    del message["Date"]
    message["Date"] = format_datetime(now())
    content = message.as_bytes(policy=SMTP_POLICY)
    try:
        code, told = server.mail(str(message["From"]))
        if code >= PERMANENT:
            raise MailError(
                f"The mail server takes no mail from {message['From']} ({_text(code, told)}); see "
                "WENDU_MAIL_SENDER, WENDU_MAIL_USER and what the server asks of its senders."
            )
        if code < TEMPORARY:
            code, told = server.rcpt(str(message["To"]))
        if code < TEMPORARY:
            code, told = server.docmd("DATA")
        if code != START_OF_DATA:
            _begin_anew(server)
            return _refusal(code, told)
        quoted = re.sub(rb"(?m)^\.", b"..", content)
        server.send(quoted if quoted.endswith(b"\r\n") else quoted + b"\r\n")
    except (OSError, smtplib.SMTPException) as fault:
        # The end of the mail was never sent, so it was not taken.
        return Answer("deferred", f"the connection ended ({type(fault).__name__})")
    try:
        server.send(b".\r\n")
        code, told = server.getreply()
    except (OSError, smtplib.SMTPException) as fault:
        return Answer("uncertain", f"no answer to the whole mail ({type(fault).__name__})")
    return _refusal(code, told) if code >= TEMPORARY else Answer("accepted", _text(code, told))


def _begin_anew(server: smtplib.SMTP) -> None:
    """End what was begun of a mail, or the server takes the next one for a part of it."""
    with suppress(OSError, smtplib.SMTPException):  # it hung up: the next mail begins a new talk
        server.rset()


def _refusal(code: int, told: bytes) -> Answer:
    return Answer("refused" if code >= PERMANENT else "deferred", _text(code, told))


def _text(code: int, told: bytes) -> str:
    """The server's words, on one line and short."""
    return f"{code} {told.decode('utf-8', 'replace')}".replace("\n", " ")[:200]
