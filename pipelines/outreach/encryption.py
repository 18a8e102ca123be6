"""Copies of workbooks that only the township opens, going out and coming back: AES-256.

The published workbooks stay as they are, so that a replay compares them byte for byte; encrypted
bytes are made with fresh salt and differ every time. Does not belong here: where passwords come
from but their file, sending.
"""

import csv
import io
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from msoffcrypto.exceptions import FileFormatError, InvalidKeyError
from msoffcrypto.format.ooxml import OOXMLFile

from pipelines.settings import PROJECT, UsageError

OTHERS = stat.S_IRWXG | stat.S_IRWXO
CODE, PASSWORD = "township_code", "password"
UNFINISHED = ".unfinished"
"""Within a folder of copies, while they are made."""


def read_passwords(file: Path) -> dict[str, str]:
    """Passwords by township code.

    Args:
        file: CSV with the columns `township_code,password`, or YAML with `code: "password"`.

    Raises:
        UsageError: the file is missing, can be read by others, or is not of this form. No
            password is ever told.
    """
    if not file.is_file():
        raise UsageError(f"The passwords' file {file} is missing; see WENDU_LIST_PASSWORDS_FILE.")
    if file.resolve().is_relative_to(PROJECT):
        raise UsageError(f"The passwords' file {file} lies in the program's folder; move it out.")
    if file.stat().st_mode & OTHERS:
        raise UsageError(f"The passwords' file {file} can be read by others; run chmod 600 {file}.")
    try:
        text = file.read_text(encoding="utf-8-sig")
        pairs = _pairs_of_csv(text) if file.suffix == ".csv" else _pairs_of_yaml(text)
    except (UnicodeDecodeError, yaml.YAMLError, KeyError):
        # What the parser says may quote a password.
        raise UsageError(f"{file} {FORM}") from None
    codes = [code for code, _ in pairs]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise UsageError(f"{file} names {', '.join(twice)} more than once; keep one row each.")
    if wrong := sorted(code for code, word in pairs if not isinstance(word, str) or not word):
        raise UsageError(
            f"The password of {', '.join(wrong)} in {file} is empty or no text; put it in quotes."
        )
    return {code: str(word) for code, word in pairs}


FORM = (
    f"is not a list of passwords: a CSV file with the columns {CODE},{PASSWORD}, "
    f'or a YAML file with lines of the form 371502001: "password".'
)


def encrypt_lists(
    workbooks: Iterable[Path], passwords: Mapping[str, str], folder: Path
) -> list[Path]:
    """Write an encrypted copy of every workbook, all or none; cut off, it is to be done again.

    Args:
        workbooks: published lists, named by office.
        passwords: by office.
        folder: new or empty; gets files of the same names, readable by the owner alone.

    Raises:
        UsageError: the folder holds something, or an office has no password; nothing was written.
    """
    books = sorted(workbooks)
    if missing := [book.stem for book in books if book.stem not in passwords]:
        raise UsageError(
            f"No password for {', '.join(missing)}; add {'it' if len(missing) == 1 else 'them'} "
            "to the passwords' file. Nothing was written."
        )
    unfinished = folder / UNFINISHED
    if folder.exists() and not (folder.is_dir() and {*folder.iterdir()} <= {unfinished}):
        raise UsageError(f"{folder} is not an empty folder; name a new one. Nothing was written.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    for book in books:
        copy = unfinished / book.name
        copy.touch(mode=0o600)
        copy.write_bytes(encrypted(book.read_bytes(), passwords[book.stem]))
    written = [(unfinished / book.name).replace(folder / book.name) for book in books]
    unfinished.rmdir()
    return written


def encrypted(workbook: bytes, password: str) -> bytes:
    """A workbook that only the password opens."""
    sealed = io.BytesIO()
    OOXMLFile(io.BytesIO(workbook)).encrypt(password, sealed)
    return sealed.getvalue()


@dataclass(frozen=True)
class Opened:
    """A file that can be read, and the password under which it came; None where it had none."""

    path: Path
    password: str | None = field(default=None, repr=False)


@contextmanager
def opened(path: Path, passwords: Mapping[str, str]) -> Iterator[Opened]:
    """A file without its password, for as long as it is read; any other file as it is.

    Args:
        path: a list that came back, under any name.
        passwords: by office; that of the office in the file's name is tried first.
    """
    found = _decrypted(path, passwords) if passwords and path.is_file() else None
    if found is None:
        yield Opened(path)
        return
    plain, password = found
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(plain)
        yield Opened(copy, password)


def _decrypted(path: Path, passwords: Mapping[str, str]) -> tuple[bytes, str] | None:
    """The workbook in an encrypted file, with its password; None where it is none, or none fits."""
    with path.open("rb") as file:
        try:
            book = OOXMLFile(file)
        except (FileFormatError, OSError):
            return None
        offices = sorted(passwords, key=lambda office: office not in path.name)
        for office in offices if book.is_encrypted() else []:
            plain = io.BytesIO()
            with suppress(InvalidKeyError):
                book.load_key(password=passwords[office], verify_password=True)
                book.decrypt(plain)
                return plain.getvalue(), passwords[office]
    return None


def _pairs_of_csv(text: str) -> list[tuple[str, object]]:
    return [(row[CODE].strip(), row[PASSWORD]) for row in csv.DictReader(io.StringIO(text))]


def _pairs_of_yaml(text: str) -> list[tuple[str, object]]:
    told = yaml.safe_load(text)
    if not isinstance(told, dict):
        raise KeyError(CODE)
    return [(str(code), word) for code, word in told.items()]
