"""The vault itself: keyed hashes of whole columns, and frames sealed on disk.

Pseudonyms are HMAC-SM3, cut to 128 bits; sealed frames are AES-256-GCM over Parquet bytes, tied
to their place so that one file cannot stand in for another. What a number or a name looks like
after normalising is decided before it gets here; who stands behind a key is asked in `lookup`.
"""

import io
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC
from pyarrow import parquet

from pipelines.settings import Home, put_in_place
from pipelines.vault import kept_keys
from pipelines.vault.kept_keys import KeptKeys
from pipelines.vault.key import (
    KEY_VARIABLE,
    Keys,
    VaultError,
    WrongKeyError,
    derive,
    given_secret,
    make_secret,
    read_secret,
)
from pipelines.vault.lookup import KnownPeople, known_people, newest_households
from pipelines.vault.rotation import require_no_rotation

PSEUDONYM_BYTES = 16
NONCE_BYTES = 12
MAGIC = b"WENDU-SEALED-1\n"
CHECK_FILE = "check.sealed"
CHECK_TEXT = b"This key opens this vault."
SUFFIX = ".sealed"


class Vault:
    """Everything that needs the key. Open it with `Vault.open`, once per run."""

    def __init__(self, home: Home, keys: Keys) -> None:
        self._folder = home.vault
        self._cipher = AESGCM(keys.sealing)
        self._mac = HMAC(keys.pseudonyms, SM3())
        self._noted: dict[str, bytes] | None = None

    def __repr__(self) -> str:
        return f"Vault({self._folder})"

    @classmethod
    def open(
        cls, home: Home, key_file: Path | None = None, *, to_change_the_key: bool = False
    ) -> "Vault":
        """Open the vault of a home; a home without any data gets a new key.

        Args:
            home: the home whose identities are meant.
            key_file: where the secret lies; if not given, the environment gives the secret
                itself in `WENDU_KEY`, else it lies in `<home>/vault/key`.
            to_change_the_key: goes on with a change of the key that was cut off.

        Raises:
            WrongKeyError: the key is missing though the vault or the lake hold data, can be read
                by others, or is not the one this vault was sealed with. Nothing was written.
            VaultError: nothing proves the key, or a change of it was cut off; nothing was written.
        """
        if not to_change_the_key:
            require_no_rotation(home)
        path = key_file or home.vault / "key"
        check = home.vault / CHECK_FILE
        given = given_secret() if key_file is None else None
        if given is not None:
            vault = cls(home, derive(given))
        elif path.exists():
            vault = cls(home, derive(read_secret(path)))
        elif holds_data(home):
            raise WrongKeyError(
                f"The vault key {path} is missing, but {home.root} already holds data made with "
                "one; put the key file back, or start with an empty home."
            )
        else:
            _make_private(home.vault)
            vault = cls(home, derive(make_secret(path)))
        if check.exists():
            vault._prove(check, KEY_VARIABLE if given is not None else str(path))
        elif any(home.vault.rglob(f"*{SUFFIX}")):
            raise VaultError(
                f"{check} is missing, so nothing proves that the key is this vault's; "
                "put the file back from the backup of the vault folder."
            )
        else:
            _make_private(home.vault)
            vault._write(CHECK_TEXT, check)
        return vault

    def pseudonyms(self, space: str, values: pl.Series, *, are_distinct: bool = False) -> pl.Series:
        """The keyed hash of every value within a space; equal values get equal hashes.

        Args:
            space: `person`, `household`, `relapse_watch_household`, `account`, `certificate`.
            values: normalised text; null stays null.
            are_distinct: the caller vouches that no value is null or there twice.

        Returns:
            Binary values of 16 bytes, named as `values`.
        """
        frame = pl.DataFrame({"value": values.cast(pl.String)})
        text = pl.lit(f"{space}:") + pl.col("value")
        return self._hashed(frame, text, are_distinct).alias(values.name)

    def name_hashes(
        self, numbers: pl.Series, names: pl.Series, *, are_distinct: bool = False
    ) -> pl.Series:
        """The keyed hash of every name, bound to its bearer's number.

        Two people of one name have different hashes, so that nobody can count hashes and guess
        names. Null where number or name is null. `are_distinct` as in `pseudonyms`.
        """
        frame = pl.DataFrame({
            "number": numbers.cast(pl.String), "value": names.cast(pl.String),
        })  # fmt: skip
        text = pl.lit("name:") + pl.col("number") + ":" + pl.col("value")
        return self._hashed(frame, text, are_distinct).alias(names.name)

    def _hashed(self, frame: pl.DataFrame, text: pl.Expr, are_distinct: bool) -> pl.Series:
        texts = frame.select(text=text)
        if are_distinct:
            return pl.Series(self._digests(texts["text"]), dtype=pl.Binary)
        unique = texts.drop_nulls().unique()
        hashed = unique.with_columns(hash=pl.Series(self._digests(unique["text"]), dtype=pl.Binary))
        return texts.join(hashed, on="text", how="left", maintain_order="left")["hash"]

    def _digests(self, texts: pl.Series) -> list[bytes]:
        begin, digests = self._mac.copy, list[bytes]()
        for text in texts:
            mac = begin()
            mac.update(text.encode())
            digests.append(mac.finalize()[:PSEUDONYM_BYTES])
        keys = self._kept.of(texts, digests)
        if self._noted is not None:
            self._noted |= dict(zip(texts, keys, strict=True))
        return keys

    @contextmanager
    def keeping_keys(self) -> Iterator[None]:
        """What is hashed within keeps its key, whatever becomes of the vault's key."""
        self._noted = {}
        try:
            yield
            if self._noted:
                self._keep(self._kept.with_keys(self._noted))
        finally:
            self._noted = None

    def copy_kept_keys(self, other: "Vault", translate: Callable[[pl.Series], pl.Series]) -> None:
        """Keep the same keys in another vault, as they are translated there."""
        if self._kept.keys:
            other._keep(self._kept.translated(translate))

    @cached_property
    def _kept(self) -> KeptKeys:
        path = self._folder / kept_keys.FILE
        return KeptKeys.of_frame(self.unseal(path)) if path.exists() else KeptKeys()

    def _keep(self, kept: KeptKeys) -> None:
        self.seal(kept.frame(), self._folder / kept_keys.FILE)
        self._kept = kept

    def seal(self, frame: pl.DataFrame, path: Path) -> None:
        """Encrypt a frame into a file of the vault, whole or not at all.

        A file that already holds the same rows in the same order is left as it is.
        """
        if path.exists() and self._holds(frame, path):
            return
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd", compression_level=1, statistics=False)
        self._write(buffer.getvalue(), path)

    def unseal(self, path: Path) -> pl.DataFrame:
        """Decrypt a sealed frame.

        Raises:
            VaultError: the file is damaged, was moved, or belongs to another key.
        """
        return pl.read_parquet(self._unsealed(path))

    def _unsealed(self, path: Path) -> bytes:
        """The Parquet bytes of a sealed frame; what can be decrypted is what was encrypted."""
        try:
            return self._read(path)
        except (InvalidTag, OSError) as fault:
            raise VaultError(
                f"{path} cannot be opened: it is missing, damaged, was moved, or belongs to "
                "another key; restore it from the backup of the vault folder."
            ) from fault

    def identities(self, department: str, table: str, until: date | None = None) -> pl.DataFrame:
        """All sealed frames of a table one after the other, with `received_on`, newest last.

        Given a date, only what was received by then. A table of which nothing was sealed gives a
        frame without rows and columns.
        """
        return self.scan_identities(department, table, until).collect()

    def scan_identities(
        self, department: str, table: str, until: date | None = None
    ) -> pl.LazyFrame:
        """As `identities`, decrypted and not yet read: of what is asked no more is read."""
        last = f"received_on={until}{SUFFIX}" if until else f"received_on=9{SUFFIX}"
        sealed = (self._folder / department / table).glob(f"received_on=*{SUFFIX}")
        unsealed = {
            path.stem.removeprefix("received_on="): self._unsealed(path)
            for path in sorted(path for path in sealed if path.name <= last)
        }
        alike = groupby(unsealed.items(), lambda one: pl.read_parquet_schema(one[1]))
        frames = [_scanned(dict(some)) for _, some in alike]
        return pl.concat(frames, how="diagonal_relaxed") if frames else pl.LazyFrame()

    def people(self, keys: pl.Series) -> pl.DataFrame:
        """Who stands behind person keys, as `KnownPeople.people` of all that was received."""
        return known_people(self.scan_identities, keys.drop_nulls().unique()).people(keys)

    def known_people(self, until: date | None = None) -> KnownPeople:
        """Everybody who was named in what was received by a date, for more than one question."""
        return known_people(partial(self.scan_identities, until=until))

    def households(self, keys: pl.Series) -> pl.DataFrame:
        """What stands behind household keys, a row per key found, the newest state.

        Columns: `household_key`, `household_no` (a watched household's `monitor_no`),
        `head_key`, `head_id`, `head_name`, `address`, `phone`. Head, address and phone are
        known of families in civil affairs' register alone.
        """
        return newest_households(keys, self.scan_identities)

    def _holds(self, frame: pl.DataFrame, path: Path) -> bool:
        try:
            present = self.unseal(path)
        except VaultError:
            return False
        return present.schema == frame.schema and present.equals(frame)

    def _prove(self, check: Path, key: str) -> None:
        try:
            self._read(check)
        except (InvalidTag, OSError) as fault:
            raise WrongKeyError(
                f"The key {key} does not open the vault {self._folder}; "
                "use the key this home was made with."
            ) from fault

    def _place(self, path: Path) -> bytes:
        return MAGIC + path.absolute().relative_to(self._folder).as_posix().encode()

    def _read(self, path: Path) -> bytes:
        sealed = path.read_bytes()
        nonce, text = sealed[len(MAGIC) :][:NONCE_BYTES], sealed[len(MAGIC) + NONCE_BYTES :]
        if not sealed.startswith(MAGIC) or len(nonce) < NONCE_BYTES:
            raise InvalidTag
        return self._cipher.decrypt(nonce, text, self._place(path))

    def _write(self, plain: bytes, path: Path) -> None:
        place = self._place(path)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        nonce = secrets.token_bytes(NONCE_BYTES)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(MAGIC + nonce + self._cipher.encrypt(nonce, plain, place))
            put_in_place(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _scanned(unsealed: Mapping[str, bytes]) -> pl.LazyFrame:
    """Parquet bytes of the same columns by day, read as one, with `received_on`.

    A frame for each day would cost two milliseconds for each: seconds, after a year.
    """
    held = pl.DataFrame({
        "day": [*unsealed],
        "rows": [parquet.read_metadata(io.BytesIO(one)).num_rows for one in unsealed.values()],
    })  # fmt: skip
    by_row = held.filter(pl.col("rows") > 0).select(pl.col("day").repeat_by("rows").explode())
    received_on = pl.lit(by_row["day"].str.to_date()).gather(pl.col("row"))
    return (
        pl.scan_parquet(list[Any](unsealed.values()), row_index_name="row")
        .with_columns(received_on=received_on)
        .drop("row")
    )


def _make_private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def holds_data(home: Home) -> bool:
    """Whether something in a home was made with a key."""
    return (
        any(home.vault.rglob(f"*{SUFFIX}"))
        or any(home.receipts.rglob("*.json"))
        or any(home.lake.glob("*/*/received_on=*/*.parquet"))
    )
