"""Vault and lake made anew with another key, beside those that stand.

Every sealed identity is read again, its keys are made with the new key, and the pairs of old and
new keys translate the lake, which holds no identities. Does not belong here: history and
published marts (`warehouse.rekeying`), the order of steps and the destruction of the old key
(`defs.rotation`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.contracts.sources import Contract, load_contracts
from pipelines.ingest.identities import key_columns, keys_of
from pipelines.ingest.lake import ROWS_PER_GROUP
from pipelines.ingest.receive import PEOPLE
from pipelines.settings import Home
from pipelines.vault import Translation, Vault, VaultError

SEALED = "*/*/received_on=*.sealed"
SHELVES = "*/*/received_on=*/part.parquet"


@dataclass(frozen=True)
class Counts:
    """Rows and distinct keys by file, to be the same before and after."""

    rows: dict[str, int]
    keys: dict[str, int]


def rekey_vault(home: Home, old: Vault, stage: Home, new: Vault) -> Translation:
    """Seal every identity anew in another home; returns how keys are translated.

    Args:
        home: where the sealed frames lie.
        old: opens them.
        stage: gets them.
        new: seals them there.

    Raises:
        VaultError: a frame holds a key that the old key does not make of its identity.
    """
    pairs = [pl.DataFrame(schema={"old": pl.Binary, "new": pl.Binary})]
    undeclared: list[Path] = []
    for path in sorted(home.vault.glob(SEALED)):
        contract = _contract(path)
        if contract is None:
            undeclared.append(path)
            continue
        frame = old.unseal(path)
        before, after = _keys(contract, frame, old), _keys(contract, frame, new)
        for made, again in zip(before, after, strict=True):
            if not made.eq_missing(frame[made.name]).all():
                raise VaultError(
                    f"{path} holds keys in {made.name} that the vault's key does not make of its "
                    "identities; nothing was changed. Restore the vault folder from its backup."
                )
            pairs.append(pl.DataFrame({"old": made, "new": again}))
        new.seal(frame.with_columns(after), stage.vault / path.relative_to(home.vault))
    translation = Translation(new, pl.concat(pairs))
    for path in undeclared:
        frame = translation.of_frame(old.unseal(path))
        new.seal(frame, stage.vault / path.relative_to(home.vault))
    return translation


def rekey_lake(home: Home, stage: Home, translation: Translation) -> None:
    """Write every shelf of the lake anew in another home, each row with its new keys."""
    for path in sorted(home.lake.glob(SHELVES)):
        contract, place = _contract(path.parent), stage.lake / path.relative_to(home.lake)
        rows = translation.of_frame(pl.read_parquet(path, hive_partitioning=False))
        order = _order(path, contract)
        rows = rows.sort(order, maintain_order=True) if order else rows
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.parent.parent.name == PEOPLE:
            rows.write_parquet(place, compression="zstd", compression_level=1)
        else:
            rows.lazy().sink_parquet(
                place, compression="zstd", compression_level=1, row_group_size=ROWS_PER_GROUP,
                maintain_order=True, sync_on_close="all",
            )  # fmt: skip
        place.chmod(0o600)


def counts(home: Home, vault: Vault) -> Counts:
    """Rows of every shelf and sealed frame, and how many distinct keys stand in each column."""
    rows: dict[str, int] = {}
    keys: dict[str, int] = {}
    for name, frame in _frames(home, vault):
        rows[name] = frame.height
        for column, kind in frame.schema.items():
            if kind == pl.Binary():
                keys[f"{name} {column}"] = frame[column].n_unique()
    return Counts(rows, keys)


def strangers(home: Home, vault: Vault) -> int:
    """How many sealed identities do not give the key that stands beside them in the lake.

    Every key that is made anew of an identity must stand in the lake of the same table, where
    the lake has the rows.
    """
    missed = 0
    for path in sorted(home.vault.glob(SEALED)):
        contract, shelves = _contract(path), _shelves_of(home, path)
        if contract is None or not shelves:
            continue
        lake = pl.concat(
            [pl.read_parquet(shelf, columns=key_columns(contract)) for shelf in shelves]
        )
        for made in _keys(contract, vault.unseal(path), vault):
            missed += int(made.drop_nulls().is_in(lake[made.name].implode()).not_().sum())
    return missed


def _keys(contract: Contract, frame: pl.DataFrame, vault: Vault) -> list[pl.Series]:
    """Keys of a sealed frame's identities; where nobody is known any more, null."""
    unknown = [name for name in contract.columns if name not in frame.columns]
    read = frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in unknown)
    return keys_of(contract, read, vault)


def _frames(home: Home, vault: Vault) -> Iterator[tuple[str, pl.DataFrame]]:
    for path in sorted(home.vault.glob(SEALED)):
        yield f"vault/{path.relative_to(home.vault)}", vault.unseal(path)
    for path in sorted(home.lake.glob(SHELVES)):
        yield f"lake/{path.relative_to(home.lake)}", pl.read_parquet(path, hive_partitioning=False)


def _shelves_of(home: Home, sealed: Path) -> list[Path]:
    table = home.lake / sealed.relative_to(home.vault).parent
    return sorted(table.glob("received_on=*/part.parquet"))


def _contract(path: Path) -> Contract | None:
    return load_contracts().get((path.parent.parent.name, path.parent.name))


def _order(path: Path, contract: Contract | None) -> list[str]:
    if contract is not None:
        return contract.lake_key
    return ["person_key"] if path.parent.parent.name == PEOPLE else []
