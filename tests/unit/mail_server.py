"""A real mail server on loopback that refuses, delays and dies as it is told.

Checks live in the tests themselves.
"""

import email
import email.policy
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "wendu", "geheim-1234"
DIES_AT_MAIL, DIES_IN_DATA = "dies at MAIL", "dies in DATA"
REFUSES_DATA = "503 at DATA"


@dataclass
class Server:
    """What it answers to whom (the first answers are used up, then all is well), and what came."""

    port: int
    answers: dict[str, list[str]] = field(default_factory=dict)
    dies_at_mail: int = 0
    takes_from_nobody: str = ""
    came: list[EmailMessage] = field(default_factory=list)

    def to(self, recipient: str) -> list[EmailMessage]:
        """The mails that came for somebody."""
        return [mail for mail in self.came if mail["To"] == recipient]

    async def handle_MAIL(  # noqa: N802 - names the library calls
        self, talk: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.dies_at_mail:
            self.dies_at_mail -= 1
            _hang_up(talk)
        if self.takes_from_nobody:
            return self.takes_from_nobody
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - names the library calls
        self, _talk: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        waiting = self.answers.get(address, [])
        if waiting and waiting[0] == REFUSES_DATA:
            waiting.pop(0)
            return "250 OK"  # and forgets the recipient
        if waiting and waiting[0] != DIES_IN_DATA:
            return waiting.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, talk: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        waiting = self.answers.get(envelope.rcpt_tos[0], [])
        if waiting:
            waiting.pop(0)
            _hang_up(talk)
        content = envelope.content
        assert isinstance(content, bytes)
        self.came.append(email.message_from_bytes(content, policy=email.policy.default))
        return "250 taken"


def _hang_up(talk: SMTP) -> None:
    assert talk.transport is not None
    talk.transport.abort()


def _signs_in(
    _talk: SMTP, _session: Session, _envelope: Envelope, _way: str, who: Any
) -> AuthResult:
    is_known = isinstance(who, LoginPassword) and (who.login, who.password) == (
        USER.encode(), PASSWORD.encode(),
    )  # fmt: skip
    return AuthResult(success=is_known, handled=is_known)


@contextmanager
def mail_server(
    authority: trustme.CA, security: str, port: int | None = None, *, signs_in: bool = True
) -> Iterator[Server]:
    """A running server; `security` is starttls, tls or none at all."""
    server = Server(port or free_port())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    how: dict[str, Any] = {
        "starttls": {"tls_context": context, "require_starttls": True},
        "tls": {"ssl_context": context, "auth_require_tls": False},
        "none": {"auth_require_tls": False},
    }[security]
    controller = Controller(
        server, hostname="127.0.0.1", port=server.port, authenticator=_signs_in,
        auth_required=signs_in, **how,
    )  # fmt: skip
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
