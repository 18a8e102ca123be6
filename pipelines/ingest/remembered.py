"""The vault's pseudonyms, each asked for once per delivery.

The same people stand in many files and tables of a delivery. Does not belong here: the hash.
"""

from collections.abc import Callable

import polars as pl

from pipelines.vault import Vault


class RememberedPseudonyms:
    """Asks the vault for what was not asked before; answers as the vault does."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._known: dict[str, pl.DataFrame] = {}

    def pseudonyms(self, space: str, values: pl.Series) -> pl.Series:
        """As `Vault.pseudonyms`."""
        asked = pl.DataFrame({"value": values})
        return self._answers(
            space, asked, lambda new: self._vault.pseudonyms(space, new["value"], are_distinct=True)
        ).alias(values.name)

    def name_hashes(self, numbers: pl.Series, names: pl.Series) -> pl.Series:
        """As `Vault.name_hashes`."""
        asked = pl.DataFrame({"number": numbers, "value": names})
        return self._answers(
            "",
            asked,
            lambda new: self._vault.name_hashes(new["number"], new["value"], are_distinct=True),
        ).alias(names.name)

    def _answers(
        self, family: str, asked: pl.DataFrame, ask: Callable[[pl.DataFrame], pl.Series]
    ) -> pl.Series:
        names = asked.columns
        distinct = asked.drop_nulls().unique()
        known = self._known.get(family, distinct.clear().with_columns(key=pl.lit(None, pl.Binary)))
        # What is known is many times what is asked: it is only ever looked through.
        met = known.join(distinct, on=names, how="semi") if known.height else known
        new = distinct.join(met, on=names, how="anti") if met.height else distinct
        if new.height:
            answered = new.with_columns(ask(new).alias("key"))
            self._known[family] = known.vstack(answered)
            met = met.vstack(answered)
        return asked.join(met, on=names, how="left", maintain_order="left")["key"]
