"""From the pseudonyms of one key to those of another: whole columns, and texts that hold keys.

The pairs come from identities that are read again; a key nobody stands behind any more gets a
new one made of the old, so that its rows stay together. Does not belong here: where keys lie
(lake, history, published marts), when they are changed (`defs.rotation`).
"""

import polars as pl

from pipelines.vault.store import Vault

ORPHANS = "unknown"
"""Space of new keys made of old ones."""

WRITTEN_KEY = r"[0-9a-f]{32}"
"""How a key is published."""

SHORT_KEY = r"k([0-9a-f]{12})k"
"""How a citizen number inside a text of the lake is written."""

SHORT = 12


class Translation:
    """Old keys and the new ones in their place; grows by the keys nobody is known behind."""

    def __init__(self, vault: Vault, pairs: pl.DataFrame) -> None:
        """Begin with the pairs `old`, `new` of known identities; the vault holds the new key."""
        self._vault = vault
        self._pairs = pairs.drop_nulls().unique("old")
        self.orphans = 0

    def of_frame(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with every key in its binary and text columns replaced."""
        return frame.with_columns(
            self.keys(frame[name]) if kind == pl.Binary() else self.texts(frame[name])
            for name, kind in frame.schema.items()
            if kind in (pl.Binary(), pl.String())
        )

    def keys(self, keys: pl.Series) -> pl.Series:
        """New keys in the place of old ones; null stays null."""
        asked = keys.rename("old").to_frame()
        unknown = asked.drop_nulls().unique().join(self._pairs, on="old", how="anti")
        if unknown.height:
            made = self._vault.pseudonyms(ORPHANS, unknown["old"].bin.encode("hex"))
            self._pairs = self._pairs.vstack(unknown.with_columns(new=made))
            self.orphans += unknown.height
        return asked.join(self._pairs, on="old", how="left", maintain_order="left")["new"].alias(
            keys.name
        )

    def texts(self, texts: pl.Series) -> pl.Series:
        """Texts in which every known key is the new one; other runs of such letters stay."""
        return self._short(self._written(texts))

    def _written(self, texts: pl.Series) -> pl.Series:
        found = _runs(texts, WRITTEN_KEY).rename("old").to_frame()
        known = self._pairs.select(pl.all().bin.encode("hex")).join(found, on="old", how="semi")
        if not known.height:
            return texts
        # Most texts are a key and nothing else; the others hold few of them.
        asked = texts.rename("old").to_frame()
        whole = asked.join(known, on="old", how="left", maintain_order="left")["new"]
        others = texts.to_frame("text").filter(whole.is_null())["text"]
        inside = known.join(
            _runs(others, WRITTEN_KEY).rename("old").to_frame(), on="old", how="semi"
        )
        if inside.height:
            texts = (
                pl.select(pl.when(whole.is_null()).then(texts))
                .to_series()
                .str.replace_many(inside["old"].to_list(), inside["new"].to_list())
                .alias(texts.name)
            )
        return pl.select(pl.coalesce(whole, texts)).to_series().alias(texts.name)

    def _short(self, texts: pl.Series) -> pl.Series:
        found = _runs(texts, SHORT_KEY).str.slice(1, SHORT)
        if not found.len():
            return texts
        known = self._pairs.select(pl.all().bin.encode("hex").str.head(SHORT)).unique("old")
        made = self._vault.pseudonyms(ORPHANS, found).bin.encode("hex").str.head(SHORT)
        pairs = (
            pl.DataFrame({"old": found, "made": made})
            .join(known, on="old", how="left")
            .select(
                old="k" + pl.col("old") + "k", new="k" + pl.coalesce("new", "made") + "k"
            )
        )  # fmt: skip
        return texts.str.replace_many(pairs["old"].to_list(), pairs["new"].to_list())


def _runs(texts: pl.Series, pattern: str) -> pl.Series:
    """Every distinct run of a pattern in the texts."""
    return texts.drop_nulls().unique().str.extract_all(pattern).explode().drop_nulls().unique()
