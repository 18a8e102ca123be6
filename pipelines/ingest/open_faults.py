"""What departments still have to mend: faults that no later delivery has mended by a day.

A snapshot tells its whole state each time, so a fault is open while the newest delivery of its
table still has it. An append table tells news, so a fault is open until a later delivery brings
a row of the same key that is accepted. A row whose key cannot be read can never be found again:
it is told for `TOLD_DAYS` days and then only counted. All of it is a function of what was
received by the day. Does not belong here: how a department is told (`outreach.corrections`).
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import polars as pl

from pipelines.contracts.sources import Contract
from pipelines.ingest import lake
from pipelines.ingest.conform import lake_values
from pipelines.ingest.forgetting import FORGOTTEN_ROW
from pipelines.ingest.identities import Identities
from pipelines.ingest.quarantine import quarantine_shelf, refusals
from pipelines.ingest.receipts import Receipt
from pipelines.ingest.remembered import RememberedPseudonyms
from pipelines.ingest.torn_lines import TORN
from pipelines.settings import Home
from pipelines.vault import Vault

TOLD_DAYS = 30
"""How long a row that cannot be found again is told. Default of 2026-11-24."""

OPEN_FAULTS = pl.Schema({
    "department": pl.String(), "table": pl.String(), "key": pl.String(), "field": pl.String(),
    "value": pl.String(), "reason": pl.String(), "severity": pl.String(), "file": pl.String(),
    "line": pl.String(), "raws": pl.List(pl.String), "since_on": pl.Date(), "last_on": pl.Date(),
    "mended_on": pl.Date(), "is_told": pl.Boolean(),
})  # fmt: skip
"""One row per table, key, field and reason, with the department's own texts.

`key` and `value` are as delivered, `file` and `line` where they last stood (all places of a key
that came more than once), `raws` the rows of all those places; `since_on` is when the fault first
came, `last_on` when it last came, `mended_on` the day of the delivery that mended it (only of
deliveries of the day itself), `is_told` false for what is only counted. Holds personal data: for
the department alone.
"""

ITEM = ["key", "field", "reason"]
KEY_SEPARATOR, LIST_SEPARATOR = "；", "、"


def open_faults(
    home: Home, contract: Contract, receipts: list[Receipt], on_date: date, vault: Vault
) -> pl.DataFrame:
    """The faults of one table that are open on a day, and those mended on it.

    Args:
        home: where quarantine and lake lie.
        contract: the table.
        receipts: everything received by the day.
        on_date: the day.
        vault: finds the key of a refused row again.
    """
    delivered = [
        receipt.received_on
        for receipt in receipts
        if receipt.department == contract.department
        and receipt.verdict == "accepted"
        and contract.table in receipt.tables
    ]
    if not delivered:
        return OPEN_FAULTS.to_frame()
    if contract.mode == "snapshot":
        found = _of_snapshot(home, contract, delivered, on_date)
    else:
        found = _of_append(home, contract, delivered, on_date, vault)
    if not found.height:
        return OPEN_FAULTS.to_frame()
    told = found.filter(pl.col("mended_on").is_null() | (pl.col("mended_on") == on_date))
    texts = _texts(told, contract.columns).with_columns(told["field"])
    return (
        told.with_columns(
            texts.select(
                value=pl.coalesce(
                    pl.when(pl.col("field") == name).then(name) for name in contract.columns
                )
            ),
            department=pl.lit(contract.department),
            table=pl.lit(contract.table),
        )
        .select(OPEN_FAULTS.names())
        .cast(OPEN_FAULTS)
        .sort("reason", "field", "since_on", "key")
    )


def _refused(home: Home, contract: Contract, delivered: Sequence[date]) -> pl.DataFrame:
    """What deliveries of the table have in quarantine, with the `key` that is told of each row.

    `key_texts` are the columns of the key as delivered. Of several deliveries or none at all.
    """
    rows = refusals(
        quarantine_shelf(home, contract.department, contract.table, day) for day in delivered
    ).filter(pl.col("raw").is_not_null() & (pl.col("raw") != FORGOTTEN_ROW))
    keys = _texts(rows, contract.key).select(
        key=pl.concat_str(contract.key, separator=KEY_SEPARATOR, ignore_nulls=True),
        key_texts=pl.struct(contract.key),
    )
    # A line that is no row of the table stands for itself.
    named = pl.when(pl.col("key") != "").then("key").otherwise("raw")
    return rows.with_columns(keys).with_columns(key=named)


def _faults(refused: pl.DataFrame) -> pl.DataFrame:
    """Each fault of a delivery once, with all places and rows that have it."""
    return (
        refused.sort("received_on", "file", "line")
        .group_by(*ITEM, "received_on", maintain_order=True)
        .agg(
            pl.col("severity", "raw", "key_texts").first(),
            raws=pl.col("raw").unique(maintain_order=True),
            file=pl.col("file").unique(maintain_order=True).str.join(LIST_SEPARATOR),
            line=pl.col("line")
            .cast(pl.String)
            .unique(maintain_order=True)
            .str.join(LIST_SEPARATOR),
        )
    )


def texts_in(raws: pl.Series, names: Iterable[str]) -> pl.DataFrame:
    """Columns of refused rows as delivered, out of what quarantine keeps of each."""
    return raws.str.json_decode(pl.Struct(dict.fromkeys(names, pl.String))).struct.unnest()


def _texts(faults: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Columns of faults' rows as delivered; of a line that is no row what can be found in it."""
    numbered = faults.select("raw", is_torn=pl.col("reason").is_in(TORN)).with_row_index()
    whole, torn = numbered.filter(~pl.col("is_torn")), numbered.filter("is_torn")
    found = torn.select(
        "index", *(pl.col("raw").str.json_path_match(f"$.{n}").alias(n) for n in names)
    )
    read = whole.select("index").hstack(texts_in(whole["raw"], names))
    return pl.concat([read, found]).sort("index").drop("index")


def _of_snapshot(
    home: Home, contract: Contract, delivered: Sequence[date], on_date: date
) -> pl.DataFrame:
    """A fault is open while each delivery since it came has it."""
    newest = delivered[-1]
    now = _faults(_refused(home, contract, [newest]))
    before = _faults(_refused(home, contract, delivered[-2:-1] if newest == on_date else []))
    gone = before.join(now, on=ITEM, how="anti", nulls_equal=True, maintain_order="left")
    found = pl.concat([
        now.with_columns(mended_on=pl.lit(None, pl.Date)),
        gone.with_columns(mended_on=pl.lit(newest)),
    ])  # fmt: skip
    return found.with_columns(
        _since(home, contract, delivered, found), last_on="received_on", is_told=pl.lit(True)
    )


def _since(
    home: Home, contract: Contract, delivered: Sequence[date], faults: pl.DataFrame
) -> pl.Series:
    """`since_on`: the first of the deliveries in a row, up to the one it is of, that had a fault.

    They are looked at the newest first, ever more at once, and only as long as there is a fault
    that all those looked at had: most faults are mended soon, and some stand for a year.
    """
    number = {day: place for place, day in enumerate(delivered)}
    delivery = pl.col("received_on").replace_strict(number, return_dtype=pl.Int64)
    items = faults.select(*ITEM, since=delivery)
    looked_at, at_once = len(delivered) - 1, 1
    while looked_at and (items["since"] <= looked_at).any():
        further = delivered[max(looked_at - at_once, 0) : looked_at]
        in_a_row = pl.col("delivery") + pl.int_range(1, pl.len() + 1).over(ITEM)
        reached = (
            _refused(home, contract, further)
            .select(*ITEM, delivery=delivery)
            .unique()
            .join(items.filter(pl.col("since") <= looked_at), on=ITEM, nulls_equal=True)
            .filter(pl.col("delivery") < pl.col("since"))
            .sort("delivery", descending=True)
            .filter(in_a_row == pl.col("since"))
            .group_by(ITEM)
            .agg(earlier=pl.col("delivery").min())
        )
        items = items.join(
            reached, on=ITEM, how="left", nulls_equal=True, maintain_order="left"
        ).select(*ITEM, since=pl.coalesce("earlier", "since"))
        looked_at, at_once = looked_at - len(further), at_once * 2
    return pl.Series("since_on", delivered, pl.Date).gather(items["since"])


def _of_append(
    home: Home, contract: Contract, delivered: Sequence[date], on_date: date, vault: Vault
) -> pl.DataFrame:
    """A fault is open until an accepted row of its key comes later."""
    faults = _faults(_refused(home, contract, delivered))
    if not faults.height:
        return faults
    items = faults.group_by(ITEM, maintain_order=True).agg(
        pl.all().exclude("received_on").last(),
        since_on=pl.col("received_on").first(),
        last_on=pl.col("received_on").last(),
    )
    names = [f"_{name}" for name in contract.lake_key]
    keyed = pl.concat([items, _lake_keys(items, contract, on_date, vault)], how="horizontal")
    first = min(items["last_on"])
    mends = (
        keyed.with_row_index("item")
        .join(
            _accepted_between(home, contract, first, on_date),
            left_on=names,
            right_on=contract.lake_key,
        )
        .filter(pl.col("received_on") > pl.col("last_on"))
        .group_by("item")
        .agg(mended_on=pl.col("received_on").min())
    )
    is_lost = pl.any_horizontal(pl.col(name).is_null() for name in names)
    is_told = ~is_lost | (pl.col("last_on") > on_date - timedelta(days=TOLD_DAYS))
    return (
        keyed.with_row_index("item")
        .join(mends, on="item", how="left", maintain_order="left")
        .with_columns(is_told=is_told)
    )


def _lake_keys(
    items: pl.DataFrame, contract: Contract, on_date: date, vault: Vault
) -> pl.DataFrame:
    """The key under which the lake would hold each row; null where it cannot be read."""
    identities = Identities(contract, on_date, RememberedPseudonyms(vault))
    texts = items["key_texts"].struct.unnest()
    keys = lake_values(texts, contract.narrowed(), on_date, identities)
    return keys.select(pl.col(name).alias(f"_{name}") for name in contract.lake_key)


def _accepted_between(home: Home, contract: Contract, after: date, until: date) -> pl.DataFrame:
    """Keys of rows that were accepted after a day and until another, with their received dates."""
    shelves = lake.shelves(home, contract.department, contract.table, until, after)
    rows = [contract.lake_schema.to_frame().lazy()] + [
        pl.scan_parquet(shelf, hive_partitioning=False, glob=False) for shelf in shelves
    ]
    return (
        pl.concat(rows)
        .filter((pl.col("change") == "upsert") & ~pl.col("is_stale"))
        .select(*contract.lake_key, "received_on")
        .collect()
    )
