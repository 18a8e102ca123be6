"""Pages asked for over HTTP, from a real server on loopback that behaves as it is told."""

import json
import shutil
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme

from pipelines.connectors import ConnectorError, fetch_delivery
from pipelines.contracts.city import City, Connection, load_city
from pipelines.contracts.sources import Contract, load_contracts
from pipelines.ingest import receive
from tests.unit.deliveries import FIRST, SECOND, THIRD, Office, number

MEMBERS = load_contracts()["agriculture", "monitored_members"]
MACHINERY = load_contracts()["agriculture", "machinery"]

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Server:
    """What it answers is decided by `answer`; what it was asked is kept."""

    answer: Callable[[str, dict[str, str], int], Answer]
    asked: list[dict[str, str]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    slowly: float = 0.0
    url: str = ""


def record(sequence: int) -> dict[str, object]:
    return {
        "monitor_no": f"M{sequence}", "id_no": number(sequence), "name": "张某", "relation": "01",
    }  # fmt: skip


def page(
    rows: list[dict[str, object]], total: int | None = None, cursor: str | None = None
) -> Answer:
    body = {"data": rows, "total": total, "next_cursor": cursor}
    return 200, {}, json.dumps(body).encode()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    running: list[ThreadingHTTPServer] = []

    def start(
        answer: Callable[[str, dict[str, str], int], Answer], context: ssl.SSLContext | None = None
    ) -> Server:
        told = Server(answer)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                told.asked.append(query)
                told.tokens.append(self.headers.get("Authorization"))
                code, headers, body = told.answer(parts.path, query, len(told.asked))
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    for byte in range(0, len(body), 8 if told.slowly else max(1, len(body))):
                        self.wfile.write(body[byte : byte + (8 if told.slowly else len(body))])
                        self.wfile.flush()
                        time.sleep(told.slowly)
                except OSError:
                    pass  # the asking side has had enough

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                pass

        server = Quiet(("127.0.0.1", 0), Handler)
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https" if context else "http"
        told.url = f"{scheme}://localhost:{server.server_port}/v1/{{table}}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return told

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def connection(server: Server, **interface: object) -> Connection:
    bounds = {"attempts": 3, "longest_wait_seconds": 0.05, "answer_seconds": 2, "page_rows": 2}
    return Connection.model_validate(
        {"form": "api", "url": server.url, "interface": bounds | interface}
    )


def fetched(
    server: Server,
    folder: Path,
    contract: Contract = MEMBERS,
    last: date | None = None,
    **interface: object,
) -> list[dict[str, object]]:
    """Records that lie in the delivery's folder after fetching one table."""
    fetch_delivery(connection(server, **interface), [contract], folder, SECOND, last)
    lines = [line for path in sorted(folder.iterdir()) for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def refused(server: Server, folder: Path, **interface: object) -> str:
    """The sentence of a delivery that was not taken; nothing of it may be left."""
    with pytest.raises(ConnectorError) as fault:
        fetched(server, folder, **interface)
    assert list(folder.parent.iterdir()) == []
    return str(fault.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "agriculture").mkdir()
    return tmp_path / "agriculture" / "2024-04-02"


def by_cursor(_path: str, query: dict[str, str], _times: int) -> Answer:
    start = int(query.get("cursor", 0))
    rows = [record(sequence) for sequence in range(start, min(start + 2, 5))]
    return page(rows, 5, str(start + 2) if start + 2 < 5 else None)


def test_pages_are_followed_by_their_cursor(serve, folder: Path) -> None:
    names = [row["monitor_no"] for row in fetched(serve(by_cursor), folder)]
    assert names == ["M0", "M1", "M2", "M3", "M4"]


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4])
def test_pages_are_counted_until_all_came_or_one_is_empty(
    serve, folder: Path, rows: int, tells_total: bool
) -> None:
    def by_number(_path: str, query: dict[str, str], _times: int) -> Answer:
        start = (int(query["page"]) - 1) * int(query["size"])
        records = [record(at) for at in range(start, min(start + 2, rows))]
        return page(records, rows if tells_total else None)

    server = serve(by_number)
    assert len(fetched(server, folder, paging="page")) == rows
    assert len(server.asked) == max(1, -(-rows // 2)) + (rows > 0 and not tells_total)


def test_an_interface_that_sends_fewer_rows_a_page_than_asked_for_is_read_to_its_end(
    serve, folder: Path
) -> None:
    def by_number(_path: str, query: dict[str, str], _times: int) -> Answer:
        at = int(query["page"]) - 1
        return page([record(at)] if at < 5 else [])

    assert len(fetched(serve(by_number), folder, paging="page")) == 5


def test_the_token_goes_out_as_bearer_and_never_into_a_sentence(
    serve, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGRICULTURE_TOKEN", "geheim-7")
    server = serve(lambda *_: (401, {}, b""))
    guarded = connection(server).model_copy(update={"password_variable": "AGRICULTURE_TOKEN"})
    with pytest.raises(ConnectorError, match="refused the token") as fault:
        fetch_delivery(guarded, [MEMBERS], folder, SECOND, None)
    assert server.tokens == ["Bearer geheim-7"]
    assert "geheim" not in str(fault.value)


@pytest.mark.parametrize("code", [429, 500, 502, 503])
def test_a_server_that_is_busy_is_asked_again(serve, folder: Path, code: int) -> None:
    def busy_at_first(path: str, query: dict[str, str], times: int) -> Answer:
        return (code, {"Retry-After": "0"}, b"") if times < 3 else by_cursor(path, query, times)

    assert len(fetched(serve(busy_at_first), folder)) == 5


def test_a_server_that_stays_busy_is_given_up(serve, folder: Path) -> None:
    server = serve(lambda *_: (503, {}, b""))
    assert "503 again and again" in refused(server, folder)
    assert len(server.asked) == 3


@pytest.mark.parametrize("told", ["3600", "in an hour"])
def test_the_wait_that_is_asked_for_is_kept(
    serve, folder: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    until = formatdate(time.time() + 3600, usegmt=True) if told == "in an hour" else told
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)

    def busy_once(_path: str, _query: dict[str, str], times: int) -> Answer:
        return (429, {"Retry-After": until}, b"") if times == 1 else page([record(1)], 1)

    fetched(serve(busy_once), folder, longest_wait_seconds=5000)
    assert max(waits) == pytest.approx(3600, abs=30)


def test_a_page_that_repeats_is_refused(serve, folder: Path) -> None:
    server = serve(lambda *_: page([record(1), record(2)], None, "again"))
    assert "page 2 is a page that came before" in refused(server, folder)


def test_pages_that_never_end_are_refused(serve, folder: Path) -> None:
    server = serve(lambda _path, _query, times: page([record(times)], None, str(times)))
    assert "goes on after 7 pages" in refused(server, folder, most_pages=7)


@pytest.mark.parametrize("told", [4, 6])
def test_a_total_that_disagrees_with_the_rows_is_refused(serve, folder: Path, told: int) -> None:
    def wrong_total(path: str, query: dict[str, str], times: int) -> Answer:
        code, headers, body = by_cursor(path, query, times)
        return code, headers, body.replace(b'"total": 5', f'"total": {told}'.encode())

    assert f"it told {told} records and" in refused(serve(wrong_total), folder)


def test_a_total_that_changes_on_the_way_is_refused(serve, folder: Path) -> None:
    server = serve(lambda _p, _q, times: page([record(times)], 5 + times, str(times)))
    assert "it told 6 records at first and 7 on page 2" in refused(server, folder)


def test_a_slow_body_is_given_up(serve, folder: Path) -> None:
    server = serve(by_cursor)
    server.slowly = 0.05
    assert "too slowly" in refused(server, folder, answer_seconds=0.2, attempts=1)


@pytest.mark.parametrize("body", [b'{"data": [', b"<html>", b"", b"[" * 100_000, b"\xff"])
def test_broken_json_is_one_sentence(serve, folder: Path, body: bytes) -> None:
    assert "page 1 is no whole JSON" in refused(serve(lambda *_: (200, {}, body)), folder)


@pytest.mark.parametrize("body", [b"[]", b'{"rows": []}', b'{"data": {}}', b'{"data": [1]}'])
def test_an_answer_of_another_shape_is_one_sentence(serve, folder: Path, body: bytes) -> None:
    assert "no list of records" in refused(serve(lambda *_: (200, {}, body)), folder)


def test_a_page_without_bounds_is_refused(serve, folder: Path) -> None:
    server = serve(lambda *_: page([record(1) | {"name": "x" * 5000}], 1))
    assert "larger than" in refused(server, folder, page_megabytes=0.001)


def test_a_server_that_is_not_there_is_one_sentence(serve, folder: Path) -> None:
    server = serve(by_cursor)
    server.url = "http://localhost:1/{table}"
    assert "cannot be reached" in refused(server, folder)


def test_a_private_authority_is_trusted_where_it_is_named(
    serve, folder: Path, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = serve(by_cursor, context)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    assert len(fetched(server, folder, ca_file=ca_file)) == 5


def test_an_unknown_authority_is_not_trusted(serve, folder: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    assert "not trusted" in refused(serve(by_cursor, context), folder)


def test_numbers_stay_as_they_are_written(serve, folder: Path) -> None:
    body = b'{"data": [{"price": 1234567890123456.10, "subsidy": 1e3}], "total": 1}'
    rows = fetched(serve(lambda *_: (200, {}, body)), folder, MACHINERY)
    assert rows == [{"price": "1234567890123456.10", "subsidy": "1e3"}]


def test_only_an_append_table_is_asked_for_what_is_new(serve, tmp_path: Path) -> None:
    server = serve(lambda *_: page([record(1)], 1))
    for contract in (MACHINERY, MEMBERS):
        place = tmp_path / "agriculture" / contract.table
        fetched(server, place, contract, FIRST, since="after")
    assert [query.get("after") for query in server.asked] == ["2024-04-01", None]


def city_that_asks(server: Server) -> City:
    city = load_city("371500")
    asked = connection(server, since="since")
    return city.model_copy(update={"departments": city.departments | {"agriculture": asked}})


def rows_of(table: str) -> list[dict[str, object]]:
    if table == "monitored_members":
        return [record(1), record(2)]
    if table == "monitored_households":
        shared = {"kind": "1", "area_code": "371502001001", "identified_on": "2023-01-01"}
        return [{"monitor_no": f"M{at}", "risk_removed": "0"} | shared for at in (1, 2)]
    return []


def test_a_day_is_asked_for_once_and_shelved_as_it_came(serve, office: Office) -> None:
    server = serve(lambda path, _query, _times: page(rows_of(path.rsplit("/", 1)[1])))
    city = city_that_asks(server)
    for _ in range(2):
        receive(office.home, city, "agriculture", FIRST, office.vault, office.gate)
    assert len(server.asked) == 4
    kept = office.home.delivery("agriculture", FIRST).iterdir()
    assert sorted(path.name for path in kept) == [
        "monitored_households.000001.ndjson",
        "monitored_members.000001.ndjson",
    ]


def test_a_broken_interface_is_tried_again_on_the_next_run(serve, office: Office) -> None:
    answers = {"is_up": False}

    def sometimes(path: str, _query: dict[str, str], _times: int) -> Answer:
        return page(rows_of(path.rsplit("/", 1)[1])) if answers["is_up"] else (500, {}, b"")

    city = city_that_asks(serve(sometimes))
    verdicts = []
    for answers["is_up"] in (False, True):
        receipts = receive(office.home, city, "agriculture", THIRD, office.vault, office.gate)
        verdicts += [receipt.verdict for receipt in receipts]
    assert verdicts == ["failed", "accepted"]


def test_a_bad_answer_is_not_kept_but_asked_for_anew(serve, office: Office) -> None:
    answers = {"is_well": False}

    def sometimes(path: str, _query: dict[str, str], _times: int) -> Answer:
        return page(rows_of(path.rsplit("/", 1)[1]) if answers["is_well"] else [])

    server = serve(sometimes)
    city = city_that_asks(server)
    verdicts = []
    for answers["is_well"] in (False, True):
        receipts = receive(office.home, city, "agriculture", THIRD, office.vault, office.gate)
        verdicts += [receipt.verdict for receipt in receipts]
    assert verdicts == ["failed", "accepted"]


def test_pages_put_there_by_hand_after_a_bad_answer_are_read_and_stay(
    serve, office: Office
) -> None:
    city = city_that_asks(serve(lambda *_: page([])))
    receive(office.home, city, "agriculture", THIRD, office.vault, office.gate)
    folder = office.home.delivery("agriculture", THIRD)
    for kept in [*folder.iterdir()]:
        kept.unlink()
    for table in ("monitored_households", "monitored_members"):
        lines = [json.dumps(row) for row in rows_of(table)]
        (folder / f"{table}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (receipt,) = receive(office.home, city, "agriculture", THIRD, office.vault, office.gate)
    assert receipt.verdict == "accepted"
    assert (folder / "monitored_members.ndjson").exists()


def test_what_was_fetched_on_an_earlier_day_is_never_replaced_by_what_is_held_now(
    serve, office: Office
) -> None:
    server = serve(lambda *_: page([]))
    city = city_that_asks(server)
    receive(office.home, city, "agriculture", FIRST, office.vault, office.gate)
    server.answer = lambda path, *_: page(rows_of(path.rsplit("/", 1)[1]))
    receipts = receive(office.home, city, "agriculture", THIRD, office.vault, office.gate)
    told = [(receipt.received_on, receipt.verdict) for receipt in receipts]
    assert told == [(FIRST, "failed"), (THIRD, "accepted")]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_late_delivery_asks_nobody_for_what_is_no_longer_in_landing(
    serve, office: Office, is_there: bool
) -> None:
    server = serve(lambda path, *_: page(rows_of(path.rsplit("/", 1)[1])))
    city = city_that_asks(server)
    receive(office.home, city, "agriculture", SECOND, office.vault, office.gate)
    purged, late = (office.home.delivery("agriculture", day) for day in (SECOND, FIRST))
    for kept in purged.iterdir():
        late.mkdir(parents=True, exist_ok=True)
        shutil.copy(kept, late)
    if not is_there:
        shutil.rmtree(purged)
    asked = len(server.asked)
    receipts = receive(office.home, city, "agriculture", THIRD, office.vault, office.gate,
                       asks=False)  # fmt: skip
    told = [(receipt.received_on, receipt.verdict) for receipt in receipts]
    expected = [(FIRST, "accepted"), (SECOND, "accepted")] if is_there else [(FIRST, "failed")]
    assert (told, len(server.asked), purged.exists()) == (expected, asked, is_there)


def test_the_empty_folder_of_a_missed_day_asks_nobody(serve, office: Office) -> None:
    server = serve(lambda path, *_: page(rows_of(path.rsplit("/", 1)[1])))
    office.home.delivery("agriculture", FIRST).mkdir(parents=True)
    (receipt,) = receive(office.home, city_that_asks(server), "agriculture", SECOND, office.vault,
                         office.gate, asks=False)  # fmt: skip
    assert (receipt.verdict, server.asked) == ("failed", [])


def test_half_a_character_costs_no_more_than_itself(serve, folder: Path) -> None:
    server = serve(lambda *_: (200, {}, b'{"data": [{"id_no": "1", "name": "\\ud83d"}]}'))
    (name,) = fetched(server, folder)
    assert name["name"] == "?"
