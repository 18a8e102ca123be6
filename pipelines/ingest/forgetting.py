"""Taking one person's identity away: from vault, refused rows, raw deliveries, workbooks.

What stays: the facts of the lake under their pseudonym, counts, and the office's number of a
family, which others share. A raw delivery that names the person is deleted whole where it was
accepted: no row is cut out of what a department sent. Does not belong here: who may ask, the
audit book (`defs.forgetting`).
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.connectors import open_delivery
from pipelines.contracts.city import City
from pipelines.contracts.sources import Contract, contracts_of, load_contracts
from pipelines.ingest.identities import keys_of
from pipelines.ingest.identity import parse_citizen_numbers
from pipelines.ingest.quarantine import rewrite_shelf
from pipelines.ingest.reading import parser_of
from pipelines.ingest.receipts import load_receipt
from pipelines.settings import DEPARTMENTS, Home, WenduError
from pipelines.vault import Vault
from pipelines.vault.forgotten import Forgotten

FORGOTTEN_ROW = '{"forgotten":true}'
"""What quarantine keeps of a refused row that named the person."""

ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
SHORTEST_ACCOUNT = 8
"""Characters; what is shorter may stand in any text."""

LARGEST_MEMBER_BYTES = 200_000_000
"""A member of a workbook that unpacks to more is not looked into; no delivery holds one."""


@dataclass
class Purged:
    """What was taken away, in counts and paths below the home; `left` names the person still."""

    identities: int = 0
    refusals: int = 0
    deliveries: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    corrections: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def unnamed(contract: Contract, frame: pl.DataFrame, forgotten: Forgotten) -> pl.DataFrame:
    """Identities of a table without those of forgotten people.

    Of a row that names one: number, name, their keys and every restricted value and account go;
    other people in it stay, and the office's number of the family.

    Args:
        contract: the table.
        frame: identity columns and keys, as sealed.
        forgotten: who is to be left out.
    """
    if not frame.height or not len(forgotten):
        return frame
    for number, column in contract.columns.items():
        if not column.is_number_of_a_person or number not in frame.columns:
            continue
        is_named = forgotten.holds(frame[number].str.head(18))
        if not is_named.any():
            continue
        gone = {number, str(column.becomes), "person_key" if column.kind == "certificate" else ""}
        for name, other in contract.columns.items():
            if other.names == number or other.restricted or other.space == "account":
                gone |= {name, str(other.becomes)}
        frame = frame.with_columns(
            pl.when(~is_named).then(pl.col(name)).alias(name)
            for name in frame.columns
            if name in gone
        )
    return frame


def purge(home: Home, city: City, vault: Vault, number: str, codes: Iterable[str]) -> Purged:
    """Take a person's identity away wherever it lies; doing it again finishes what was cut off.

    Args:
        home: the home, held by the caller.
        city: how its departments deliver.
        vault: the vault.
        number: the person's, of 18 characters, already marked as forgotten.
        codes: of alerts about the person, by which returned lists are known.
    """
    done, forgotten = Purged(), Forgotten(home, vault)
    words = [*_spellings(number), *_own_accounts(vault, forgotten)]
    _purge_quarantine(home, words, done)
    _purge_replies(home, [*words, *codes], done)
    _purge_corrections(home, [*words, *codes], done)
    _purge_landing(home, city, number, words, done)
    # Last: what was cut off must find the accounts again.
    _purge_vault(home, vault, forgotten, done)
    return done


def _own_accounts(vault: Vault, forgotten: Forgotten) -> list[str]:
    """Accounts known of forgotten people alone: a row with a wrong number may still name one."""
    known = [pl.DataFrame(schema={"account": pl.String, "is_own": pl.Boolean})]
    for (department, table), contract in load_contracts().items():
        accounts = [name for name, column in contract.columns.items() if column.space == "account"]
        bearers = [
            name for name, column in contract.columns.items() if column.is_number_of_a_person
        ]
        sealed = vault.identities(department, table) if accounts else pl.DataFrame()
        known += [
            sealed.select(account=account, is_own=forgotten.holds(sealed[bearer].str.head(18)))
            for account in accounts
            for bearer in bearers
            if {account, bearer} <= set(sealed.columns)
        ]
    whose = pl.concat(known).drop_nulls().group_by("account").agg(pl.col("is_own").all())
    own = whose.filter("is_own")["account"]
    return own.filter(own.str.len_chars() >= SHORTEST_ACCOUNT).sort().to_list()


def _purge_vault(home: Home, vault: Vault, forgotten: Forgotten, done: Purged) -> None:
    for (department, table), contract in load_contracts().items():
        for path in sorted((home.vault / department / table).glob("received_on=*.sealed")):
            sealed = vault.unseal(path)
            kept = unnamed(contract, sealed, forgotten)
            changed = sealed.join(kept, on=sealed.columns, how="anti", nulls_equal=True).height
            if changed:
                _keep_keys(contract, sealed, kept, vault)
                vault.seal(kept, path)
                done.identities += changed


def _keep_keys(contract: Contract, sealed: pl.DataFrame, kept: pl.DataFrame, vault: Vault) -> None:
    """Let the keys stand of what is taken away: rows of the lake are known by them for good."""
    taken = sealed.select(
        pl.when(kept[name].is_null()).then(name) if name in sealed.columns
        else pl.lit(None, pl.String).alias(name)
        for name in contract.columns
    )  # fmt: skip
    with vault.keeping_keys():
        keys_of(contract, taken, vault)


def _purge_quarantine(home: Home, words: Sequence[str], done: Purged) -> None:
    """Refused rows lose their content; that they were refused, where and why, stays counted."""
    spellings = [word.upper() for word in words]
    for path in sorted(home.quarantine.glob("*/*/received_on=*/part.parquet")):
        refusals = pl.read_parquet(path, hive_partitioning=False)
        plain = refusals["raw"].str.replace_all(r"[\s\p{Cf}\-]", "").str.to_uppercase()
        names_person = plain.str.contains_any(spellings).fill_null(False)
        if names_person.any():
            unnamed_row = pl.when(names_person).then(pl.lit(FORGOTTEN_ROW)).otherwise("raw")
            rewrite_shelf(path, refusals.with_columns(raw=unnamed_row))
            done.refusals += int(names_person.sum())


def _purge_replies(home: Home, words: Sequence[str], done: Purged) -> None:
    """Workbooks that were read or sent back; answers taken from them hold no name and stay."""
    for path in sorted(home.replies.rglob("*")):
        if path.is_file() and path.parent.name not in ("accepted", "receipts"):
            if not _contains(path, words):
                continue
            told = path.relative_to(home.root).as_posix()
            if path.parent.name == "inbox":
                done.left.append(told)
            else:
                path.unlink()
                done.replies.append(told)


def _purge_corrections(home: Home, words: Sequence[str], done: Purged) -> None:
    """Departments' workbooks; those of a day are made anew, without the person, with its run."""
    for path in sorted(home.corrections.rglob("*.xlsx")):
        if _contains(path, words):
            path.unlink()
            done.corrections.append(path.relative_to(home.root).as_posix())


def _purge_landing(home: Home, city: City, number: str, words: Sequence[str], done: Purged) -> None:
    for department in DEPARTMENTS:
        for folder in sorted((home.landing / department).glob("????-??-??")):
            day = date.fromisoformat(folder.name)
            receipt = load_receipt(home, department, day)
            is_accepted = receipt is not None and receipt.verdict == "accepted"
            named = _files_naming(folder, city, department, day, number, words)
            for path in sorted(named):
                told = path.relative_to(home.root).as_posix()
                if is_accepted:
                    path.unlink()
                    done.deliveries.append(told)
                else:
                    done.left.append(told)


def _files_naming(
    folder: Path, city: City, department: str, day: date, number: str, words: Sequence[str]
) -> set[Path]:
    """Files of a delivery in which the person stands, however the number is written."""
    found = {
        path for path in folder.rglob("*") if path.is_file() and _contains(path, words)
    }  # fmt: skip
    contracts = contracts_of(department)
    declared = {contract.table: contract for contract in contracts}
    try:
        delivery = open_delivery(city.connection(department), contracts, folder, day)
    except WenduError:
        return found
    for table, pieces in delivery.pieces.items():
        for piece in pieces:
            if piece.path is None or piece.path in found:
                continue
            try:
                if any(_names(declared[table], batch.rows, day, number) for batch in piece.read()):
                    found.add(piece.path)
            except WenduError:
                continue
    return found


def _names(contract: Contract, raw: pl.DataFrame, day: date, number: str) -> bool:
    return any(
        (parser_of(column, day, 1)(raw[name])["value"].str.head(18) == number).any()
        for name, column in contract.columns.items()
        if column.is_number_of_a_person and name in raw.columns
    )


def _spellings(number: str) -> list[str]:
    """The number of 18 characters, the old one of 15, and in letters of full width."""
    short = number[:6] + number[8:17] if number[6:8] == "19" else number
    return sorted({
        number, number.lower(), short, number.translate(FULL_WIDTH), short.translate(FULL_WIDTH),
    })  # fmt: skip


def _contains(path: Path, words: Sequence[str]) -> bool:
    """Whether a file, or a member of a workbook, holds one of the words in any usual encoding."""
    wanted = {word.encode(encoding) for word in words for encoding in ENCODINGS}
    if path.suffix == ".parquet":
        texts = pl.read_parquet(path).select(pl.selectors.string())
        return any(texts[name].str.contains_any(list(words)).any() for name in texts.columns)
    return any(word in content for content in _contents(path) for word in wanted)


def _contents(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as book:
            for member in book.infolist():
                if member.file_size <= LARGEST_MEMBER_BYTES:
                    yield book.read(member)


def normal_number(text: str, day: date) -> str | None:
    """A citizen number as conform reads it; null where it is none."""
    value = parse_citizen_numbers(pl.Series([text], dtype=pl.String), day)["value"][0]
    return str(value) if value is not None else None
