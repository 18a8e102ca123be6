"""Forgetting a person (`wendu forget`): the row in the book, the mark, then everything named.

Composes the floors below, under the home's lock. Doing it again finishes what was cut off. Does
not belong here: what is taken away (`ingest.forgetting`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from pipelines.defs.installation import Installation
from pipelines.ingest.forgetting import Purged, normal_number, purge
from pipelines.settings import Home, UsageError, today
from pipelines.vault import AuditBook, tells_why
from pipelines.vault.forgotten import Forgotten
from pipelines.warehouse import history


@dataclass(frozen=True)
class Forgot:
    """What was taken away; nothing of it where the person is let in again."""

    purged: Purged | None
    is_lifted: bool = False

    def sentences(self) -> list[str]:
        """What is told of it, without the person."""
        if self.is_lifted:
            return [
                "The number may be stored again: the next delivery in which a row of the person "
                "changes brings name and number back into the vault."
            ]
        done = self.purged or Purged()
        told = [
            f"Forgotten: {done.identities} identities in the vault, {done.refusals} refused rows, "
            f"{len(done.replies)} returned workbooks, {len(done.corrections)} departments' "
            f"workbooks, {len(done.deliveries)} raw files.",
            "The facts stay in the lake under their pseudonym; lists show their lines without a "
            "name from the next run on. Lists already handed out, and backups, are not reached.",
            "Where a department sends the person again, the vault stays without; the raw delivery "
            "and refused rows of it name the person until they are old, or this is done again.",
        ]
        if done.deliveries:
            told += [
                "Deleted whole, as they named the person: " + ", ".join(done.deliveries) + ".",
                "A delivery that comes late, from before one of these, can no longer be put in "
                "its place.",
            ]
        if done.left:
            told.append(
                "Still there, as they were not taken in yet: " + ", ".join(done.left) + "; have "
                "them sent anew without the person, or delete them."
            )
        return told


def forget(
    installation: Installation,
    number: str,
    purpose: str,
    at: str,
    who: str,
    tell: Callable[[str], None],
    *,
    lift: bool = False,
) -> Forgot:
    """Take a person's identity away and keep it out, or let it in again.

    Args:
        installation: the home; it must be held by nobody.
        number: a citizen or certificate number, as anybody may write it.
        purpose: why, in the asker's words.
        at: the moment, for the audit book.
        who: who asks, for the audit book.
        tell: called with the name of each step before it is done.
        lift: let a forgotten number in again; nothing comes back by that alone.

    Raises:
        UsageError: no purpose worth the name, no valid number, or nobody was forgotten by it.
        HomeInUseError: a run holds the home.
    """
    if not tells_why(purpose):
        raise UsageError(
            "Say with --purpose on what ground the person is to be forgotten, in a few words."
        )
    normal = normal_number(number, today())
    if normal is None:
        raise UsageError(
            "This is no valid citizen number: check its length, birth date and check character."
        )
    installation.hold()
    home, vault = installation.home, installation.vault
    key = vault.pseudonyms("person", pl.Series([normal]))
    forgotten = Forgotten(home, vault)
    if lift and not forgotten.holds(pl.Series([normal])).all():
        raise UsageError("Nobody was forgotten by this number; nothing is to be lifted.")
    what = "forget-lift" if lift else "forget"
    AuditBook(home, vault).write(at, who, what, key[0].hex(), purpose.strip())
    if lift:
        forgotten.remove(normal)
        return Forgot(None, is_lifted=True)
    tell("take_the_identity_away")
    forgotten.add(normal)
    with vault.keeping_keys():
        vault.pseudonyms("person", pl.Series([normal]))
    codes = _codes_about(home, key[0])
    return Forgot(purge(home, installation.city, vault, normal, codes))


def _codes_about(home: Home, key: bytes) -> list[str]:
    """Codes of all alerts that ever were about a person."""
    days = history.run_days(home)
    if not days:
        return []
    alerts = history.alerts_of(home, days[-1])
    about = (pl.col("person_key") == key) | (pl.col("subject") == key.hex())
    return alerts.filter(about)["alert_id"].to_list()
