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
            space, asked, lambda new: self._vault.pseudonyms(space, new["value"])
        ).alias(values.name)

    def name_hashes(self, numbers: pl.Series, names: pl.Series) -> pl.Series:
        """As `Vault.name_hashes`."""
        asked = pl.DataFrame({"number": numbers, "value": names})
        return self._answers(
            "", asked, lambda new: self._vault.name_hashes(new["number"], new["value"])
        ).alias(names.name)

    def _answers(
        self, family: str, asked: pl.DataFrame, ask: Callable[[pl.DataFrame], pl.Series]
    ) -> pl.Series:
        known = self._known.get(family)
        new = asked.drop_nulls().unique()
        if known is not None:
            new = new.join(known, on=asked.columns, how="anti")
        if new.height or known is None:
            answers = new.with_columns(ask(new).alias("key"))
            known = answers if known is None else known.vstack(answers)
            self._known[family] = known
        return asked.join(known, on=asked.columns, how="left", maintain_order="left")["key"]
