"""The vault's pseudonyms, each asked for once per delivery.

The same people stand in many files and tables of a delivery, and in the deliveries before it:
numbers whose keys were sealed then are not hashed again. Does not belong here: the hash.
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
        self._vault = vault
        self._known: dict[str, pl.DataFrame] = {}
        self._recalled: set[str] = set()

    def recall(self, contract: Contract) -> None:
        """Take up the keys that were sealed with earlier deliveries of a table, once."""
        if contract.table in self._recalled:
            return
        self._recalled.add(contract.table)
        sealed = self._vault.identities(contract.department, contract.table)
        for name, column in contract.columns.items():
            if not {name, column.becomes} <= set(sealed.columns):
                continue
            value, key = pl.col(name).alias("value"), pl.col(str(column.becomes)).alias("key")
            person = pl.col(name).str.head(18).alias("value")
            if column.kind == "name":
                number = pl.col(str(column.names)).str.head(18).alias("number")
                self._add("", sealed.select(number, value, key))
            else:
                self._add(str(column.key_space), sealed.select(value, key))
            if column.kind == "certificate":
                self._add("person", sealed.select(person, key=pl.col("person_key")))

    def _add(self, family: str, pairs: pl.DataFrame) -> None:
        known = [self._known[family]] if family in self._known else []
        pairs = pl.concat([*known, pairs.drop_nulls()])
        self._known[family] = pairs.unique(pairs.columns[:-1], keep="any")

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
