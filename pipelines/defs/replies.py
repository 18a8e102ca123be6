"""Taking returned lists: when they are read, and from which day on they count.

A day that was judged stays as it was judged: what is read after it counts from the next day on.
Does not belong here: reading them (`outreach.replies`).
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from pipelines.contracts.replies import waiting_files
from pipelines.defs.installation import Installation
from pipelines.outreach.encryption import read_passwords
from pipelines.outreach.replies import Taken, receipts, take, take_inbox
from pipelines.settings import Home, UsageError, today
from pipelines.warehouse.order_of_days import counts_from, newest_day


def take_replies(
    installation: Installation, files: Sequence[Path], read_on: date | None
) -> list[Taken]:
    """Take files that people name, or the inbox where they name none.

    Args:
        installation: where; its home is held meanwhile.
        files: returned lists; the files stay where they are.
        read_on: the day on which they are read; none is today.

    Raises:
        UsageError: the home is not run day by day, so that today says nothing about when these
            replies should count; or the passwords of lists cannot be read.
        HomeInUseError: another process holds the home.
    """
    installation.hold()
    home = installation.home
    newest = newest_day(home)
    if read_on is None and newest and newest < today() - timedelta(days=1):
        raise UsageError(
            f"The newest day run is {newest}, so it is open from which day on these replies count; "
            f"say it, for the next run: --received-on {newest + timedelta(days=1)}."
        )
    read_on = read_on or today()
    received_on = counts_from(home, read_on)
    passwords = _passwords(installation)
    if not files:
        return take_inbox(home, read_on, received_on, passwords=passwords)
    return [take(home, file, read_on, received_on, passwords=passwords) for file in files]


def take_inbox_of_day(installation: Installation, on_date: date) -> list[Taken]:
    """Take what waits in the inbox before a day is judged; what tells of later visits waits on.

    On today itself everything is taken: a visit after it is a slip, and is returned. No file of
    passwords may stop a day: lists that need them wait, and `wendu replies` tells why.
    """
    home = installation.home
    until = on_date if on_date < today() else None
    passwords: Mapping[str, str] = {}
    with suppress(UsageError):
        passwords = _passwords(installation)
    return take_inbox(home, on_date, counts_from(home, on_date), until=until, passwords=passwords)


def _passwords(installation: Installation) -> Mapping[str, str]:
    """Those of encrypted lists, by office; none where lists go out without."""
    file = installation.list_passwords_file
    return read_passwords(file) if file else {}


def reply_sentences(home: Home, on_date: date) -> list[str]:
    """What an operator should know of the replies that count from a day on."""
    told = [receipt for receipt in receipts(home) if receipt["received_on"] == str(on_date)]
    waiting = waiting_files(home)
    sentences = []
    if told:
        accepted = sum(receipt["accepted"] for receipt in told)
        refused = sum(receipt["refused"] for receipt in told)
        sentences.append(
            f"Replies: {len(told)} returned lists, {accepted} answers taken, {refused} lines "
            f"returned ({home.replies / 'returned'})."
        )
    if waiting:
        sentences.append(
            f"{waiting} files wait in {home.replies / 'inbox'}: visits of later days, or no list; "
            "`wendu replies` tells which."
        )
    return sentences
