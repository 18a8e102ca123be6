"""The vault's key: made once, guarded by file permissions, proven by a sealed check file.

The 32 random bytes of the secret key the pseudonyms; the key that seals is derived from them, so
that neither use weakens the other. Nothing here knows tables or people.
"""

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipelines.settings import Home, UsageError, WenduError, put_in_place, secret

SECRET_BYTES = 32
KEY_VARIABLE = "WENDU_KEY"


class VaultError(WenduError):
    """The vault cannot be opened or used; nothing was written."""


class WrongKeyError(VaultError, UsageError):
    """The key that was given is none, cannot be read safely, or is that of another vault."""


class NoKeyYetError(UsageError):
    """Nothing was run in the home yet, so that there is no key and nothing under one."""

    def __init__(self, home: Home) -> None:
        super().__init__(f"{home.root} has no vault key yet; it is made by the first run.")


@dataclass(frozen=True)
class Keys:
    """The two working keys of a secret. Never printed."""

    pseudonyms: bytes
    sealing: bytes

    def __repr__(self) -> str:
        return "Keys(…)"


def make_secret(path: Path) -> bytes:
    """Write a new random secret as hexadecimal text, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = secrets.token_bytes(SECRET_BYTES)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret.hex() + "\n")
    put_in_place(temporary, path)
    return secret


def given_secret() -> bytes | None:
    """The secret that the environment gives in `WENDU_KEY`, in place of a file; None without it.

    Raises:
        WrongKeyError: what it gives is no key.
    """
    given = secret(KEY_VARIABLE)
    if given is None:
        return None
    try:
        found = bytes.fromhex(given.strip())
    except ValueError:
        found = b""
    if len(found) != SECRET_BYTES:
        raise WrongKeyError(
            f"{KEY_VARIABLE} is not a key of {SECRET_BYTES} bytes in hexadecimal; give the right "
            "one, or none and a key file."
        )
    return found


def key_is_known(home: Home, key_file: Path | None) -> bool:
    """Whether there is a key to open the vault of a home with."""
    return secret(KEY_VARIABLE) is not None or (key_file or home.vault / "key").exists()


def read_secret(path: Path) -> bytes:
    """The secret of a key file.

    Raises:
        WrongKeyError: it belongs to another user, others than the owner may read it, or it is none.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise WrongKeyError(f"The vault key {path} is a folder; name the key file in it.")
        if found.st_uid not in (os.geteuid(), 0):
            raise WrongKeyError(
                f"The vault key {path} belongs to another user; run as that user, or make the "
                "file your own."
            )
        mode = stat.S_IMODE(found.st_mode)
        if mode & 0o077:
            raise WrongKeyError(
                f"The vault key {path} can be read by others (mode {mode:04o}); "
                f"run `chmod 600 {path}` and start again."
            )
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as fault:
        raise WrongKeyError(
            f"The vault key {path} cannot be read ({fault.strerror}); check who owns the file."
        ) from fault
    except ValueError as fault:
        raise WrongKeyError(
            f"The vault key {path} is not a key of {SECRET_BYTES} bytes in hexadecimal; "
            "put the right key file back."
        ) from fault
    if len(secret) != SECRET_BYTES:
        raise WrongKeyError(
            f"The vault key {path} is not a key of {SECRET_BYTES} bytes in hexadecimal; "
            "put the right key file back."
        )
    return secret


def derive(secret: bytes) -> Keys:
    """The working keys of a secret: always the same ones."""
    sealing = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"wendu:sealing:1")
    return Keys(pseudonyms=secret, sealing=sealing.derive(secret))
