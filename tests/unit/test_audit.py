"""The book of who looked at whom: any later edit breaks its chain."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.settings import Home
from pipelines.vault import AuditBook, AuditError, Vault


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def book(home: Home) -> AuditBook:
    return AuditBook(home, Vault.open(home))


def write(book: AuditBook, rows: int) -> None:
    for number in range(rows):
        book.write(f"2024-05-0{number + 1}T08:00:00+08:00", "审计", "reveal", f"A{number}", "家访")


def lines(home: Home) -> list[str]:
    return (home.audit / "reveals.jsonl").read_text(encoding="utf-8").splitlines()


def test_an_empty_book_stands(book: AuditBook) -> None:
    assert book.check()[1] == 0


def test_rows_are_kept_in_order_with_who_when_what_and_why(book: AuditBook, home: Home) -> None:
    write(book, 3)
    rows = [json.loads(line) for line in lines(home)]
    assert [(row["number"], row["subject"], row["who"], row["purpose"]) for row in rows] == [
        (1, "A0", "审计", "家访"), (2, "A1", "审计", "家访"), (3, "A2", "审计", "家访"),
    ]  # fmt: skip
    assert book.check()[1] == 3


EDITS: dict[str, Callable[[list[str]], list[str]]] = {
    "a changed purpose": lambda rows: [rows[0], rows[1].replace("家访", "好奇"), rows[2]],
    "a changed moment": lambda rows: [rows[0].replace("05-01", "05-02"), *rows[1:]],
    "a row taken out": lambda rows: [rows[0], rows[2]],
    "the last row cut off": lambda rows: rows[:2],
    "all rows cut off": lambda rows: [],
    "two rows swapped": lambda rows: [rows[1], rows[0], rows[2]],
    "a row put in twice": lambda rows: [rows[0], rows[0], *rows[1:]],
    "a line that is none": lambda rows: [*rows, "so"],
    "a field left out": lambda rows: [rows[0], rows[1], rows[2].replace('"who"', '"by"')],
    "a row appended by hand": lambda rows: [*rows, rows[2].replace('"number": 3', '"number": 4')],
}


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_found(book: AuditBook, home: Home, edit: str) -> None:
    write(book, 3)
    (home.audit / "reveals.jsonl").write_text("\n".join(EDITS[edit](lines(home))) + "\n")
    with pytest.raises(AuditError):
        book.check()


def test_nothing_is_added_to_a_book_that_was_changed(book: AuditBook, home: Home) -> None:
    write(book, 2)
    changed = lines(home)[0].replace("家访", "好奇")
    (home.audit / "reveals.jsonl").write_text(changed + "\n")
    with pytest.raises(AuditError):
        write(book, 1)
    assert lines(home) == [changed]


def test_a_row_of_a_machine_that_died_before_the_vault_knew_is_kept(
    book: AuditBook, home: Home
) -> None:
    write(book, 1)
    head = (home.vault / "audit_head.sealed").read_bytes()
    write(book, 1)
    (home.vault / "audit_head.sealed").write_bytes(head)
    assert book.check()[1] == 2
    write(book, 1)
    assert book.check()[1] == 3


def test_the_book_is_private(book: AuditBook, home: Home) -> None:
    write(book, 1)
    assert (home.audit / "reveals.jsonl").stat().st_mode & 0o077 == 0
    assert home.audit.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85"])
def test_a_purpose_may_hold_what_other_systems_end_a_line_with(book: AuditBook, end: str) -> None:
    book.write("2024-05-01T08:00:00+08:00", "审计", "reveal", "A0", f"家访{end}复核")
    write(book, 1)
    assert book.check()[1] == 2


def test_a_row_cut_off_within_was_never_written(book: AuditBook, home: Home) -> None:
    write(book, 2)
    whole = lines(home)
    with (home.audit / "reveals.jsonl").open("ab") as full_disk:
        full_disk.write('{"number": 3, "who": "审'.encode()[:-1])
    assert book.check()[1] == 2
    write(book, 1)
    assert (lines(home)[:2], book.check()[1]) == (whole, 3)


def test_a_row_that_the_vault_knows_cannot_be_cut_off_within(book: AuditBook, home: Home) -> None:
    write(book, 2)
    os.truncate(home.audit / "reveals.jsonl", (home.audit / "reveals.jsonl").stat().st_size - 1)
    with pytest.raises(AuditError):
        book.check()
