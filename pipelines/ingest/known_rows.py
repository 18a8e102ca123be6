"""Rows that came last time with the very same text: what was made of them then stands.

A process that receives day after day keeps the rows of each register in memory, as they came and
as they were conformed. Kept are only rows without any fault and remark: what becomes of such a
row hangs on nothing but its text, the declaration, the divisions and the key. Does not belong
here: tables that came again as a whole (`unchanged`), rows that change nothing (`lake`).
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from weakref import WeakKeyDictionary

import polars as pl

from pipelines.contracts.sources import Contract
from pipelines.ingest.conform import PLACE, Conformed, conform
from pipelines.ingest.divisions import Divisions
from pipelines.ingest.identities import HASH, Combinations, Identities, value_schema
from pipelines.ingest.receipts import TableReceipt
from pipelines.ingest.remembered import RememberedPseudonyms
from pipelines.vault import Vault

MOST_ROWS = 500_000
"""Of a larger table nothing is kept: memory is dearer there than reading it again."""

MOST_PER_ROW = 1.5
"""When so many rows are kept per row that came, most have left: the next delivery begins anew."""

KNOWN = "_known"


@dataclass(frozen=True)
class Stood:
    """How the lake stood after an accepted delivery, told by the rows that are kept of it.

    Each standing row is one of `is_standing` or has its key in `others`, as all stale ones have.
    """

    received_on: date
    counts: TableReceipt
    is_standing: pl.Series
    others: pl.DataFrame

    @property
    def height(self) -> int:
        """Rows that stood."""
        return int(self.is_standing.sum()) + self.others.height


@dataclass(frozen=True)
class Moved:
    """What of a table is not as it stood: all else came again and changes nothing.

    `rows` are those that may be news, `gone` the keys of those that did not come as they stood.
    """

    since: Stood
    rows: pl.DataFrame
    gone: pl.DataFrame
    unmoved: int

    def keys(self, key: list[str]) -> pl.LazyFrame:
        """Lake keys of which the lake has to be asked."""
        return pl.concat([self.rows.select(key), self.gone]).lazy()


@dataclass(frozen=True)
class LastTime:
    """What is kept of a table: `texts` as they came, `accepted` without places, row by row."""

    contract: Contract
    divisions: Divisions
    received_on: date
    factors: Mapping[str, int]
    texts: pl.DataFrame
    hashes: pl.Series
    accepted: pl.DataFrame
    combinations: Combinations
    stood: Stood | None = None

    def holds_on(self, contract: Contract, divisions: Divisions, received_on: date) -> bool:
        """Whether the same texts would become the same rows in a delivery of a day.

        The year counts because the oldest possible birth depends on it. Other dates that lie
        ahead can only come to pass: what was no fault before is none later.
        """
        return (
            self.contract == contract
            and self.divisions == divisions
            and self.received_on <= received_on
            and self.received_on.year == received_on.year
        )

    def numbers_of(self, texts: pl.DataFrame) -> pl.Series:
        """The number of the kept row of the same text, of each row; null where there is none."""
        kept = self.hashes.alias(HASH).to_frame().with_row_index(KNOWN)
        asked = texts.hash_rows(seed=5).alias(HASH).to_frame()
        at = asked.join(kept, on=HASH, how="left", maintain_order="left")[KNOWN]
        is_same = at.is_not_null()
        for name in texts.columns:  # a hash finds the row, that it is the same is compared
            is_same &= texts[name].eq_missing(self.texts[name].gather(at))
        return at.set(~is_same, None)


_LAST_TIMES: WeakKeyDictionary[Vault, dict[tuple[str, str], LastTime]] = WeakKeyDictionary()
"""By table; in memory only, and no longer than the vault whose key made the pseudonyms."""


class KnownRows:
    """Conforms the rows of one table of one delivery; those that are known are looked up."""

    def __init__(
        self,
        contract: Contract,
        divisions: Divisions,
        received_on: date,
        pseudonyms: RememberedPseudonyms,
    ) -> None:
        self._contract = contract
        self._divisions = divisions
        self._received_on = received_on
        self._of_vault = _LAST_TIMES.setdefault(pseudonyms.vault, {})
        self._table = contract.department, contract.table
        last = self._of_vault.pop(self._table, None)
        self._last = last if last and last.holds_on(contract, divisions, received_on) else None
        earlier = self._last.combinations if self._last else None
        self.identities = Identities(contract, received_on, pseudonyms, earlier)
        self.moved: Moved | None = None
        self._form: tuple[list[str], Mapping[str, int]] | None = None
        self._height = 0
        self._met: list[pl.Series] = [pl.Series(dtype=pl.UInt32)]
        self._news: list[tuple[pl.DataFrame, pl.DataFrame]] = []
        self._rows: list[pl.DataFrame] = []
        self._kept: LastTime | None = None
        self._came: pl.Series | None = None
        self._others = [value_schema(contract).to_frame().select(contract.lake_key)]

    def conform(self, rows: pl.DataFrame, factors: Mapping[str, int]) -> Conformed:
        """As `conform.conform`, in another order of rows."""
        texts = rows.drop(PLACE)
        form = (texts.columns, factors)
        self._height += rows.height
        if self._form is None:
            self._form = form
            if self._last and form != (self._last.texts.columns, self._last.factors):
                self._last = None
        if self._last is None or form != self._form:
            return self._conform_news(rows, factors)
        at = self._last.numbers_of(texts)
        met = at.drop_nulls()
        known, places = self._last.accepted[met], rows.select(PLACE).filter(at.is_not_null())
        if self._last.stood is not None:
            self._rows.append(known.filter(~self._last.stood.is_standing[met]))
        self._met.append(met)
        conformed = self._conform_news(_on_its_own(rows.filter(at.is_null())), factors)
        known = pl.concat([known, places], how="horizontal")
        return replace(conformed, accepted=pl.concat([known, conformed.accepted]))

    def _conform_news(self, rows: pl.DataFrame, factors: Mapping[str, int]) -> Conformed:
        conformed = conform(
            rows, self._contract, self._received_on, self._divisions, self.identities, factors
        )
        if self._height > MOST_ROWS:
            self._news.clear()
        elif self._contract.mode == "snapshot":
            accepted, texts = conformed.accepted.drop(PLACE), rows.drop(PLACE)
            if (texts.columns, factors) == self._form:
                places = conformed.accepted.select(PLACE).filter(conformed.is_plain)
                came = rows.join(places, on=PLACE, how="semi", maintain_order="left")
                self._news.append((came.drop(PLACE), accepted.filter(conformed.is_plain)))
                others = accepted.filter(~conformed.is_plain)
            else:
                others = accepted
            self._others.append(others.select(self._contract.lake_key))
            if self._last is not None and self._last.stood is not None:
                self._rows.append(accepted)
        return conformed

    def keep(self, *, every_key_came_once: bool) -> None:
        """Keep for the next delivery what is plain in this one, where that is worth its memory.

        Args:
            every_key_came_once: no accepted row was taken out again for its key.
        """
        if not self._news or self._form is None or not self._form[0]:
            return  # added to only, too large, or without a row
        texts, accepted = (pl.concat(frames) for frames in zip(*self._news, strict=True))
        hashes = texts.hash_rows(seed=5)
        is_first = hashes.is_first_distinct()
        if self._last is not None:
            is_first &= ~hashes.is_in(self._last.hashes.implode())
        texts, accepted, hashes = (
            texts.filter(is_first), accepted.filter(is_first), hashes.filter(is_first)
        )  # fmt: skip
        came = pl.repeat(True, texts.height, eager=True)
        if (last := self._last) is not None:
            is_met = pl.repeat(False, last.texts.height, eager=True).scatter(
                pl.concat(self._met), True
            )
            if last.stood is not None and every_key_came_once:
                self.moved = self._compared(last, last.stood, is_met)
            texts = last.texts.vstack(texts).rechunk()
            accepted = last.accepted.vstack(accepted).rechunk()
            hashes = pl.concat([last.hashes, hashes], rechunk=True)
            came = pl.concat([is_met, came], rechunk=True)
        combinations = self.identities.faultless()
        if max(texts.height, combinations.made.height) > self._height * MOST_PER_ROW:
            return
        self._kept = LastTime(
            self._contract, self._divisions, self._received_on, dict(self._form[1]),
            texts, hashes, accepted, combinations,
        )  # fmt: skip
        self._of_vault[self._table] = self._kept
        if every_key_came_once:
            self._came = came

    def _compared(self, last: LastTime, stood: Stood, is_met: pl.Series) -> Moved:
        """What of the table is not as it stood; every key came once, so a row is met by one."""
        key = self._contract.lake_key
        gone = last.accepted.filter(stood.is_standing & ~is_met).select(key)
        return Moved(
            stood,
            pl.concat(self._rows),
            pl.concat([gone, stood.others]),
            int((stood.is_standing & is_met).sum()),
        )

    def stands(self, counts: TableReceipt, stale_keys: pl.DataFrame) -> None:
        """The delivery was accepted: the next one can be compared with how the lake stands now."""
        if self._kept is None or self._came is None:
            return
        counted = counts.model_copy(update={"gate": []})
        others = pl.concat([*self._others, stale_keys])
        stood = Stood(self._received_on, counted, self._came, others)
        if stood.height == counts.accepted + counts.stale:
            self._of_vault[self._table] = replace(self._kept, stood=stood)


def _on_its_own(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows copied: a few that are kept would hold on to the texts of all they came with."""
    copied = io.BytesIO()
    rows.write_parquet(copied, compression="uncompressed", statistics=False)
    return pl.read_parquet(copied.getvalue())
