"""One table of one delivery, from its pieces to conformed rows kept aside, every row counted.

Belongs here: reading in batches that fit in memory and the row accounting. Does not belong here:
judging and shelving (`receive`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.connectors import Piece, RawRows
from pipelines.connectors.raw import LINE
from pipelines.contracts.sources import Contract
from pipelines.ingest.conform import BEARERS_SCHEMA, FAULTS_SCHEMA, FILE, raw_text
from pipelines.ingest.divisions import Divisions
from pipelines.ingest.known_rows import KnownRows
from pipelines.ingest.lake import Refused
from pipelines.ingest.remembered import RememberedPseudonyms
from pipelines.ingest.spool import Spool
from pipelines.ingest.torn_lines import keys_in
from pipelines.settings import WenduError

ROWS_AT_ONCE = 300_000


class IngestError(WenduError):
    """A delivery cannot be accepted; the sentence says why."""


@dataclass
class Intake:
    """What was taken in of one table."""

    contract: Contract
    spool: Spool
    known: KnownRows
    received: int = 0
    exact_duplicates: int = 0
    soft_flags: int = 0
    unknown_columns: set[str] = field(default_factory=set)
    _faults: list[pl.DataFrame] = field(default_factory=lambda: [FAULTS_SCHEMA.to_frame()])
    _refused_keys: list[pl.DataFrame] = field(default_factory=list)
    _unkeyed: list[pl.DataFrame] = field(default_factory=list)
    _bearers: list[pl.DataFrame] = field(default_factory=lambda: [BEARERS_SCHEMA.to_frame()])

    @property
    def faults(self) -> pl.DataFrame:
        """Everything that goes to quarantine, ordered by place."""
        return pl.concat(self._faults).sort(FILE, LINE, "field", nulls_last=False)

    @property
    def refused(self) -> Refused:
        """Keys of refused rows."""
        return Refused(
            pl.concat(self._refused_keys).unique(),
            pl.concat(self._unkeyed).unique(),
            pl.concat(self._bearers).unique(),
        )

    @property
    def quarantined(self) -> int:
        """Rows that were refused, whatever number of faults each has."""
        refused = self.faults.filter(pl.col("severity") == "row")
        return refused.select(FILE, LINE).n_unique() if refused.height else 0

    @property
    def value_faults(self) -> int:
        """Optional values set to null in accepted rows."""
        return int((self.faults["severity"] == "value").sum())

    def reasons(self) -> dict[str, int]:
        """How often each reason was given to a row or a value."""
        hard = self.faults.filter(pl.col("severity") != "soft")
        return dict(sorted(Counter(hard["reason"].to_list()).items()))


def take_in(
    contract: Contract,
    pieces: Sequence[Piece],
    batches: Iterable["Batch"],
    received_on: date,
    divisions: Divisions,
    pseudonyms: RememberedPseudonyms,
    folder: Path,
) -> Intake:
    """Conform all rows of a table.

    Args:
        contract: the declaration.
        pieces: where the rows came from; of more than one batch conflicting ones are read there
            once more.
        batches: the rows, as `read_batches` gives them.
        received_on: the date of the delivery.
        divisions: for soft flags.
        pseudonyms: of the whole delivery.
        folder: where conformed rows are kept aside.

    Raises:
        ConnectorError: a piece cannot be read.
        IngestError: a snapshot has no row, or none that can be accepted.
    """
    known = KnownRows(contract, divisions, received_on, pseudonyms)
    intake = Intake(contract, Spool(folder, contract, known.identities), known)
    held: list[pl.DataFrame] | None = None
    for number, batch in enumerate(batches):
        # A table of one batch is small enough to be at hand until its duplicates are settled.
        held = batch.parts if number == 0 else None
        intake.received += batch.received
        intake.unknown_columns |= batch.unknown_columns
        for lines in batch.unreadable:
            intake._faults.append(lines)
            # From a table that is only added to nothing leaves.
            if lines.height and contract.mode == "snapshot":
                keys = keys_in(lines["raw"], contract, received_on, pseudonyms)
                intake._refused_keys.append(keys)
        conformed = known.conform(batch.rows, batch.factors)
        intake.spool.add(conformed.accepted)
        intake.soft_flags += conformed.soft_flags
        intake._faults.append(conformed.faults)
        intake._refused_keys.append(conformed.refused_keys)
        intake._unkeyed.append(conformed.unkeyed)
        intake._bearers.append(conformed.bearers)
    accepted = intake.spool.height
    _settle_duplicates(intake, pieces, held)
    known.keep(every_key_came_once=intake.spool.height == accepted)
    _refuse_empty_snapshot(intake)
    accounted = intake.spool.height + intake.quarantined + intake.exact_duplicates
    if intake.received != accounted:
        raise IngestError(
            f"{contract.table}: {intake.received} rows came and {accounted} are accounted for; "
            "nothing of this delivery is used, tell the maintainers"
        )
    return intake


@dataclass
class Batch:
    """Rows that are conformed at once, all of one unit of money, and what else was found."""

    factors: dict[str, int] = field(default_factory=dict)
    parts: list[pl.DataFrame] = field(default_factory=list)
    received: int = 0
    unreadable: list[pl.DataFrame] = field(default_factory=list)
    unknown_columns: set[str] = field(default_factory=set)

    @property
    def height(self) -> int:
        """Rows that can be read."""
        return sum(part.height for part in self.parts)

    @property
    def rows(self) -> pl.DataFrame:
        """The rows with their places."""
        if not self.parts:
            return pl.DataFrame(schema={FILE: pl.String, LINE: pl.Int64})
        return pl.concat(self.parts, how="diagonal")

    def add(self, raw: RawRows, piece: Piece) -> None:
        """Take up what a piece holds."""
        self.received += raw.rows.height + raw.unreadable.height
        self.unknown_columns.update(raw.unknown_columns)
        self.unreadable.append(_unreadable(raw, piece))
        self.parts.append(_placed(raw, piece))
        self.factors = raw.factors


def read_batches(pieces: Sequence[Piece]) -> Iterator[Batch]:
    """Rows of all pieces; there is always one batch."""
    batch = Batch()
    for piece in pieces:
        for raw in piece.read():
            if batch.parts and (
                raw.factors != batch.factors or batch.height + raw.rows.height > ROWS_AT_ONCE
            ):
                yield batch
                batch = Batch()
            batch.add(raw, piece)
    yield batch


def _unreadable(raw: RawRows, piece: Piece) -> pl.DataFrame:
    """Lines that are no row, as faults."""
    return raw.unreadable.select(
        pl.lit(piece.name).alias(FILE),
        LINE,
        field=pl.lit(None, pl.String),
        reason="reason",
        severity=pl.lit("row"),
        raw="raw",
    )


def _settle_duplicates(
    intake: Intake, pieces: Sequence[Piece], held: list[pl.DataFrame] | None
) -> None:
    """Count exact duplicates; conflicting rows are refused with their text as delivered.

    Args:
        intake: everything that was conformed.
        pieces: where the rows came from.
        held: the rows themselves with their places, where they are still at hand.
    """
    intake.exact_duplicates, conflicts, keys = intake.spool.settle_duplicates()
    if not conflicts.height:
        return
    files = set(conflicts[FILE])
    delivered = (
        _read_again(piece for piece in pieces if piece.name in files) if held is None else held
    )
    key = pl.lit(", ".join(intake.contract.key))
    for part in delivered:
        rows = part.join(conflicts, on=[FILE, LINE], how="semi", maintain_order="left")
        intake._faults.append(
            rows.select(
                FILE,
                LINE,
                field=key,
                reason=pl.lit("duplicate_key"),
                severity=pl.lit("row"),
                raw=raw_text(rows),
            )
        )
    # A value fault of a row that is refused after all is told with the row.
    intake._faults = [
        pl.concat(intake._faults)
        .join(conflicts.with_columns(is_conflict=pl.lit(True)), on=[FILE, LINE], how="left")
        .with_columns(
            severity=pl.when(pl.col("is_conflict") & (pl.col("severity") == "value"))
            .then(pl.lit("row"))
            .otherwise("severity")
        )
        .drop("is_conflict")
    ]
    intake._refused_keys.append(keys)


def _read_again(pieces: Iterable[Piece]) -> Iterator[pl.DataFrame]:
    return (_placed(raw, piece) for piece in pieces for raw in piece.read())


def _placed(raw: RawRows, piece: Piece) -> pl.DataFrame:
    """Rows as read, with their places."""
    return raw.rows.with_columns(pl.lit(piece.name).alias(FILE))


def _refuse_empty_snapshot(intake: Intake) -> None:
    contract = intake.contract
    if contract.mode != "snapshot" or intake.spool.height:
        return
    fault = (
        f"none of its {intake.received} rows can be accepted"
        if intake.received
        else "it has a header and no rows"
    )
    raise IngestError(
        f"{contract.table}: {fault}, and a snapshot would empty the register; send it again"
    )
