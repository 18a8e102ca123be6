"""Conformed rows of one table, kept aside on disk until the delivery is judged.

Parts hold lake columns only, sorted by key; identities stay in memory, each once. Here keys seen
twice within a delivery are found, over all its files. Does not belong here: earlier deliveries
(`lake`).
"""

from pathlib import Path

import polars as pl

from pipelines.connectors.raw import LINE
from pipelines.contracts.sources import Contract
from pipelines.ingest.conform import FILE, PLACE
from pipelines.ingest.identities import IDENTITY, Identities, value_schema


class Spool:
    """Accepted rows of one table of one delivery.

    Keys and contents are compared by 64-bit hashes: among three million keys a chance
    collision is one in four million deliveries.
    """

    def __init__(self, folder: Path, contract: Contract, identities: Identities) -> None:
        self._folder = folder
        self._contract = contract
        self._values = list(value_schema(contract))
        self._identities = identities
        self._bearers: list[pl.Series] = []
        self._index: list[pl.DataFrame] = []
        self.parts: list[Path] = []
        folder.mkdir(parents=True, mode=0o700)

    @property
    def height(self) -> int:
        """Rows that stand in the parts."""
        return sum(index.height for index in self._index)

    @property
    def identities(self) -> pl.DataFrame:
        """Identity columns with their keys, each combination once."""
        return self._identities.frame(pl.concat(self._bearers).unique())

    def add(self, accepted: pl.DataFrame) -> None:
        """Keep conformed rows aside."""
        if not accepted.height and self.parts:
            return
        rows = _by_key(accepted, self._contract.lake_key)
        part = self._folder / f"{len(self.parts):05d}.parquet"
        rows.select(self._values).write_parquet(part, compression="lz4", statistics=False)
        self.parts.append(part)
        restricted = self._identities.restricted_hashes(rows[IDENTITY])
        self._index.append(
            rows.select(pl.col(FILE).cast(pl.Categorical), LINE).with_columns(
                key=rows.select(self._contract.lake_key).hash_rows(seed=1),
                content=rows.select(self._values).with_columns(restricted).hash_rows(seed=2),
            )
        )
        self._bearers.append(rows[IDENTITY].unique())

    def settle_duplicates(self) -> tuple[int, pl.DataFrame, pl.DataFrame]:
        """Take out exact duplicates but one, and every row of a key with differing content.

        Returns:
            The number of exact duplicates, the places of conflicting rows, and their keys.
        """
        keys = self._contract.lake_key
        hashes = pl.concat(part["key"] for part in self._index)
        if hashes.n_unique() == len(hashes):
            nowhere = pl.DataFrame(schema={FILE: pl.String, LINE: pl.Int64})
            return 0, nowhere, value_schema(self._contract).to_frame().select(keys)
        index = pl.concat(
            part.select("key", "content", *PLACE).with_columns(
                _part=pl.lit(number, pl.UInt32), _row=pl.int_range(pl.len(), dtype=pl.UInt32)
            )
            for number, part in enumerate(self._index)
        )
        repeated = (
            index.filter(pl.col("key").is_duplicated())
            .with_columns(pl.col(FILE).cast(pl.String))
            .sort(FILE, LINE)
        )
        judged = repeated.with_columns(
            is_conflict=pl.col("content").n_unique().over("key") > 1,
            is_first=pl.int_range(pl.len()).over("key") == 0,
        )
        conflicts = judged.filter("is_conflict")
        leaving = judged.filter(pl.col("is_conflict") | ~pl.col("is_first"))
        refused = [value_schema(self._contract).to_frame().select(keys)]
        for number in leaving["_part"].unique().sort():
            rows = pl.read_parquet(self.parts[number])
            of_part = leaving.filter(pl.col("_part") == number)
            in_conflict = of_part.filter("is_conflict")["_row"]
            refused.append(rows.select(keys)[in_conflict.to_list()])
            stays = ~pl.int_range(rows.height, eager=True, dtype=pl.UInt32).is_in(
                of_part["_row"].implode()
            )
            rows.filter(stays).write_parquet(
                self.parts[number], compression="lz4", statistics=False
            )
            self._index[number] = self._index[number].filter(stays)
        return leaving.height - conflicts.height, conflicts.select(PLACE), pl.concat(refused)


def _by_key(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Rows sorted by key; a ledger comes in the order of its numbers, and to ask costs little."""
    return rows if len(key) == 1 and rows[key[0]].is_sorted() else rows.sort(key)
