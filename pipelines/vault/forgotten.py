"""Who was forgotten, kept so that nobody can read it and the vault can still tell.

A keyed mark of each number, made with a secret of its own that is sealed with the marks: it
outlives a change of the vault's key. A number that is asked about is answered yes or no; no list
of numbers is anywhere. Does not belong here: taking identities away (`ingest.forgetting`).
"""

import secrets

import polars as pl
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

from pipelines.settings import Home
from pipelines.vault.store import Vault

FILE = "forgotten.sealed"
SECRET_BYTES = 32


class Forgotten:
    """The marks of one home; nobody is forgotten where there are none."""

    def __init__(self, home: Home, vault: Vault) -> None:
        self._path = home.vault / FILE
        self._vault = vault
        self._secret, self._marks = secrets.token_bytes(SECRET_BYTES), set[bytes]()
        if self._path.exists():
            kept = vault.unseal(self._path)
            self._secret = kept["secret"][0]
            self._marks = set(kept["mark"].drop_nulls())

    def __len__(self) -> int:
        return len(self._marks)

    @property
    def was_ever_asked_for(self) -> bool:
        """Whether anybody was ever forgotten here, also if let in again."""
        return self._path.exists()

    def holds(self, numbers: pl.Series) -> pl.Series:
        """Whether each number, of 18 characters, was forgotten; false for null."""
        if not self._marks:
            return pl.repeat(False, len(numbers), eager=True).alias(numbers.name)
        asked = numbers.drop_nulls().unique()
        found = asked.filter(pl.Series([self._mark(one) in self._marks for one in asked]))
        return numbers.is_in(found.implode()).fill_null(False)

    def changed_since(self, moment: float) -> bool:
        """Whether somebody was forgotten, or let in again, after a moment of the clock."""
        return self._path.exists() and self._path.stat().st_mtime > moment

    def add(self, number: str) -> None:
        """Forget a number from now on."""
        self._write({*self._marks, self._mark(number)})

    def remove(self, number: str) -> bool:
        """Let a number be known again; whether it had been forgotten."""
        was_there = self._mark(number) in self._marks
        self._write(self._marks - {self._mark(number)})
        return was_there

    def copy_to(self, home: Home, vault: Vault) -> None:
        """Seal the same marks in another home with another key."""
        other = Forgotten(home, vault)
        other._secret = self._secret
        if self._path.exists():
            other._write(self._marks)

    def _write(self, marks: set[bytes]) -> None:
        self._marks = marks
        kept = pl.DataFrame(
            {"mark": [None, *sorted(marks)], "secret": [self._secret] * (len(marks) + 1)},
            schema={"mark": pl.Binary, "secret": pl.Binary},
        )
        self._vault.seal(kept, self._path)

    def _mark(self, number: str) -> bytes:
        mac = HMAC(self._secret, SM3())
        mac.update(number.encode())
        return mac.finalize()
