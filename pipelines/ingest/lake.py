"""The lake's shelves: what changed with each delivery, and the state on any day.

Belongs here: comparing a delivery with the last accepted state, reading states, removing what
no receipt vouches for. Does not belong here: judging a delivery (`receive`), identities (vault).
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.connectors.fetching import FETCHING
from pipelines.contracts.sources import TECHNICAL_COLUMNS, Contract, load_contracts
from pipelines.ingest.identities import content_columns, value_schema
from pipelines.ingest.receipts import accepted_dates
from pipelines.settings import Home

INCOMING = "_incoming"
ROWS_PER_GROUP = 250_000


@dataclass
class Changes:
    """What one delivery changes in one table; `frames` in lake schema, counts beside them.

    `stale_keys` are those of all rows that stand as stale after it.
    """

    stale_keys: pl.DataFrame
    frames: list[pl.LazyFrame] = field(default_factory=list)
    standing: int = 0
    upserted: int = 0
    unchanged: int = 0
    removed: int = 0
    stale: int = 0


@dataclass(frozen=True)
class Refused:
    """Keys a delivery refused: whole, in part, or only what stood beside them.

    `bearers` are people a certificate of whom came under a number that is not its own.
    """

    keys: pl.DataFrame
    unkeyed: pl.DataFrame
    bearers: pl.DataFrame


def shelves(
    home: Home, department: str, table: str, until: date, after: date = date.min
) -> list[Path]:
    """Accepted partitions of a table received after one date and by another, in order."""
    paths = (
        home.shelf(department, table, day)
        for day in accepted_dates(home, department)
        if after < day <= until
    )
    return [path for path in paths if path.is_file()]


def latest_rows(
    home: Home, contract: Contract, until: date, among: pl.LazyFrame | None = None
) -> pl.DataFrame:
    """The newest row of every key received by a date, removals too.

    Args:
        home: where the lake lies.
        contract: the table.
        until: the last received date that counts.
        among: keys to look for; all of them if not given.
    """
    paths = shelves(home, contract.department, contract.table, until)
    if not paths:
        return contract.lake_schema.to_frame()
    log = pl.concat([pl.scan_parquet(path, hive_partitioning=False, glob=False) for path in paths])
    if among is not None:
        # Most of a ledger's rows are new, and to see that takes its keys alone.
        keys = log.select(contract.lake_key)
        met = keys.join(among.unique(), on=contract.lake_key, how="semi").unique().collect()
        if met.is_empty():
            return contract.lake_schema.to_frame()
        log = log.join(met.lazy(), on=contract.lake_key, how="semi")
    rows = log.collect()
    if len(paths) == 1:
        return rows
    return rows.sort("received_on", maintain_order=True).unique(
        subset=contract.lake_key, keep="last", maintain_order=True
    )


def state(home: Home, department: str, table: str, on: date) -> pl.DataFrame:
    """The rows of a table that stand on a day: the newest of each key, without who has left."""
    contract = load_contracts()[department, table]
    return latest_rows(home, contract, on).filter(pl.col("change") == "upsert")


def changes(
    contract: Contract,
    parts: list[Path],
    latest: pl.DataFrame,
    refused: Refused,
    received_on: date,
) -> Changes:
    """Compare a delivery with the last accepted state.

    Args:
        contract: the table.
        parts: its conformed rows.
        latest: newest row per key before this delivery; for an append table of its keys only.
        refused: keys the delivery refused.
        received_on: the date of the delivery.
    """
    standing = latest.filter(pl.col("change") == "upsert")
    found = Changes(contract.lake_schema.to_frame().select(contract.lake_key))
    found.standing = standing.height
    fresh = standing.filter(~pl.col("is_stale")).select(value_schema(contract).names())
    for part in parts:
        rows = pl.scan_parquet(part, glob=False)
        height = rows.select(pl.len()).collect().item()
        if latest.height:
            changed = _changed(rows.collect(), fresh, latest, contract)
            rows, written = changed.lazy(), changed.height
        else:
            rows, written = rows.with_columns(supersedes=pl.lit(False)), height
        found.upserted += written
        found.unchanged += height - written
        if written:
            found.frames.append(_marked(rows, contract, received_on))
    for frame, kind in _leaving(contract, parts, standing, refused):
        if kind == "remove":
            found.removed = frame.height
            frame = frame.select(contract.lake_key)  # noqa: PLW2901
        else:
            found.stale, found.stale_keys = frame.height, frame.select(contract.lake_key)
            frame = frame.filter(~pl.col("is_stale"))  # noqa: PLW2901
        if frame.height:
            rows = frame.lazy().with_columns(supersedes=pl.lit(True))
            found.frames.append(
                _marked(rows, contract, received_on, kind, is_stale=kind == "upsert")
            )
    return found


def _changed(
    rows: pl.DataFrame, fresh: pl.DataFrame, latest: pl.DataFrame, contract: Contract
) -> pl.DataFrame:
    """Rows that are new or differ, with whether an earlier row of their key exists."""
    known = latest.select(*contract.lake_key, supersedes=pl.lit(True))
    return (
        rows.join(fresh, on=rows.columns, how="anti", nulls_equal=True)
        .join(known, on=contract.lake_key, how="left")
        .with_columns(pl.col("supersedes").fill_null(False))
    )


def _marked(
    rows: pl.LazyFrame,
    contract: Contract,
    received_on: date,
    change: str = "upsert",
    is_stale: bool = False,
) -> pl.LazyFrame:
    """Rows in lake schema; columns a removal does not have are null."""
    schema = contract.lake_schema
    there = set(rows.collect_schema().names())
    technical = {
        "received_on": pl.lit(received_on),
        "change": pl.lit(change),
        "supersedes": pl.col("supersedes"),
        "is_stale": pl.lit(is_stale),
    }
    return rows.select(
        (technical[name] if name in TECHNICAL_COLUMNS
         else pl.col(name) if name in there else pl.lit(None)).cast(kind).alias(name)
        for name, kind in schema.items()
    )  # fmt: skip


def _leaving(
    contract: Contract, parts: list[Path], standing: pl.DataFrame, refused: Refused
) -> Iterator[tuple[pl.DataFrame, str]]:
    """Standing rows that stay as stale (`upsert`) and those that have left (`remove`)."""
    key = contract.lake_key
    if contract.mode == "append":
        standing = standing.join(refused.keys.drop_nulls(), on=key, how="semi")
    if not standing.height:
        return
    delivered = pl.concat([pl.scan_parquet(part, glob=False).select(key) for part in parts])
    absent = standing.join(delivered.collect(), on=key, how="anti", maintain_order="left")
    protected = absent.join(refused.keys.drop_nulls(), on=key, how="semi")
    if contract.mode == "append":
        yield protected, "upsert"
        return
    for part_of_key in key if len(key) > 1 else ():
        others = [name for name in key if name != part_of_key]
        partial = refused.keys.filter(
            pl.col(part_of_key).is_not_null()
            & pl.any_horizontal(pl.col(name).is_null() for name in others)
        )
        protected = protected.vstack(absent.join(partial, on=part_of_key, how="semi"))
    content = content_columns(contract)
    if refused.unkeyed.height and content:
        protected = protected.vstack(
            absent.join(refused.unkeyed, on=content, how="semi", nulls_equal=True)
        )
    if refused.bearers.height:
        protected = protected.vstack(absent.join(refused.bearers, on="person_key", how="semi"))
    protected = protected.unique(subset=key)
    yield protected, "upsert"
    yield absent.join(protected, on=key, how="anti"), "remove"


def write_shelf(frames: list[pl.LazyFrame], contract: Contract, path: Path) -> None:
    """Write one partition: sorted by key; of a very large delivery, each part by itself."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    rows = pl.concat(frames)
    if len(frames) <= 3:
        rows = rows.collect().sort(contract.lake_key).lazy()
    rows.sink_parquet(
        path, compression="zstd", compression_level=1, row_group_size=ROWS_PER_GROUP,
        maintain_order=True, sync_on_close="all",
    )  # fmt: skip


def clean_up(home: Home) -> None:
    """Remove what no accepted receipt vouches for: an interrupted run may have left it.

    Partitions, refused rows and sealed identities of deliveries without an accepted receipt,
    and everything temporary, what was being fetched or sealed among it: it names people, its day
    may never be asked for again, and a person who is forgotten would stay in it.
    """
    for leftover in (home.lake / INCOMING, *home.landing.glob(f"*/{FETCHING}-*")):
        shutil.rmtree(leftover, ignore_errors=True)
    for leftover in (
        *home.receipts.glob("*/.*.tmp"),
        *home.quarantine.glob("*/*/*/*.unfinished"),
        *home.vault.glob("*/*/.received_on=*.sealed.*"),
        *home.vault.glob(".forgotten.sealed.*"),
        *home.vault.glob(".kept_keys.sealed.*"),
    ):
        leftover.unlink()
    places = (home.lake, home.quarantine, home.vault)
    for department in {folder.name for place in places for folder in place.glob("*/")}:
        remove_unaccepted(home, department)


def remove_unaccepted(home: Home, department: str) -> None:
    """Remove what of a department's deliveries no accepted receipt vouches for."""
    accepted = {day.isoformat() for day in accepted_dates(home, department)}
    for place in (home.lake, home.quarantine, home.vault):
        for path in place.glob(f"{department}/*/received_on=*"):
            day = path.name.removeprefix("received_on=").removesuffix(".sealed")
            if day in accepted:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
