"""Pages of a department's interface over HTTP, each kept as one NDJSON file.

Answers are bounded in size, number and time and must hang together. Numbers stay as they are
written in the answer. Does not belong here: where the pages lie (`fetching`), what a record means
(`ingest`).
"""

import hashlib
import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import tenacity

from pipelines.connectors.raw import ConnectorError
from pipelines.contracts.city import Connection, Interface
from pipelines.contracts.sources import Contract

REFUSALS = {
    401: "refused the token; renew it where the city's folder says it lies",
    403: "refused access; have the department open this table for the token",
    404: "knows no such table; check the address and the table's name in the city's folder",
}
FIRST_WAIT_SECONDS = 0.5


class _PassingError(Exception):
    """A fault that may be gone when the page is asked for again."""

    def __init__(self, sentence: str, wait_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True)
class _Page:
    records: Sequence[Mapping[str, Any]]
    total: int | None
    next_cursor: str | None


def fetch_pages(
    connection: Connection,
    contracts: Sequence[Contract],
    folder: Path,
    received_on: date,
    since: date | None,
) -> None:
    """Fetch every table of a department, a file for each page.

    Args:
        connection: address, token and the shape of answers.
        contracts: the department's tables; each is asked for once.
        folder: an empty folder for the pages.
        received_on: the date of the delivery.
        since: date of the last accepted delivery; null asks for everything.

    Raises:
        ConnectorError: the interface cannot be reached, refuses, or its answers do not hang
            together. Neither the token nor a value of a record is in the sentence.
    """
    with _client(connection) as client:
        for contract in contracts:
            source = _Source(client, connection, contract, folder, received_on, since)
            for number, page in enumerate(source.pages(), start=1):
                _keep(page.records, folder / f"{contract.table}.{number:06}.ndjson")


def _client(connection: Connection) -> httpx.Client:
    token = connection.password()
    interface = connection.interface
    try:
        verify: ssl.SSLContext | bool = (
            ssl.create_default_context(cafile=str(interface.ca_file)) if interface.ca_file else True
        )
    except (OSError, ssl.SSLError) as fault:
        raise ConnectorError(
            f"the certificate file {interface.ca_file} cannot be used; put the department's "
            "certificate authority there in PEM form"
        ) from fault
    return httpx.Client(
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=interface.answer_seconds,
        verify=verify,
        trust_env=False,
        follow_redirects=False,
    )


class _Source:
    """One table of an interface: page after page, bounded, and checked to hang together."""

    def __init__(
        self,
        client: httpx.Client,
        connection: Connection,
        contract: Contract,
        folder: Path,
        received_on: date,
        since: date | None,
    ) -> None:
        self._client = client
        self._interface: Interface = connection.interface
        self._is_snapshot = contract.mode == "snapshot"
        self._what = f"{contract.department}, table {contract.table}"
        named = connection.tables.get(contract.table, contract.table)
        self._address = connection.address(folder, received_on).replace("{table}", named)
        self._asked: dict[str, str] = {}
        if self._interface.on:
            self._asked[self._interface.on] = received_on.isoformat()
        if self._interface.since and contract.mode == "append" and since is not None:
            self._asked[self._interface.since] = since.isoformat()

    def pages(self) -> Iterator[_Page]:
        """All pages that hold records; a snapshot without any gives one empty page."""
        interface = self._interface
        ends_at = time.monotonic() + interface.table_seconds
        received, total, number = 0, None, 0
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            number += 1
            page = self._page(number, cursor, ends_at)
            mark = _mark(page)
            if page.records and mark in seen:
                raise self._fault(f"page {number} is a page that came before")
            seen.add(mark)
            if total is not None and page.total is not None and page.total != total:
                raise self._fault(
                    f"it told {total} records at first and {page.total} on page {number}"
                )
            total = page.total if page.total is not None else total
            received += len(page.records)
            if total is not None and received > total:
                raise self._fault(f"it told {total} records and goes on after {received}")
            if page.records or (number == 1 and self._is_snapshot):
                yield page
            cursor = page.next_cursor
            if self._is_last(page, received, total):
                break
            if number >= interface.most_pages:
                raise self._fault(f"it goes on after {interface.most_pages} pages")
        if total is not None and received != total:
            raise self._fault(f"it told {total} records and sent {received}")

    def _is_last(self, page: _Page, received: int, total: int | None) -> bool:
        """Whether nothing comes after a page; of how many rows one is, the interface decides."""
        if self._interface.paging == "none":
            return True
        if self._interface.paging == "cursor":
            return page.next_cursor is None
        return not page.records or received == total

    def _page(self, number: int, cursor: str | None, ends_at: float) -> _Page:
        interface = self._interface
        asked = dict(self._asked)
        if interface.paging != "none" and interface.size:
            asked[interface.size] = str(interface.page_rows)
        if interface.paging == "page":
            asked[interface.page] = str(interface.first_page + number - 1)
        elif cursor is not None:
            asked[interface.cursor] = cursor
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_PassingError),
            stop=tenacity.stop_after_attempt(interface.attempts)
            | tenacity.stop_after_delay(interface.table_seconds),
            wait=self._wait,
            reraise=True,
        )
        try:
            return again(self._ask, asked, number, ends_at)
        except _PassingError as fault:
            raise self._fault(str(fault)) from None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        asked_for = fault.wait_seconds if isinstance(fault, _PassingError) else None
        longest = self._interface.longest_wait_seconds
        wait = FIRST_WAIT_SECONDS * 2 ** (state.attempt_number - 1)
        return min(longest, wait if asked_for is None else asked_for)

    def _ask(self, asked: Mapping[str, str], number: int, ends_at: float) -> _Page:
        most = int(self._interface.page_megabytes * 1_000_000)
        answer_ends_at = min(ends_at, time.monotonic() + self._interface.answer_seconds * 2)
        try:
            with self._client.stream("GET", self._address, params=dict(asked)) as answer:
                self._refuse(answer)
                body = bytearray()
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > most:
                        raise self._fault(f"page {number} is larger than {most} bytes")
                    if time.monotonic() > answer_ends_at:
                        raise _PassingError(f"page {number} comes too slowly")
        except httpx.HTTPError as fault:
            raise _PassingError(_told(fault, number)) from None
        except httpx.InvalidURL:
            raise self._fault("its address is none; write it in the city's folder") from None
        return self._understood(bytes(body), number)

    def _refuse(self, answer: httpx.Response) -> None:
        code = answer.status_code
        if code == httpx.codes.TOO_MANY_REQUESTS or code >= httpx.codes.INTERNAL_SERVER_ERROR:
            wait = _retry_after(answer.headers)
            raise _PassingError(f"it answered {code} again and again", wait)
        if code != httpx.codes.OK:
            raise self._fault(f"it {REFUSALS.get(code, f'answered {code}')}")

    def _understood(self, body: bytes, number: int) -> _Page:
        interface = self._interface
        try:
            # Numbers as they are written: a parser would round them to binary ones.
            answer = json.loads(body, parse_float=str, parse_int=str)
        except (ValueError, RecursionError):
            raise _PassingError(f"page {number} is no whole JSON") from None
        records = answer.get(interface.rows) if isinstance(answer, dict) else None
        if not isinstance(records, list) or not all(isinstance(row, dict) for row in records):
            raise self._fault(f"page {number} has no list of records in the field {interface.rows}")
        total = answer.get(interface.total) if interface.total else None
        if total is not None and not (isinstance(total, str) and total.isdecimal()):
            raise self._fault(f"the field {interface.total} of page {number} is no number")
        cursor = answer.get(interface.next_cursor) if interface.paging == "cursor" else None
        return _Page(
            records, None if total is None else int(total), str(cursor) if cursor else None
        )

    def _fault(self, why: str) -> ConnectorError:
        return ConnectorError(
            f"{self._what}: the interface was asked and {why}; nothing of this delivery was taken, "
            "it is asked for again on the next run"
        )


def _mark(page: _Page) -> str:
    told = json.dumps([page.records, page.next_cursor], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(told.encode(errors="replace")).hexdigest()


def _told(fault: httpx.HTTPError, number: int) -> str:
    if isinstance(fault, httpx.TimeoutException):
        return f"page {number} comes too slowly"
    if isinstance(fault, httpx.ConnectError):
        if "CERTIFICATE" in str(fault).upper():
            return "its certificate is not trusted; name its authority as ca_file"
        return "it cannot be reached; check the address and that it is up"
    return f"the connection broke at page {number}"


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds to wait, told as a number or as a date beside the answer's own; else null."""
    told = headers.get("Retry-After", "")
    if told.strip().isdecimal():
        return float(told)
    try:
        until = parsedate_to_datetime(told) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, until.total_seconds())


def _keep(records: Sequence[Mapping[str, Any]], path: Path) -> None:
    # Half a character, which some interfaces cut a long text to, is no text: it becomes "?".
    with path.open("w", encoding="utf-8", errors="replace") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
