"""How far a change of the key has come: the journal that a later try goes on from.

All is made anew aside, in `<home>/vault/rotation/new/`, and put in the place of what
stood before item by item; what stood before waits in `old/` until all is in place. In the
phase `staging` nothing of the home was touched, and a new try begins anew; in `switching` the
home holds things of two keys, nothing else may work with it, and a new try goes forward; in
`destroying` all is in place and only the old key is still to go. Does not belong here: what is
made anew (`defs.rotation`).
"""

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipelines.settings import Home, put_in_place
from pipelines.vault.key import VaultError, make_secret

Phase = Literal["staging", "switching", "destroying"]


class Journal(BaseModel):
    """What `journal.json` says: the phase, and what changes places, as paths below the home.

    `strangers` is how many sealed identities gave no key of the lake before.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    phase: Phase
    items: tuple[str, ...] = ()
    strangers: int = 0


class RotationPlace:
    """The folder of one change of the key below the vault."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.root = home.vault / "rotation"
        self.new = Home(self.root / "new")
        self.old = Home(self.root / "old")
        self._journal = self.root / "journal.json"

    @property
    def journal(self) -> Journal | None:
        """How far it has come; None where no key is being changed."""
        if not self._journal.is_file():
            return None
        return Journal.model_validate_json(self._journal.read_bytes())

    @property
    def is_under_way(self) -> bool:
        """Whether the home holds things of two keys."""
        journal = self.journal
        return journal is not None and journal.phase == "switching"

    def begin(self) -> None:
        """Start with empty folders and a new key."""
        shutil.rmtree(self.new.root, ignore_errors=True)
        shutil.rmtree(self.old.root, ignore_errors=True)
        for folder in (self.root, self.new.root, self.old.root, self.new.vault):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_secret(self.new.vault / "key")
        self.write(Journal(phase="staging"))

    def write(self, journal: Journal) -> None:
        """Say how far it has come, durable before this returns."""
        temporary = self._journal.with_suffix(".unfinished")
        told = json.dumps(journal.model_dump(mode="json"), indent=1)
        temporary.write_text(told + "\n", encoding="utf-8")
        put_in_place(temporary, self._journal)

    def switch(self, item: str) -> None:
        """Put one item in its place; doing it again, or after half of it, ends the same."""
        place, made = self._home.root / item, self.new.root / item
        kept = self.old.root / item
        if not made.exists():
            return
        if place.exists() and not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.replace(kept)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made.replace(place)

    def switch_key(self, key_file: Path) -> None:
        """Put the new key where the old one lies; a copy of the old one waits with the rest."""
        kept = self.old.root / "key"
        secret = (self.new.vault / "key").read_bytes()
        if not kept.exists():
            _write_private(kept, key_file.read_bytes())
        if key_file.exists() and key_file.read_bytes() != secret:
            destroy(key_file)
        _write_private(key_file, secret)

    def give_up(self) -> None:
        """Take away what was made aside; the home is as it was."""
        destroy(self.new.vault / "key")
        shutil.rmtree(self.root, ignore_errors=True)

    def end(self) -> None:
        """Destroy the old key and what was made with it; the journal goes last."""
        destroy(self.old.root / "key")
        destroy(self.new.vault / "key")
        shutil.rmtree(self.old.root, ignore_errors=True)
        shutil.rmtree(self.new.root, ignore_errors=True)
        self._journal.unlink(missing_ok=True)
        shutil.rmtree(self.root, ignore_errors=True)


def require_no_rotation(home: Home) -> None:
    """Refuse to work with a home whose key is being changed.

    Raises:
        VaultError: a change of the key was cut off when things were being put in place.
    """
    if RotationPlace(home).is_under_way:
        raise VaultError(
            f"The key of {home.root} is being changed, and that was cut off; run "
            "`wendu rotate-key` again, which finishes it."
        )


def destroy(key: Path) -> None:
    """Overwrite a key file and unlink it; what the disk or a backup kept is beyond reach."""
    if not key.exists():
        return
    with key.open("r+b") as file:
        file.write(secrets.token_bytes(key.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    key.unlink()


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.rotating")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    put_in_place(temporary, path)
