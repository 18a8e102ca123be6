"""Lists go out by mail: each once, to the right office, whatever the server does meanwhile."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msoffcrypto
import polars as pl
import pytest
import trustme

from pipelines.contracts.replies import BATCHES
from pipelines.defs import delivered
from pipelines.defs.day_report import DayReport, Outcome
from pipelines.defs.installation import Installation
from pipelines.defs.sending import notify, send_after_run, send_day
from pipelines.ingest.control import handed_over
from pipelines.outreach import sending
from pipelines.outreach.delivery_ledger import LEDGER, LedgerError, Sent, ledger_of, sent_counts
from pipelines.outreach.digest import SCHEMA
from pipelines.outreach.layout import batch_of
from pipelines.outreach.mail import MailError
from pipelines.settings import Home, MailSettings, Settings, UsageError, now
from tests.unit.mail_server import (
    DIES_IN_DATA,
    PASSWORD,
    REFUSES_DATA,
    USER,
    Server,
    free_port,
    mail_server,
)

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

DAY = date(2024, 5, 6)
NORTH, SOUTH = "371502001", "371502002"
ZONE = "371571"
"""A county of which no division is known."""

TO = {NORTH: "north@example.org", SOUTH: "south@example.org"}
DISGUISE = b"PK\x03\x04"


@dataclass
class Desk:
    """A home with a published day, and how it sends."""

    home: Home
    mail: dict[str, object]
    told: list[str] = field(default_factory=list)

    def publish(self, **contents: bytes) -> None:
        """The day's lists, by office."""
        lists = self.home.day(DAY) / "lists"
        for office, content in contents.items():
            (lists / f"{office.lstrip('_')}.xlsx").write_bytes(content)

    def recipients(self, **addresses: str) -> None:
        """The operator's list of recipients."""
        rows = [f"{office.lstrip('_')},{address}" for office, address in addresses.items()]
        text = "\n".join(["township_code,address", *rows]) + "\n"
        (self.home.root / "recipients.csv").write_text(text, encoding="utf-8")

    def settings(self) -> MailSettings:
        """How it sends."""
        return MailSettings(**self.mail)

    def send(self, passwords: Path | None = None, **options: bool) -> bool:
        """Send the day; what was told is kept."""
        self.told = []
        settings = Settings(home=self.home.root, list_passwords_file=passwords)
        return send_day(settings, self.settings(), DAY, self.told.append, **options)

    def next_run(self) -> None:
        """What a run does before it judges a day."""
        installation = Installation(self.home, "371500")
        installation.hold()
        installation.close()

    def states(self) -> dict[str, str]:
        """Of each office the newest state in the ledger."""
        return {row.office: row.state for row in ledger_of(self.home).of_day(str(DAY))}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[Server]:
    with mail_server(authority, "starttls") as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, authority: trustme.CA, server: Server) -> Desk:
    home = Home(tmp_path / "home")
    day = home.published / ".versions" / "one" / "day"
    (day / "lists").mkdir(parents=True)
    home.day(DAY).symlink_to(day.relative_to(home.published))
    (home.published / "parquet").mkdir()
    pl.DataFrame({"area_code": [NORTH, SOUTH, "371502"]}).write_parquet(
        home.published / "parquet" / "dim_areas.parquet"
    )
    for mart in ("dim_households", "fct_alerts"):
        pl.DataFrame({"county_code": ["371502", ZONE, None]}).write_parquet(
            home.published / "parquet" / f"{mart}.parquet"
        )
    counts = dict.fromkeys(SCHEMA, 1)
    rows = [
        counts | {
            "office": office, "name": name, "batch_id": batch_of(office, DAY), "on_date": DAY,
            "new_lines": 3, "notes": "各项规则均已评估。",
        }
        for office, name in ((NORTH, "北街道"), (SOUTH, "南街道"))
    ]  # fmt: skip
    pl.DataFrame(rows, schema=SCHEMA).write_parquet(day / "digests.parquet")
    stand = [
        {"batch_id": batch_of(office, DAY), "office": office, "on_date": DAY, "line_id": code,
         "position": 1, "alert_id": code, "rule_id": "R25"}
        for office, code in ((NORTH, "A1"), (SOUTH, "A2"))
    ]  # fmt: skip
    pl.DataFrame(stand, schema=BATCHES).write_parquet(day / "batches.parquet")
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n", encoding="utf-8")
    secret.chmod(0o600)
    desk = Desk(home, {
        "host": "localhost", "port": server.port, "security": "starttls", "user": USER,
        "password_file": secret, "sender": "wendu@example.org", "ca_file": trusted,
        "timeout_seconds": 5, "tries": 2, "first_wait_seconds": 0,
    })  # fmt: skip
    desk.publish(**{f"_{office}": DISGUISE + office.encode() for office in TO})
    desk.recipients(**{f"_{office}": address for office, address in TO.items()})
    return desk


def attachment(mail: EmailMessage) -> bytes:
    (part,) = mail.iter_attachments()
    content = part.get_content()
    assert isinstance(content, bytes)
    return content


def text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_each_office_gets_its_workbook_and_a_digest_over_an_encrypted_line(desk, server):
    assert desk.send()
    assert sorted(mail["To"] for mail in server.came) == sorted(TO.values())
    (mail,) = server.to(TO[NORTH])
    assert mail["Subject"] == "北街道 走访核对清单 2024-05-06"
    assert attachment(mail) == DISGUISE + NORTH.encode()
    assert "今日新增 3 户" in text(mail)
    assert batch_of(NORTH, DAY) in text(mail)
    assert desk.told == [
        "Lists of 2024-05-06: 2 sent, 0 sent before, 0 put off, 0 refused, 0 uncertain."
    ]
    assert sent_counts(desk.home, DAY) == {"accepted": 2}


def test_what_was_sent_is_never_sent_again(desk, server):
    assert desk.send()
    assert desk.send()
    assert len(server.came) == 2
    assert "0 sent, 2 sent before" in desk.told[-1]


def test_a_server_that_speaks_tls_from_the_start_is_served_as_well(desk, authority):
    with mail_server(authority, "tls") as other:
        desk.mail |= {"security": "tls", "port": other.port}
        assert desk.send()
        assert len(other.came) == 2


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_of_the_house_that_asks_nobody_to_sign_in_is_served_as_well(
    desk, authority, security
):
    with mail_server(authority, security, signs_in=False) as other:
        desk.mail |= {
            "security": security, "port": other.port, "user": None, "password_file": None,
        }  # fmt: skip
        assert desk.send()
        assert len(other.came) == 2


def test_a_server_that_takes_nothing_from_the_sender_refuses_no_address(desk, server):
    server.takes_from_nobody = "530 5.7.0 authentication required"
    with pytest.raises(MailError, match=r"no mail from wendu@example.org \(530 5.7.0"):
        desk.send()
    assert set(desk.states().values()) == {"deferred"}
    server.takes_from_nobody = ""
    assert desk.send()
    assert len(server.came) == 2


def test_a_certificate_that_nobody_trusts_gets_nothing(desk, server):
    desk.mail |= {"ca_file": None}
    with pytest.raises(MailError, match="not trusted"):
        desk.send()
    assert (server.came, desk.states()) == ([], {})


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_is_told_with_its_setting(desk, server, tmp_path, content):
    desk.mail |= {"ca_file": tmp_path / "another.pem"}
    if content:
        desk.mail["ca_file"].write_text(content)
    with pytest.raises(UsageError, match="WENDU_MAIL_CA_FILE"):
        desk.send()
    assert (server.came, desk.states()) == ([], {})


def test_every_mail_is_dated(desk, server):
    before = now()
    assert desk.send()
    dates = [parsedate_to_datetime(mail["Date"]) for mail in server.came]
    assert [before <= date <= now() for date in dates] == [True, True]


def test_a_wrong_password_is_told_without_it(desk, server):
    desk.mail["password_file"].write_text("another")
    with pytest.raises(MailError, match="does not know this user") as fault:
        desk.send()
    assert "another" not in str(fault.value)
    assert server.came == []


def test_a_password_that_others_can_read_is_refused(desk):
    desk.mail["password_file"].chmod(0o644)
    with pytest.raises(UsageError, match="can be read by others"):
        desk.send()


def test_nothing_is_sent_in_the_clear(desk, authority):
    with mail_server(authority, "none") as plain:
        desk.mail |= {"port": plain.port}
        with pytest.raises(MailError, match="in the clear"):
            desk.send()
        assert plain.came == []


def test_an_address_that_is_refused_is_told_and_the_others_go(desk, server):
    server.answers[TO[NORTH]] = ["550 5.1.1 no such user"] * 2
    assert not desk.send()
    assert desk.states() == {NORTH: "refused", SOUTH: "accepted"}
    assert any("550 5.1.1 no such user" in sentence for sentence in desk.told)
    assert not desk.send()  # not asked again with the same address
    assert len(server.answers[TO[NORTH]]) == 1
    desk.recipients(**{f"_{NORTH}": "right@example.org", f"_{SOUTH}": TO[SOUTH]})
    assert desk.send()
    assert len(server.to("right@example.org")) == 1


def test_a_mail_that_is_refused_before_its_content_keeps_no_other_from_going(desk, server):
    server.answers[TO[NORTH]] = [REFUSES_DATA]
    assert not desk.send()
    assert desk.states() == {NORTH: "refused", SOUTH: "accepted"}


def test_a_server_that_says_later_is_asked_again(desk, server):
    server.answers[TO[NORTH]] = ["451 4.7.1 greylisted"]
    assert desk.send()
    (row,) = [row for row in ledger_of(desk.home).of_day(str(DAY)) if row.office == NORTH]
    assert (row.state, row.attempts) == ("accepted", 2)


def test_what_is_put_off_for_long_goes_with_the_next_command(desk, server):
    server.answers[TO[NORTH]] = ["451 4.7.1 greylisted"] * 2
    assert not desk.send()
    assert (desk.states()[NORTH], len(server.came)) == ("deferred", 1)
    assert desk.send()
    assert len(server.to(TO[NORTH])) == 1


def test_a_server_that_is_away_loses_nothing(desk, authority, server):
    desk.mail |= {"port": free_port()}
    assert not desk.send()
    assert any("cannot be reached" in sentence for sentence in desk.told)
    assert "2 put off" in desk.told[-1]
    desk.mail |= {"port": server.port}
    assert desk.send()
    assert len(server.came) == 2


def test_a_talk_that_ends_before_the_mail_is_taken_up_again(desk, server):
    server.dies_at_mail = 1
    assert desk.send()
    assert len(server.came) == 2


def test_a_server_that_dies_with_the_mail_in_hand_is_not_asked_twice(desk, server):
    server.answers[TO[NORTH]] = [DIES_IN_DATA]
    assert not desk.send()
    assert desk.states() == {NORTH: "uncertain", SOUTH: "accepted"}
    assert not desk.send()
    assert any("not known whether north@example.org" in sentence for sentence in desk.told)
    (before,) = [row for row in ledger_of(desk.home).of_day(str(DAY)) if row.office == NORTH]
    assert desk.send(resend=True)
    mails = server.to(TO[NORTH])
    assert mails[-1]["Message-ID"] == before.message_id
    assert {mail["Message-ID"] for mail in mails} == {before.message_id}


def test_a_server_that_dies_with_each_mail_in_hand_does_not_get_the_others(
    desk, server, monkeypatch
):
    monkeypatch.setattr(sending, "UNCERTAIN_IN_A_ROW", 1)
    server.answers[TO[NORTH]] = [DIES_IN_DATA]
    assert not desk.send()
    assert desk.states() == {NORTH: "uncertain"}
    assert "1 put off" in desk.told[-1]
    assert not desk.send()
    assert desk.states() == {NORTH: "uncertain", SOUTH: "accepted"}


def test_a_machine_that_died_while_sending_asks_before_it_sends_again(desk, server):
    assert desk.send()
    (row,) = [row for row in ledger_of(desk.home).of_day(str(DAY)) if row.office == NORTH]
    died = Sent(**(vars(row) | {"state": "sending"}))
    ledger_of(desk.home).write(died)
    assert not desk.send()
    assert len(server.came) == 2
    assert any("--resend" in sentence for sentence in desk.told)


def test_a_list_that_a_later_run_changed_goes_again_as_a_corrected_one(desk, server):
    assert desk.send()
    desk.publish(**{f"_{NORTH}": DISGUISE + b"another"})
    assert desk.send()
    first, second = server.to(TO[NORTH])
    assert "（更正）" in second["Subject"]
    assert "请以本清单为准" in text(second)
    assert first["Message-ID"] != second["Message-ID"]
    assert len(server.to(TO[SOUTH])) == 1


def test_a_list_that_is_again_what_it_was_before_a_correction_goes_again(desk, server):
    contents = [b"one", b"another", b"one", b"another"]
    for content in contents:
        desk.publish(**{f"_{NORTH}": DISGUISE + content})
        assert desk.send()
        assert desk.send()
    mails = server.to(TO[NORTH])
    assert [attachment(mail)[len(DISGUISE) :] for mail in mails] == contents
    assert len({mail["Message-ID"] for mail in mails}) == len(contents)
    assert "（更正）" in mails[-1]["Subject"]


@pytest.mark.parametrize("state", ["sending", "uncertain", "refused"])
def test_a_changed_list_is_a_corrected_one_where_the_first_may_have_arrived(desk, server, state):
    assert desk.send()
    (row,) = [row for row in ledger_of(desk.home).of_day(str(DAY)) if row.office == NORTH]
    ledger_of(desk.home).write(Sent(**(vars(row) | {"state": state})))
    desk.publish(**{f"_{NORTH}": DISGUISE + b"another"})
    assert desk.send()
    assert ("（更正）" in server.to(TO[NORTH])[-1]["Subject"]) is (state != "refused")


def test_a_mart_that_somebody_deleted_is_told_and_nothing_goes(desk, server):
    (desk.home.published / "parquet" / "fct_alerts.parquet").unlink()
    with pytest.raises(UsageError, match=r"fct_alerts\.parquet is gone; run the newest day again"):
        desk.send()
    assert server.came == []


@pytest.mark.parametrize("gone", [f"lists/{NORTH}.xlsx", "batches.parquet"])
@pytest.mark.parametrize("is_tried", [True, False])
def test_lists_that_somebody_deleted_are_told_and_nothing_goes(desk, server, gone, is_tried):
    (desk.home.day(DAY) / gone).unlink()
    with pytest.raises(UsageError, match=f"1 files .* {Path(gone).name}; `wendu run --date {DAY}"):
        desk.send(dry_run=is_tried)
    assert server.came == []


def test_an_office_without_a_recipient_is_named(desk, server):
    desk.recipients(**{f"_{SOUTH}": TO[SOUTH]})
    assert not desk.send()
    assert desk.told[0].startswith(f"No recipient for {NORTH}: its list does not go")
    assert len(server.came) == 1


def test_a_zone_without_a_national_code_may_have_a_recipient(desk, server):
    offices = TO | {ZONE: "zone@example.org"}
    desk.recipients(**{f"_{office}": address for office, address in offices.items()})
    assert desk.send()
    assert len(server.came) == 2


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ("township_code,address\n371599001,a@example.org\n", "line 2: there is no township"),
        (f"township_code,address\n{NORTH},a@example.org\n{NORTH},b@example.org\n", "line 3"),
        (f"township_code,address\n{NORTH},北街道\n", "line 2: '北街道' is no mail address"),
        (f"township_code,address\n{NORTH},a@b@c\n", "is no mail address"),
        (f"code,mail\n{NORTH},a@example.org\n", "columns township_code,address"),
        ("", "columns township_code,address"),
    ],
)
def test_a_wrong_list_of_recipients_is_told_with_its_line_and_nothing_goes(
    desk, server, rows, names
):
    (desk.home.root / "recipients.csv").write_text(rows, encoding="utf-8")
    if rows:
        with pytest.raises(UsageError, match=names):
            desk.send()
    else:
        assert not desk.send()
    assert server.came == []


def test_with_passwords_only_encrypted_lists_leave(desk, server, tmp_path, world):
    book = next((world.home.day(date(2024, 4, 30)) / "lists").glob("*.xlsx")).read_bytes()
    desk.publish(**{f"_{NORTH}": book, f"_{SOUTH}": book})
    passwords = tmp_path / "passwords.csv"
    passwords.write_text(f"township_code,password\n{NORTH},bei-1234\n", encoding="utf-8")
    passwords.chmod(0o600)
    assert not desk.send(passwords)
    assert f"No password for {SOUTH}; not sent unencrypted." in desk.told
    (mail,) = server.came
    sealed = tmp_path / "sealed.xlsx"
    sealed.write_bytes(attachment(mail))
    with sealed.open("rb") as file:
        assert msoffcrypto.OfficeFile(file).is_encrypted()
    assert "附件已加密" in text(mail)


def test_a_dry_run_tells_what_would_go_and_changes_nothing(desk, server):
    desk.mail |= {"host": None, "sender": None}
    assert desk.send(dry_run=True)
    assert [sentence for sentence in desk.told if "Would go" in sentence] == [
        f"Would go: {batch_of(office, DAY)} to {address}." for office, address in TO.items()
    ]
    assert server.came == []
    assert not (desk.home.outbox / LEDGER).exists()


def test_a_mail_that_comes_back_is_written_down_and_told(desk, server):
    assert desk.send()
    (mail,) = server.to(TO[NORTH])
    drop = desk.home.outbox / "bounces"
    drop.mkdir()
    (drop / "notice.eml").write_bytes(notice(str(mail["Message-ID"])))
    (drop / "other.eml").write_bytes(notice("<somebody@example.org>"))
    assert not desk.send()
    assert desk.states()[NORTH] == "bounced"
    assert any("came back from north@example.org: 5.2.2" in told for told in desk.told)
    assert [path.name for path in drop.glob("*.eml")] == ["other.eml"]
    assert len(server.came) == 2
    desk.next_run()
    told = handed_over(desk.home, DAY + timedelta(days=1))
    assert told["alert_id"].to_list() == ["A2"]
    assert desk.send(resend=True)
    desk.next_run()
    assert handed_over(desk.home, DAY + timedelta(days=1)).height == 2


@pytest.mark.parametrize(
    "about",
    [
        lambda name: notice(name).replace(b"Action: failed", b"Action: delayed"),
        lambda name: (
            f"From: north@example.org\nTo: wendu@example.org\nSubject: away\nIn-Reply-To: {name}\n"
            "Auto-Submitted: auto-replied\n\nI am away.\n"
        ).encode(),
    ],
)
def test_a_delay_or_an_answer_is_told_and_no_bounce(desk, server, about):
    assert desk.send()
    (mail,) = server.to(TO[NORTH])
    drop = desk.home.outbox / "bounces"
    drop.mkdir()
    (drop / "notice.eml").write_bytes(about(str(mail["Message-ID"])))
    assert desk.send()
    assert desk.states()[NORTH] == "accepted"
    assert any("does not say that it came back" in told for told in desk.told)
    assert [path.name for path in drop.glob("*.eml")] == ["notice.eml"]


def test_a_list_without_an_alert_that_comes_back_is_told_as_well(desk, server):
    batches = desk.home.day(DAY) / "batches.parquet"
    pl.read_parquet(batches).filter(pl.col("office") != NORTH).write_parquet(batches)
    assert desk.send()
    (mail,) = server.to(TO[NORTH])
    drop = desk.home.outbox / "bounces"
    drop.mkdir()
    (drop / "notice.eml").write_bytes(notice(str(mail["Message-ID"])))
    assert not desk.send()
    assert desk.states()[NORTH] == "bounced"


def notice(message_id: str) -> bytes:
    return (
        "From: mailer@example.org\nTo: wendu@example.org\nSubject: Undelivered\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
        "--B\nContent-Type: text/plain\n\nSorry.\n"
        "--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; example.org\n\n"
        "Final-Recipient: rfc822; north@example.org\nAction: failed\nStatus: 5.2.2\n"
        "Diagnostic-Code: smtp; 552 mailbox full\n\n"
        f"--B\nContent-Type: message/rfc822\n\nMessage-ID: {message_id}\nSubject: list\n\ntext\n"
        "--B--\n"
    ).encode()


def test_alerts_that_went_out_count_from_the_day_after_the_newest_one_judged(desk):
    assert desk.send()
    desk.next_run()
    assert handed_over(desk.home, DAY).is_empty()
    told = handed_over(desk.home, DAY + timedelta(days=1)).sort("alert_id")
    assert told.rows() == [("A1", DAY), ("A2", DAY)]


def test_a_list_taken_while_a_day_is_judged_counts_from_the_day_after_it(desk):
    judged, following = DAY + timedelta(days=1), DAY + timedelta(days=2)
    run = Installation(desk.home, "371500")
    run.hold()
    known = handed_over(desk.home, judged)
    assert desk.send()
    (desk.home.warehouse / "history" / str(judged)).mkdir(parents=True)
    run.close()
    desk.next_run()
    assert handed_over(desk.home, judged).equals(known)
    assert handed_over(desk.home, following)["alert_id"].sort().to_list() == ["A1", "A2"]


def test_a_list_that_comes_back_after_a_day_was_judged_with_it_stays_delivered_for_that_day(
    desk, server
):
    judged = DAY + timedelta(days=1)
    assert desk.send()
    run = Installation(desk.home, "371500")
    run.hold()
    known = handed_over(desk.home, judged)
    drop = desk.home.outbox / "bounces"
    drop.mkdir()
    (drop / "notice.eml").write_bytes(notice(str(server.came[0]["Message-ID"])))
    assert not desk.send()
    (desk.home.warehouse / "history" / str(judged)).mkdir(parents=True)
    run.close()
    desk.next_run()
    assert handed_over(desk.home, judged).equals(known)


def test_what_stood_on_a_list_counts_though_its_day_was_run_again_before_it_was_taken(
    desk, monkeypatch
):
    hand_over = sending.hand_over

    def hand_over_while_the_day_is_run_again(*given):
        desk.publish(**{f"_{office}": DISGUISE + b"another" for office in TO})
        batches = desk.home.day(DAY) / "batches.parquet"
        another = pl.read_parquet(batches).with_columns(alert_id="another " + pl.col("alert_id"))
        another.write_parquet(batches)
        return hand_over(*given)

    monkeypatch.setattr(sending, "hand_over", hand_over_while_the_day_is_run_again)
    assert desk.send()
    desk.next_run()
    told = handed_over(desk.home, DAY + timedelta(days=1))
    assert told["alert_id"].sort().to_list() == ["A1", "A2"]


def test_a_list_of_a_day_ahead_of_the_clock_went_out_on_its_own_day(desk, monkeypatch):
    monkeypatch.setattr(delivered, "today", lambda: DAY - timedelta(days=1))
    assert desk.send()
    desk.next_run()
    assert set(handed_over(desk.home, DAY + timedelta(days=1))["delivered_on"]) == {DAY}


def test_what_the_server_did_not_take_counts_never(desk, server):
    server.answers[TO[NORTH]] = ["550 5.1.1 no such user"]
    assert not desk.send()
    desk.next_run()
    assert handed_over(desk.home, DAY + timedelta(days=9))["alert_id"].to_list() == ["A2"]
    assert list((desk.home.outbox / "going").iterdir()) == []


def test_a_ledger_that_cannot_be_read_is_told_to_who_sends_and_stops_no_run(desk, server):
    assert desk.send()
    (desk.home.outbox / LEDGER).write_bytes(b"no ledger" * 200)
    with pytest.raises(LedgerError, match=r"ledger\.sqlite, cannot be used .* from a backup"):
        desk.send()
    desk.next_run()
    assert len(server.came) == 2


def test_after_a_run_lists_go_where_the_settings_say_so_and_a_fault_is_a_sentence(desk, server):
    settings = Settings(home=desk.home.root)
    assert send_after_run(settings, desk.settings(), DAY) == []
    assert server.came == []
    desk.mail |= {"after_run": True}
    assert send_after_run(settings, desk.settings(), DAY)[-1].startswith("Lists of 2024-05-06: 2")
    (desk.home.root / "recipients.csv").unlink()
    (told,) = send_after_run(settings, desk.settings(), DAY)
    assert told.startswith("Lists of 2024-05-06 were not sent: ")


class Robot:
    """A group's robot on loopback."""

    def __init__(self, code: int) -> None:
        self.heard: list[dict[str, object]] = []
        robot = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                robot.heard.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps({"errcode": code, "errmsg": "told"}).encode())

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_port}/send?key=geheim"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def robot() -> Iterator[Robot]:
    robot = Robot(0)
    yield robot
    robot.close()


def test_the_group_is_told_counts_once(desk, robot):
    desk.mail |= {"webhook_url": robot.url}
    assert desk.send()
    assert desk.send()
    (heard,) = robot.heard
    assert heard["msgtype"] == "text"
    assert "走访核对清单 2 份，今日新增 6 户" in heard["text"]["content"]


def test_a_robot_that_refuses_is_told_without_its_address_and_lists_have_gone(desk, server):
    robot = Robot(93000)
    desk.mail |= {"webhook_url": robot.url}
    assert desk.send()
    robot.close()
    assert "93000" in desk.told[-1]
    assert "geheim" not in " ".join(desk.told)
    assert len(server.came) == 2


BAD_DAY = DayReport(DAY, Outcome.NOTHING_PUBLISHED, ["The disk is full; make room."], {})


def test_a_bad_day_is_told_to_operator_and_group_once_for_each_cause(desk, server, robot):
    desk.mail |= {"operator": "operator@example.org", "webhook_url": robot.url}
    assert notify(desk.home, desk.settings(), BAD_DAY) == []
    assert notify(desk.home, desk.settings(), BAD_DAY) == []
    (mail,) = server.to("operator@example.org")
    assert mail["Subject"] == "Wendu: 2024-05-06 NOT published"
    assert "The disk is full; make room." in text(mail)
    assert len(robot.heard) == 1
    other = DayReport(DAY, Outcome.PUBLISHED_WITH_GAPS, ["finance is late."], {})
    notify(desk.home, desk.settings(), other)
    assert len(server.to("operator@example.org")) == 2
    assert sent_counts(desk.home, DAY) == {}


def test_a_good_day_tells_nobody(desk, server):
    desk.mail |= {"operator": "operator@example.org"}
    assert notify(desk.home, desk.settings(), DayReport(DAY, Outcome.PUBLISHED)) == []
    assert server.came == []


def test_a_notice_that_cannot_go_is_a_sentence_and_goes_the_next_time(desk, server):
    desk.mail |= {"operator": "operator@example.org", "port": free_port()}
    (told,) = notify(desk.home, desk.settings(), BAD_DAY)
    assert told.startswith("The notice to the operator did not go: The mail server localhost:")
    desk.mail |= {"port": server.port}
    assert notify(desk.home, desk.settings(), BAD_DAY) == []
    assert len(server.came) == 1
