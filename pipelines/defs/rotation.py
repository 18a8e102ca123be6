"""A new key, and with it new pseudonyms everywhere (`wendu rotate-key`).

Everything that holds pseudonyms or is sealed is made anew aside and proven there: vault, lake,
what the days handed on, what is published, the audit book. Then it is put in place item by item,
the key among it, and the old key is destroyed last. What has no pseudonyms stays as it is:
landing, quarantine, receipts, lists, replies. Cut off at any moment, the next try ends the same;
how far it came stands in `vault/rotation/journal.json`. Composes the floors below; a step is told
before it is done.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.defs.installation import Installation
from pipelines.ingest import rekeying as identities
from pipelines.settings import Home, UsageError, WenduError
from pipelines.vault import (
    AuditBook,
    NoKeyYetError,
    RotationPlace,
    Vault,
    given_secret,
    holds_data,
)
from pipelines.vault.audit import book_lock
from pipelines.vault.forgotten import Forgotten
from pipelines.vault.rotation import Journal
from pipelines.warehouse import history, kept_codes, publication
from pipelines.warehouse import rekeying as marts
from pipelines.warehouse.exports import declared_marts
from pipelines.warehouse.views import declared_name_tables, declared_views

DERIVED = ("history", "dbt")
"""What stays in the warehouse's folder; the rest is made anew by the next run."""


OF_ANOTHER_VERSION = (duckdb.ProgrammingError, duckdb.DataError, duckdb.IntegrityError)
"""How the database refuses marts it does not know; a full disk or an interrupt is none of these."""


class RotationError(WenduError):
    """What was made with the new key is not what was there before; the old key still stands."""


@dataclass(frozen=True)
class Rotated:
    """What was done: numbers of rows that got new pseudonyms, and keys nobody is known behind."""

    lake_rows: int
    published_rows: int
    orphans: int
    was_finished: bool = False

    def sentences(self) -> list[str]:
        """What is told of it."""
        if self.was_finished:
            return ["The change of the key that was cut off is finished; the old key is destroyed."]
        told = [
            f"New key. {self.lake_rows} rows of the lake and {self.published_rows} published rows "
            "have new pseudonyms; every alert keeps its code. The old key is destroyed here; "
            "destroy it in backups, too."
        ]
        if self.orphans:
            told.append(
                f"{self.orphans} keys have nobody behind them in the vault; their rows stay "
                "together under new ones."
            )
        return told


def rotate(installation: Installation, at: str, who: str, tell: Callable[[str], None]) -> Rotated:
    """Give a home a new key, or finish what was cut off.

    Args:
        installation: the home; it must be held by nobody.
        at: the moment, for the audit book.
        who: who asked, for the audit book.
        tell: called with the name of each step before it is done.

    Raises:
        HomeInUseError: a run holds the home.
        UsageError: parts of the home lie on different disks, or there is no key yet.
        RotationError: what was made anew is not what was there; nothing was changed.
    """
    home, key = installation.home, installation.key_place
    place = RotationPlace(home)
    if installation.key_file is None and given_secret() is not None:
        raise UsageError(
            "The key comes from the environment (WENDU_KEY), where it cannot be replaced; put it "
            f"into {key}, readable by you alone, unset WENDU_KEY and try again."
        )
    if not key.exists() and place.journal is None:
        if holds_data(home):
            installation.vault  # noqa: B018 - tells that the key was lost
        raise NoKeyYetError(home)
    installation.hold(to_change_the_key=True)
    with book_lock(home):
        journal, done = place.journal, Rotated(0, 0, 0, was_finished=True)
        if journal is None or journal.phase == "staging":
            _require_one_disk(home)
            try:
                done = _stage(installation, place, at, who, tell)
            except (Exception, KeyboardInterrupt):
                place.give_up()
                raise
        if place.is_under_way:
            _switch(home, place, key, tell)
            tell("prove_what_is_in_place")
            _prove(installation, place)
    tell("destroy_the_old_key")
    _remove_derived(home)
    place.end()
    return done


def _stage(
    installation: Installation, place: RotationPlace, at: str, who: str, tell: Callable[[str], None]
) -> Rotated:
    """Make everything anew aside, and prove that it is what was there."""
    home, old = installation.home, installation.vault
    tell("begin")
    place.begin()
    stage = place.new
    new = Vault.open(stage)
    tell("vault")
    translation = identities.rekey_vault(home, old, stage, new)
    tell("lake")
    identities.rekey_lake(home, stage, translation)
    tell("history")
    history.copy_rewritten(home, stage, translation.of_frame)
    kept_codes.keep(home, stage, translation)
    tell("published")
    rows = 0
    if publication.published_days(home):
        manifest = installation.dbt.manifest
        try:
            rows = marts.rekey_published(
                home,
                stage,
                declared_marts(manifest),
                translation,
                declared_views(manifest),
                declared_name_tables(manifest),
            )
        except OF_ANOTHER_VERSION as fault:
            raise RotationError(
                "What is published is of another version of Wendu; nothing was changed. Run a day "
                f"with this version, then change the key ({str(fault).splitlines()[0]})."
            ) from fault
    tell("audit_book")
    AuditBook(home, old).copy_to(AuditBook(stage, new), translation.texts)
    AuditBook(stage, new).write(at, who, "rotate-key", "all pseudonyms", "change of the key")
    Forgotten(home, old).copy_to(stage, new)
    old.copy_kept_keys(new, translation.keys)
    tell("prove_what_was_made")
    lake_rows, strangers = _prove_stage(home, old, stage, new)
    if rows != marts.rows_published(home):
        raise RotationError("Published rows were lost under way; nothing was changed.")
    tell("switch")
    place.write(Journal(phase="switching", items=_items(stage), strangers=strangers))
    return Rotated(lake_rows, rows, translation.orphans)


def _prove_stage(home: Home, old: Vault, stage: Home, new: Vault) -> tuple[int, int]:
    """Rows of the lake, and how many sealed identities give no key of it; the same as before.

    Raises:
        RotationError: rows, distinct keys or identities are not as many as before.
    """
    before, after = identities.counts(home, old), identities.counts(stage, new)
    strangers = identities.strangers(home, old)
    if before != after or strangers != identities.strangers(stage, new):
        raise RotationError(
            f"Rows or keys of {home.root} made with the new key are not as many as before; "
            "nothing was changed. Tell the maintainers."
        )
    return sum(rows for name, rows in before.rows.items() if name.startswith("lake/")), strangers


def _items(stage: Home) -> tuple[str, ...]:
    """What was made anew besides the key and what is published, as paths below the home."""
    made = [
        *sorted(stage.lake.glob("*")),
        *sorted(path for path in stage.vault.glob("*") if path.name != "key"),
        stage.warehouse / "history",
        stage.audit / "kept",
        stage.audit / "reveals.jsonl",
    ]
    return tuple(path.relative_to(stage.root).as_posix() for path in made if path.exists())


def _switch(home: Home, place: RotationPlace, key: Path, tell: Callable[[str], None]) -> None:
    """Put everything in place; the key after what it opens, what readers see last."""
    for item in place.journal.items if place.journal else ():
        tell(f"switch_{item}")
        place.switch(item)
    tell("switch_key")
    place.switch_key(key)
    tell("switch_published")
    publication.adopt(home, place.new)


def _prove(installation: Installation, place: RotationPlace) -> None:
    """That the key in place opens the vault, and the vault's identities give the lake's keys.

    Until then nothing else may work with the home: what a day brings would not be as before.

    Raises:
        RotationError: they do not; the old key is kept in `vault/rotation/old/key`.
    """
    home, journal = installation.home, place.journal or Journal(phase="switching")
    vault = Vault.open(home, installation.key_file, to_change_the_key=True)
    AuditBook(home, vault).check()
    if identities.strangers(home, vault) != journal.strangers:
        raise RotationError(
            f"Identities in {home.vault} do not give the keys of the lake; the old key was kept in "
            f"{place.old.root}. Tell the maintainers before anything is run."
        )
    place.write(journal.model_copy(update={"phase": "destroying"}))


def _remove_derived(home: Home) -> None:
    """Take away what was derived under the old key and is made anew by the next run."""
    for path in home.warehouse.glob("*"):
        if path.is_dir() and path.name not in DERIVED:
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()
    shutil.rmtree(home.warehouse / "dbt" / "logs", ignore_errors=True)


def _require_one_disk(home: Home) -> None:
    places = [home.vault, home.lake, home.warehouse, home.published, home.audit]
    disks = {path.stat().st_dev for path in places if path.exists()}
    if len(disks) > 1:
        raise UsageError(
            f"Parts of {home.root} lie on different disks, so nothing could be put in place at "
            "once; bring them onto one disk and try again."
        )
