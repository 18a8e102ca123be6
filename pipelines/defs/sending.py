"""Sending a published day's lists, and telling the operator of a day that did not go well.

Composes the published day, the city's offices, the ledger and the mail server. Does not belong
here: what a mail says (`outreach.digest`), how it is handed over (`outreach.sending`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from email.message import EmailMessage
from email.utils import make_msgid
from hashlib import sha256

import polars as pl
from filelock import FileLock, Timeout

from pipelines.defs.day_report import DayReport, Outcome
from pipelines.defs.delivered import count_delivered, forget_what_stayed, keep_what_goes
from pipelines.defs.installation import HomeInUseError
from pipelines.outreach.bounces import take_bounces
from pipelines.outreach.delivery_ledger import (
    OPERATOR,
    Sent,
    State,
    ledger_of,
)
from pipelines.outreach.digest import DIGESTS, text_for_all
from pipelines.outreach.encryption import read_passwords
from pipelines.outreach.mail import MailError, hand_over, session
from pipelines.outreach.recipients import RECIPIENTS, read_recipients
from pipelines.outreach.sending import Dispatch, Plan, plan
from pipelines.outreach.webhook import WebhookError, tell_group
from pipelines.settings import (
    Home,
    MailSettings,
    Settings,
    UsageError,
    WenduError,
    now,
)

SHORT_PATIENCE = {"tries": 1, "timeout_seconds": 10.0}
"""A notice may not keep a run, or the sensor that tells of it, waiting."""

COLUMNS_OF_OFFICES = {
    "dim_areas": "area_code", "dim_households": "county_code", "fct_alerts": "county_code",
}  # fmt: skip
"""Where the offices that get lists are named."""

NOTICE = {
    Outcome.PUBLISHED_WITH_GAPS: "published with gaps",
    Outcome.NOTHING_PUBLISHED: "NOT published",
}


def send_day(
    settings: Settings,
    mail: MailSettings,
    on_date: date,
    tell: Callable[[str], None],
    *,
    dry_run: bool = False,
    resend: bool = False,
) -> bool:
    """Send a day's lists, each once, and tell the group; whether nothing is left to do.

    Args:
        settings: the home and the passwords of encrypted lists.
        mail: server, sender, robot.
        on_date: a published day.
        tell: called with each sentence for the operator.
        dry_run: tell what would go; nothing is sent and nothing is written.
        resend: also what is uncertain, refused or came back.

    Raises:
        UsageError: settings or recipients are not in order; nothing was sent.
        MailError: the server's certificate, user or password is wrong, or it takes nothing from
            the sender; what it took before that is written down.
        HomeInUseError: another process is sending.
    """
    home = Home(settings.home)
    ledger = ledger_of(home)
    if not dry_run:
        mail.require()
    offices = _offices(home)
    recipients = read_recipients(home.root / RECIPIENTS, offices)
    file = settings.list_passwords_file
    passwords = read_passwords(file) if file else None
    with _sending(home, dry_run):
        if not dry_run:
            for sentence in take_bounces(home, ledger, now().isoformat()):
                tell(sentence)
        made = plan(home, on_date, recipients, passwords, ledger, resend=resend)
        for sentence in _plan_sentences(made):
            tell(sentence)
        if dry_run:
            for letter in made.to_send:
                corrected = ", in place of an earlier one" if letter.is_corrected else ""
                tell(f"Would go: {letter.batch_id} to {letter.recipient}{corrected}.")
            tell(f"{len(made.to_send)} lists would go; {made.already_sent} were sent before.")
            return not _is_left(made)
        dispatch = Dispatch(mail, ledger, passwords, lambda: now().isoformat(), tell)
        lists = {letter.batch_id: letter.sha256 for letter in made.to_send}
        keep_what_goes(home, on_date, lists, pl.read_parquet(made.day / "batches.parquet"))
        outcome = dispatch.send(made.to_send)
        forget_what_stayed(home, ledger)
    for sentence in outcome.sentences:
        tell(sentence)
    accepted, deferred = outcome.count("accepted"), outcome.count("deferred")
    tell(
        f"Lists of {on_date}: {accepted} sent, {made.already_sent} sent before, "
        f"{deferred} put off, "
        f"{outcome.count('refused')} refused, {outcome.count('uncertain')} uncertain."
    )
    if accepted:
        day = pl.read_parquet(home.day(on_date) / DIGESTS)
        try:
            tell_group(mail, text_for_all(day, on_date))
        except WebhookError as fault:
            tell(str(fault))
    is_done = set(outcome.states) <= {"accepted"}
    return is_done and not _is_left(made)


def send_after_run(settings: Settings, mail: MailSettings, on_date: date) -> list[str]:
    """Send a day's lists at the end of its run, where the settings say so; what there is to tell.

    Only for who holds the home. Never raises: the day is published, whatever becomes of its lists.
    """
    told: list[str] = []
    if mail.after_run:
        try:
            send_day(settings, mail, on_date, told.append)
        except WenduError as fault:
            told.append(f"Lists of {on_date} were not sent: {fault}")
        count_delivered(Home(settings.home))
    return told


def notify(home: Home, mail: MailSettings, report: DayReport) -> list[str]:
    """Tell operator and group of a day that did not go well, once for each thing to tell.

    Args:
        home: the home.
        mail: nothing is told where neither operator nor robot is set.
        report: of the day.

    Returns:
        Sentences on what could not be told. Never raises: a notice is no reason for a fault.
    """
    if report.outcome is Outcome.PUBLISHED or not (mail.operator or mail.webhook_url):
        return []
    mail = mail.model_copy(update=SHORT_PATIENCE)
    head = f"Wendu: {report.on_date} {NOTICE[report.outcome]}"
    text = "\n".join([head, *report.sentences, "", "`wendu status` says what to do."])
    mark = sha256(text.encode()).hexdigest()
    ledger, failed = ledger_of(home), []
    for recipient, hand in _ways(mail, head, text):
        told = [row for row in ledger.of_day(str(report.on_date)) if row.recipient == recipient]
        if any(row.sha256 == mark and row.state == "accepted" for row in told):
            continue
        try:
            state = hand()
        except (MailError, WebhookError, UsageError) as fault:
            failed.append(f"The notice to the {recipient} did not go: {fault}")
            continue
        ledger.write(
            Sent(f"notice {report.on_date}", mark, recipient, OPERATOR, str(report.on_date),
                 f"{mark[:32]} {recipient}", state, 1, "", now().isoformat())
        )  # fmt: skip
    return failed


def _ways(mail: MailSettings, head: str, text: str) -> Iterator[tuple[str, Callable[[], State]]]:
    """How a notice goes: by mail to the operator, by webhook to the group."""

    def by_mail() -> State:
        mail.require()
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = mail.sender, mail.operator, head
        message["Message-ID"] = make_msgid(domain=str(mail.sender).rpartition("@")[2])
        message.set_content(text)
        with session(mail) as server:
            answer = hand_over(server, message)
        if answer.state != "accepted":
            raise MailError(f"the server said {answer.told}")
        return answer.state

    def by_webhook() -> State:
        tell_group(mail, text)
        return "accepted"

    if mail.operator:
        yield "operator", by_mail
    if mail.webhook_url:
        yield "group", by_webhook


def _offices(home: Home) -> set[str]:
    """Codes of all townships and counties, and where lists without a place go.

    A county that no division is known of, as a zone without a national code, has its list, too.
    """
    marts = home.published / "parquet"
    if not marts.is_dir():
        raise UsageError("Nothing is published yet; run a day first.")
    for mart in COLUMNS_OF_OFFICES:
        if not (file := marts / f"{mart}.parquet").is_file():
            raise UsageError(f"{file} is gone; run the newest day again, which puts it back.")
    codes = {
        code
        for mart, column in COLUMNS_OF_OFFICES.items()
        for code in pl.read_parquet(marts / f"{mart}.parquet", columns=[column])[column].unique()
    }
    return {*codes - {None}, "unknown"}


def _plan_sentences(made: Plan) -> Iterator[str]:
    if made.without_recipient:
        yield (
            f"No recipient for {', '.join(made.without_recipient)}: "
            f"{'its list does' if len(made.without_recipient) == 1 else 'their lists do'} not go; "
            f"add them to {RECIPIENTS}."
        )
    if made.without_password:
        yield f"No password for {', '.join(made.without_password)}; not sent unencrypted."
    for letter in made.uncertain:
        yield (
            f"It is not known whether {letter.recipient} got the list {letter.batch_id}: ask "
            "there, and send it again with --resend."
        )
    for letter in made.refused:
        yield (
            f"{letter.recipient} was refused or came back for {letter.batch_id}: mend the address "
            f"in {RECIPIENTS}, or send again with --resend."
        )


def _is_left(made: Plan) -> bool:
    return bool(made.uncertain or made.refused or made.without_recipient or made.without_password)


@contextmanager
def _sending(home: Home, dry_run: bool) -> Iterator[None]:
    """One process sends at a time."""
    if dry_run:
        yield
        return
    home.outbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(home.outbox / "send.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise HomeInUseError(f"Another process is sending from {home.root}; wait for it.") from None
    try:
        yield
    finally:
        lock.release()
