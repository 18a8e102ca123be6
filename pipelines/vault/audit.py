"""Who looked at whom: every opening of an identity is written down before anything is shown.

Rows stand in `<home>/audit/reveals.jsonl`, oldest first. Each carries the mark of the row before
it and its own, an HMAC-SM3 of both under the vault's key: a row that is changed, taken out, put in
or moved breaks the chain, and nobody without the key can mend it. The last mark and the number of
rows are sealed in the vault, so that rows cannot be cut off at the end either. Does not belong
here: what is shown (`lookup`), which alert is meant (the command line).
"""

import json
import os
from collections.abc import Callable, Iterator

import polars as pl
from filelock import FileLock

from pipelines.settings import Home
from pipelines.vault.key import VaultError
from pipelines.vault.store import Vault

BEGINNING = "0" * 32
HEAD = "audit_head.sealed"
LINE_END = b"\n"
SHORTEST_PURPOSE = 4
"""Characters; what is shorter tells nobody why."""

FIELDS = ("number", "at", "who", "what", "subject", "purpose", "before")


def tells_why(purpose: str) -> bool:
    """Whether a purpose is worth writing down."""
    return len(purpose.strip()) >= SHORTEST_PURPOSE


def book_lock(home: Home) -> FileLock:
    """Held by who writes the book of a home, or writes it anew."""
    home.audit.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileLock(home.audit / "reveals.lock")


class AuditError(VaultError):
    """The audit book does not stand as it was written; says where it breaks."""


class AuditBook:
    """The book of one home; needs the vault's key to be written and to be checked."""

    def __init__(self, home: Home, vault: Vault) -> None:
        self._home = home
        self._book = home.audit / "reveals.jsonl"
        self._head = home.vault / HEAD
        self._vault = vault

    def write(self, at: str, who: str, what: str, subject: str, purpose: str) -> None:
        """Add a row, durable before this returns.

        Args:
            at: the moment, with its time zone.
            who: who asked.
            what: what was done, such as `reveal`.
            subject: of which alert or pseudonym; never an identity.
            purpose: why, in the asker's words.

        Raises:
            AuditError: the book was changed; nothing is added to it until that is cleared up.
        """
        with book_lock(self._home):
            before, number = self.check()
            self._take_away_unfinished()
            row = {
                "number": number + 1, "at": at, "who": who, "what": what, "subject": subject,
                "purpose": purpose, "before": before,
            }  # fmt: skip
            row["mark"] = self._mark(row)
            descriptor = os.open(self._book, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as book:
                book.write(json.dumps(row, ensure_ascii=False) + "\n")
                book.flush()
                os.fsync(book.fileno())
            head = pl.DataFrame({"mark": [row["mark"]], "number": [number + 1]})
            self._vault.seal(head, self._head)

    def check(self) -> tuple[str, int]:
        """The last mark and the number of rows.

        A row that was written while the machine died, before the vault knew of it, counts; one
        that was cut off within, by a full disk or a kill, was never written: nothing was shown.

        Raises:
            AuditError: a row was changed, moved, put in or taken out; says at which line.
        """
        mark, number = BEGINNING, 0
        sealed_mark, sealed_number = self._sealed()
        for number, row in enumerate(self._rows(), start=1):
            if row.get("before") != mark or row.get("mark") != self._mark(row):
                raise AuditError(
                    f"{self._book}, line {number}, is not as it was written; put the book back "
                    "from the backup and find out who changed it."
                )
            mark = str(row["mark"])
            if number == sealed_number and mark != sealed_mark:
                raise AuditError(
                    f"{self._book}, line {number}, is not the row the vault remembers; put the "
                    "book back from the backup."
                )
        if number < sealed_number:
            raise AuditError(
                f"{self._book} has {number} rows, the vault remembers {sealed_number}: rows were "
                "taken off its end; put the book back from the backup."
            )
        return mark, number

    def copy_to(self, other: "AuditBook", subjects: Callable[[pl.Series], pl.Series]) -> int:
        """Write the book anew under the key of another vault, every row as it was but its marks.

        Args:
            other: an empty book, which gets all rows.
            subjects: gives the subjects of the rows, pseudonyms among them, their new form.

        Returns:
            The number of rows.

        Raises:
            AuditError: this book was changed; nothing was written.
        """
        _, number = self.check()
        rows = list(self._rows())
        told = subjects(pl.Series([row["subject"] for row in rows], dtype=pl.String))
        mark = BEGINNING
        lines = []
        for row, subject in zip(rows, told, strict=True):
            row |= {"subject": subject, "before": mark}
            mark = row["mark"] = other._mark(row)
            lines.append(json.dumps(row, ensure_ascii=False) + "\n")
        if lines:
            other._book.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            other._book.write_text("".join(lines), encoding="utf-8")
            other._book.chmod(0o600)
            other._vault.seal(pl.DataFrame({"mark": [mark], "number": [number]}), other._head)
        return number

    def _sealed(self) -> tuple[str, int]:
        if not self._head.exists():
            return BEGINNING, 0
        mark, number = self._vault.unseal(self._head).row(0)
        return str(mark), int(number)

    def _take_away_unfinished(self) -> None:
        if self._book.exists():
            os.truncate(self._book, self._book.read_bytes().rfind(LINE_END) + 1)

    def _rows(self) -> Iterator[dict[str, object]]:
        """Finished rows; within one there may be anything that other systems end a line with."""
        if not self._book.exists():
            return
        *lines, _unfinished = self._book.read_bytes().split(LINE_END)
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                yield {name: row[name] for name in (*FIELDS, "mark")}
            except (ValueError, KeyError, TypeError) as fault:
                raise AuditError(
                    f"{self._book}, line {number}, is no row of an audit book; put the book back "
                    "from the backup."
                ) from fault

    def _mark(self, row: dict[str, object]) -> str:
        told = json.dumps([row[name] for name in FIELDS], ensure_ascii=False)
        return str(self._vault.pseudonyms("audit", pl.Series([told]))[0].hex())
