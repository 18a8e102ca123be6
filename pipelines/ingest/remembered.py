"""The vault's pseudonyms, each asked for once per delivery.

The same people stand in many files and tables of a delivery, and in the deliveries before it,
with whose names and numbers their keys were sealed. Does not belong here: the hash.
"""

from collections.abc import Callable

import polars as pl

from pipelines.contracts.sources import Contract
from pipelines.vault import Vault

WORTH_RECALLING = 20_000
"""So many new numbers take longer to hash than what was sealed before takes to open."""


class RememberedPseudonyms:
    """Asks the vault for what was not asked before; answers as the vault does."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self._known: dict[str, pl.DataFrame] = {}
        self._recalled: dict[str, pl.DataFrame] = {}

    def recalled(self, contract: Contract, values: list[str], keys: list[str]) -> pl.DataFrame:
        """Combinations of a table's identity columns that were sealed before, each once.

        They are opened for the first rows of a delivery and kept for the others.

        Args:
            contract: the table.
            values: identity columns, as conformed.
            keys: lake columns of their keys, which follow from the values.
        """
        if contract.table not in self._recalled:
            sealed = self.vault.scan_identities(contract.department, contract.table)
            self._recalled[contract.table] = (
                sealed.select(*values, *keys).unique(values, keep="any").collect()
                if {*values, *keys} <= set(sealed.collect_schema())
                else pl.DataFrame(schema=dict.fromkeys(values, pl.String))
            )
        return self._recalled[contract.table]

    def pseudonyms(self, space: str, values: pl.Series) -> pl.Series:
        """As `Vault.pseudonyms`."""
        asked = pl.DataFrame({"value": values})
        return self._answers(
            space, asked, lambda new: self.vault.pseudonyms(space, new["value"], are_distinct=True)
        ).alias(values.name)

    def name_hashes(self, numbers: pl.Series, names: pl.Series) -> pl.Series:
        """As `Vault.name_hashes`."""
        asked = pl.DataFrame({"number": numbers, "value": names})
        return self._answers(
            "",
            asked,
            lambda new: self.vault.name_hashes(new["number"], new["value"], are_distinct=True),
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
