"""Keys of forgotten people that stand when the vault's key changes.

Nobody can read a forgotten number again, so at a change of the key its rows get keys made of the
old ones. A department that goes on sending the number must meet those rows, or one person would
become two. So what was forgotten leaves a mark, made with a secret of its own as in `forgotten`,
and beside it the key in its place now. Does not belong here: who is forgotten (`forgotten`), how
keys are translated (`translation`).
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

FILE = "kept_keys.sealed"
SECRET_BYTES = 32


@dataclass(frozen=True)
class KeptKeys:
    """Keys by the mark of what they are made of; none where nobody was forgotten."""

    keys: Mapping[bytes, bytes] = field(default_factory=dict)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(SECRET_BYTES), repr=False)

    @classmethod
    def of_frame(cls, frame: pl.DataFrame) -> "KeptKeys":
        """As `frame` gave them."""
        return cls(dict(frame.select("mark", "key").iter_rows()), frame["secret"][0])

    def frame(self) -> pl.DataFrame:
        """One row per mark, in order, to be sealed."""
        kept = pl.DataFrame(
            sorted(self.keys.items()), {"mark": pl.Binary, "key": pl.Binary}, orient="row"
        )
        return kept.with_columns(secret=pl.lit(self.secret))

    def of(self, texts: Iterable[str], keys: list[bytes]) -> list[bytes]:
        """Keys of texts, where one was kept the one that was."""
        if not self.keys:
            return keys
        return [self.keys.get(self._mark(one), key) for one, key in zip(texts, keys, strict=True)]

    def with_keys(self, made: Mapping[str, bytes]) -> "KeptKeys":
        """With the keys of more texts."""
        return KeptKeys(
            {**self.keys, **{self._mark(text): key for text, key in made.items()}}, self.secret
        )

    def translated(self, translate: Callable[[pl.Series], pl.Series]) -> "KeptKeys":
        """Under other keys."""
        old = pl.Series([*self.keys.values()], dtype=pl.Binary)
        return KeptKeys(dict(zip(self.keys, translate(old), strict=True)), self.secret)

    def _mark(self, text: str) -> bytes:
        mac = HMAC(self.secret, SM3())
        mac.update(text.encode())
        return mac.finalize()
