"""Takes deliveries in: read, conform, judge, shelve, sign the receipt.

A delivery that cannot be accepted gets a failed receipt with one sentence and changes nothing
else; it is tried again on every run, because a lock or a missing file may be gone by then. A
delivery that comes after later ones were accepted is put in its place: the later ones are
received anew from landing, so that the order of arrival does not matter.
"""

import errno
import shutil
from collections.abc import Container, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cached_property, partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import polars as pl

from pipelines.connectors import (
    Delivery,
    Piece,
    fetch_delivery,
    open_delivery,
    table_files,
)
from pipelines.connectors.raw import LINE, is_of_a_reader
from pipelines.contracts.city import City
from pipelines.contracts.sources import PEOPLE_SCHEMA, Contract, contracts_of
from pipelines.ingest import lake
from pipelines.ingest.conform import FILE
from pipelines.ingest.divisions import Divisions, load_divisions
from pipelines.ingest.identities import value_schema
from pipelines.ingest.intake import Batch, IngestError, Intake, read_batches, take_in
from pipelines.ingest.known_rows import Moved
from pipelines.ingest.quarantine import QUARANTINE_SCHEMA, quarantine_shelf
from pipelines.ingest.read_ahead import one_ahead
from pipelines.ingest.receipts import (
    FileReceipt,
    Receipt,
    TableReceipt,
    accepted_dates,
    load_receipt,
    write_receipt,
)
from pipelines.ingest.remembered import RememberedPseudonyms
from pipelines.ingest.sealing import identities_to_seal, people_of
from pipelines.ingest.unchanged import Repeat, find_repeat, fingerprint, last_taken_in
from pipelines.quality import Judge, Verdict, gate_expectations
from pipelines.settings import Home, WenduError, is_full_disk, put_in_place
from pipelines.vault import Vault
from pipelines.vault.forgotten import Forgotten

PEOPLE = "people"

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True)
class Desk:
    """What receiving needs besides the delivery itself."""

    home: Home
    city: City
    department: str
    vault: Vault
    judge: Judge
    asked_on: date | None
    """The day on which the department may be asked for what it holds."""

    @cached_property
    def divisions(self) -> Divisions:
        """Codes and prefixes of the city."""
        return load_divisions(self.city)

    @cached_property
    def contracts(self) -> dict[str, Contract]:
        """The department's tables by name."""
        return {contract.table: contract for contract in contracts_of(self.department)}


def receive(
    home: Home,
    city: City,
    department: str,
    until: date,
    vault: Vault,
    judge: Judge,
    *,
    asks: bool = True,
    since: date | None = None,
) -> list[Receipt]:
    """Take in every delivery of a department that is due, in order of date.

    Args:
        home: where landing and lake lie.
        city: how the department delivers.
        department: whose deliveries.
        until: the last received date that counts.
        vault: gives pseudonyms and seals identities.
        judge: gate 1.
        asks: whether a department that does not deliver is asked for what it holds now.
        since: the first received date that is looked at; none looks at all of them.

    Returns:
        A receipt of each delivery that was tried; a fault is a failed receipt, no exception.
    """
    desk = Desk(home, city, department, vault, judge, until if asks else None)
    waiting = [day for day in _waiting(desk, until) if since is None or day >= since]
    receipts: list[Receipt] = []
    while waiting:
        received_on = waiting.pop(0)
        receipt, reopened = _receive_one(desk, received_on)
        receipts.append(receipt)
        waiting = sorted({*waiting, *reopened})
    return receipts


def _waiting(desk: Desk, until: date) -> list[date]:
    """Dates of deliveries that are due: those in landing, and what is to be asked for now."""
    days = landed(desk.home, desk.department, until)
    if desk.asked_on and desk.city.connection(desk.department).is_pulled:
        accepted = accepted_dates(desk.home, desk.department)
        if until not in days and (not accepted or until > accepted[-1]):
            days.append(until)
    return days


def landed(home: Home, department: str, until: date) -> list[date]:
    """Dates until a day with a delivery in landing and without an accepted receipt, in order."""
    folders = (path for path in (home.landing / department).glob("*") if path.is_dir())
    days = {day for path in folders if (day := _day_of(path)) and day <= until}
    return sorted(days - set(accepted_dates(home, department)))


def _day_of(path: Path) -> date | None:
    try:
        day = date.fromisoformat(path.name)
    except ValueError:
        return None
    return day if path.name == day.isoformat() else None


def _receive_one(desk: Desk, received_on: date) -> tuple[Receipt, list[date]]:
    """One delivery; the dates of later deliveries that must be received anew come with it.

    They must be also where this one fails after they were taken back.

    Raises:
        IngestError: not even the receipt can be written.
    """
    aside = desk.home.lake / lake.INCOMING / f"{desk.department}-{received_on}"
    form = desk.city.connection(desk.department).form
    reopened: list[date] = []
    intakes: dict[str, Intake] = {}
    prepared = Prepared()
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True, mode=0o700)
        _ask(desk, received_on)
        delivery = _open(desk, received_on)
        form = delivery.form
        repeats = _repeats(desk, delivery, received_on)
        intakes, answers = _take_in(desk, delivery, set(repeats), received_on, aside)
        prepared = _prepare(desk, received_on, delivery, intakes, repeats, aside)
        verdicts = {table: answer.result() for table, answer in answers.items()}
        _refuse_unless_passed(verdicts)
        reopened = _reopen_later(desk, received_on)
        _put_in_place(desk, prepared)
        receipt = Receipt(
            department=desk.department,
            received_on=received_on,
            form=form,
            verdict="accepted",
            message=_remarks(desk, delivery),
            unknown=list(delivery.unknown),
            tables={
                table: repeats[table].receipt(_files(pieces))
                if table in repeats
                else _table_receipt(
                    intakes[table], pieces, prepared.counted[table], verdicts[table],
                    prepared.fingerprints[table],
                )
                for table, pieces in _in_declared_order(desk, delivery)
            },
        )  # fmt: skip
    except WenduError as fault:
        receipt = _failed(desk, received_on, form, str(fault))
    except BaseException as fault:
        if not is_of_a_reader(fault):
            raise
        receipt = _failed(desk, received_on, form, _sentence_of(desk, received_on, fault))
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    try:
        write_receipt(desk.home, receipt)
    except OSError as fault:
        raise IngestError(_sentence_of(desk, received_on, fault)) from fault
    if receipt.verdict == "accepted":
        for table, intake in intakes.items():
            intake.known.stands(receipt.tables[table], prepared.counted[table].stale_keys)
    else:
        with suppress(OSError):  # what is left has no receipt: nobody reads it, the next run tidies
            lake.remove_unaccepted(desk.home, desk.department)
    return receipt, reopened


def _sentence_of(desk: Desk, received_on: date, fault: BaseException) -> str:
    """One sentence on a fault that nobody foresaw; its own text may quote a value or a path."""
    what = f"the delivery of {desk.department} of {received_on}"
    number = getattr(fault, "errno", None)
    if number in FULL or is_full_disk(str(fault)):
        return (
            f"{what} could not be kept because the disk that holds {desk.home.root} is full; "
            "make room there and run again"
        )
    if number in FORBIDDEN:
        return (
            f"{what} could not be read or kept because access was refused below "
            f"{desk.home.root}; check who owns the folders there and run again"
        )
    return (
        f"{what} could not be read or kept below {desk.home.root} ({type(fault).__name__}); "
        "check the files and the disk, then run again"
    )


def _failed(desk: Desk, received_on: date, form: str, sentence: str) -> Receipt:
    return Receipt(
        department=desk.department,
        received_on=received_on,
        form=form,
        verdict="failed",
        message=sentence,
    )


def _open(desk: Desk, received_on: date) -> Delivery:
    """What lies in landing of a day; nobody is asked for it."""
    connection = desk.city.connection(desk.department)
    folder = desk.home.delivery(desk.department, received_on)
    return open_delivery(connection, list(desk.contracts.values()), folder, received_on)


def _ask(desk: Desk, received_on: date) -> None:
    """Fetch what a department holds into landing, where that is its way and this the day for it."""
    connection = desk.city.connection(desk.department)
    if not connection.is_fetched or received_on != desk.asked_on:
        return
    contracts = list(desk.contracts.values())
    folder = desk.home.delivery(desk.department, received_on)
    _forget_bad_answer(desk, received_on)
    if not table_files(connection, contracts, folder):
        earlier = [day for day in accepted_dates(desk.home, desk.department) if day < received_on]
        since = earlier[-1] if earlier else None
        fetch_delivery(connection, contracts, folder, received_on, since)


def _forget_bad_answer(desk: Desk, received_on: date) -> None:
    """What was fetched on this day and could not be accepted is fetched anew, not read again.

    What came into the folder after that was put there by hand, and is read.
    """
    before = load_receipt(desk.home, desk.department, received_on, with_answers=False)
    if before is None or before.verdict != "failed":
        return
    folder = desk.home.delivery(desk.department, received_on)
    told_at = desk.home.receipt(desk.department, received_on).stat().st_mtime_ns
    if all(file.stat().st_ctime_ns <= told_at for file in folder.glob("*")):
        shutil.rmtree(folder, ignore_errors=True)


def _in_declared_order(desk: Desk, delivery: Delivery) -> Iterator[tuple[str, list[Piece]]]:
    """The delivered tables with their pieces."""
    return ((table, delivery.pieces[table]) for table in desk.contracts
            if table in delivery.pieces)  # fmt: skip


def _fingerprint(desk: Desk, delivery: Delivery, table: str, received_on: date) -> str:
    connection = desk.city.connection(desk.department)
    return fingerprint(
        desk.contracts[table],
        delivery.pieces[table],
        connection.columns.get(table, {}),
        desk.divisions,
        received_on,
    )


def _repeats(desk: Desk, delivery: Delivery, received_on: date) -> dict[str, Repeat]:
    """Delivered tables that came again exactly as they were."""
    found = {
        table: find_repeat(
            desk.home,
            desk.contracts[table],
            received_on,
            partial(_fingerprint, desk, delivery, table, received_on),
        )
        for table, _ in _in_declared_order(desk, delivery)
    }
    return {table: repeat for table, repeat in found.items() if repeat is not None}


def _take_in(
    desk: Desk, delivery: Delivery, repeats: Container[str], received_on: date, aside: Path
) -> tuple[dict[str, Intake], dict[str, "Future[Verdict]"]]:
    """Conform what is news, while the next batch is read and the last table is judged."""
    pseudonyms = RememberedPseudonyms(desk.vault)
    intakes: dict[str, Intake] = {}
    answers: dict[str, Future[Verdict]] = {}
    news = {
        table: pieces
        for table, pieces in _in_declared_order(desk, delivery)
        if table not in repeats
    }
    for table, read in groupby(one_ahead(_batches(news)), key=itemgetter(0)):
        contract = desk.contracts[table]
        batches = (batch for _, batch in read)
        intake = take_in(
            contract, news[table], batches, received_on, desk.divisions, pseudonyms, aside / table
        )
        intakes[table] = intake
        answers[table] = desk.judge.submit(
            gate_expectations(contract), intake.spool.parts, f"{desk.department}.{table}"
        )
    return intakes, answers


def _batches(tables: Mapping[str, Sequence[Piece]]) -> Iterator[tuple[str, Batch]]:
    """Rows of all tables one after the other; every table has at least one batch."""
    return ((table, batch) for table, pieces in tables.items() for batch in read_batches(pieces))


def _refuse_unless_passed(verdicts: Mapping[str, Verdict]) -> None:
    for table, verdict in verdicts.items():
        if not verdict.passed:
            raise IngestError(
                f"{table}: gate 1 refused it ({verdict.sentence()}); mend the table and send the "
                "delivery again"
            )


def _reopen_later(desk: Desk, received_on: date) -> list[date]:
    """Take back later deliveries, so that they are compared with this one.

    Raises:
        IngestError: a later delivery is no longer in landing as it was received.
    """
    later = [day for day in accepted_dates(desk.home, desk.department) if day > received_on]
    for day in later:
        if not _is_intact(desk, day):
            raise IngestError(
                f"the delivery of {desk.department} of {received_on} comes after that of {day}, "
                "which no longer lies in landing as it was received; put it back and run again"
            )
    for day in reversed(later):
        desk.home.receipt(desk.department, day).unlink()
    if later:
        lake.remove_unaccepted(desk.home, desk.department)
    return later


def _is_intact(desk: Desk, day: date) -> bool:
    """Whether a delivery still lies in landing as it was received."""
    receipt = load_receipt(desk.home, desk.department, day)
    try:
        delivery = _open(desk, day)
    except WenduError:
        return False
    return receipt is not None and all(
        _files(delivery.pieces.get(table, [])) == counts.files and counts.sha256
        for table, counts in receipt.tables.items()
    )


@dataclass
class Prepared:
    """A delivery ready to be shelved: what was written aside, what is to be sealed, and counts."""

    counted: dict[str, lake.Changes] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    moves: dict[Path, Path] = field(default_factory=dict)
    sealed: dict[Path, pl.DataFrame] = field(default_factory=dict)


def _prepare(
    desk: Desk,
    received_on: date,
    delivery: Delivery,
    intakes: Mapping[str, Intake],
    repeats: Mapping[str, Repeat],
    aside: Path,
) -> Prepared:
    """Write everything of a delivery aside, while gate 1 is still at it."""
    prepared = Prepared()
    people = [PEOPLE_SCHEMA.to_frame()]
    for table, intake in intakes.items():
        contract = intake.contract
        moved = _moved(desk, intake, received_on)
        found = _changes(desk, intake, moved, received_on, aside / table)
        _hold_large_loss(desk, contract, found, received_on)
        prepared.counted[table] = found
        prepared.fingerprints[table] = _fingerprint(desk, delivery, table, received_on)
        if found.frames:
            shelf = aside / f"{table}.parquet"
            lake.write_shelf(found.frames, contract, shelf)
            prepared.moves[shelf] = desk.home.shelf(desk.department, table, received_on)
        identities = identities_to_seal(desk.home, desk.vault, intake, moved, found, received_on)
        if identities.height:
            name = f"received_on={received_on}.sealed"
            prepared.sealed[desk.home.vault / desk.department / table / name] = identities
            people.append(people_of(contract, identities, received_on))
        if intake.faults.height:
            _prepare_refusals(
                desk, prepared, table, received_on, aside,
                _refusals(intake.faults, contract, received_on),
            )  # fmt: skip
    for table, repeat in repeats.items():
        files = _files(delivery.pieces[table])
        flags = repeat.soft_flags(desk.home, desk.contracts[table], files, received_on)
        if flags is not None:
            _prepare_refusals(desk, prepared, table, received_on, aside, flags)
    everybody = pl.concat(people).unique("person_key").sort("person_key")
    if everybody.height:
        shelf = aside / f"{PEOPLE}.parquet"
        everybody.write_parquet(shelf, compression="zstd", compression_level=1)
        prepared.moves[shelf] = desk.home.shelf(desk.department, PEOPLE, received_on)
    return prepared


def _moved(desk: Desk, intake: Intake, received_on: date) -> Moved | None:
    """What is not as it stood, if that is known: the lake then has to be asked of little."""
    moved = intake.known.moved
    if moved is None or Forgotten(desk.home, desk.vault).was_ever_asked_for:
        return None
    last = last_taken_in(desk.home, intake.contract, received_on)
    return moved if last == (moved.since.received_on, moved.since.counts) else None


def _changes(
    desk: Desk, intake: Intake, moved: Moved | None, received_on: date, folder: Path
) -> lake.Changes:
    """Compare a table with the last accepted state, all of it or what is not as it stood."""
    contract, until = intake.contract, _day_before(received_on)
    if moved is None:
        latest = lake.latest_rows(desk.home, contract, until, _keys_met(intake))
        return lake.changes(contract, intake.spool.parts, latest, intake.refused, received_on)
    part = folder / "moved.parquet"
    moved.rows.select(value_schema(contract).names()).write_parquet(part)
    latest = lake.latest_rows(desk.home, contract, until, moved.keys(contract.lake_key))
    found = lake.changes(contract, [part], latest, intake.refused, received_on)
    found.standing = moved.since.height
    found.unchanged += moved.unmoved
    return found


def _hold_large_loss(
    desk: Desk, contract: Contract, found: lake.Changes, received_on: date
) -> None:
    """Refuse a snapshot that lost more rows than anybody can believe.

    Raises:
        IngestError: it did, and nobody signed for it in the city's folder.
    """
    most = contract.volume.most_lost_share(found.standing)
    is_believed = received_on in desk.city.connection(desk.department).believed
    if most is not None and found.removed > found.standing * most and not is_believed:
        raise IngestError(
            f"{contract.table}: {found.removed} of {found.standing} rows are gone, more than "
            f"{most:.0%}; the delivery is held. Send it again whole, or, if the loss "
            f"is true, add {received_on} to `believed` of {desk.department} in the city's folder"
        )


def _prepare_refusals(
    desk: Desk,
    prepared: Prepared,
    table: str,
    received_on: date,
    aside: Path,
    refusals: pl.DataFrame,
) -> None:
    refused = aside / f"{table}.refused.parquet"
    refusals.write_parquet(refused, compression="zstd")
    prepared.moves[refused] = quarantine_shelf(desk.home, desk.department, table, received_on)


def _put_in_place(desk: Desk, prepared: Prepared) -> None:
    """Seal identities and move what was written aside. The receipt comes after."""
    for path, identities in prepared.sealed.items():
        desk.vault.seal(identities, path)
    for written, place in prepared.moves.items():
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        written.chmod(0o600)
        put_in_place(written, place)


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)


def _keys_met(intake: Intake) -> pl.LazyFrame | None:
    """Of an append table only the keys of this delivery are looked up; of a snapshot all."""
    if intake.contract.mode == "snapshot":
        return None
    key = intake.contract.lake_key
    delivered = [pl.scan_parquet(part, glob=False).select(key) for part in intake.spool.parts]
    return pl.concat([*delivered, intake.refused.keys.drop_nulls().lazy()])


def _refusals(faults: pl.DataFrame, contract: Contract, received_on: date) -> pl.DataFrame:
    """Faults as quarantine keeps them."""
    return faults.select(
        department=pl.lit(contract.department),
        table=pl.lit(contract.table),
        received_on=pl.lit(received_on),
        file=FILE,
        line=LINE,
        field="field",
        reason="reason",
        severity="severity",
        raw="raw",
    ).select(QUARANTINE_SCHEMA.names())


def _remarks(desk: Desk, delivery: Delivery) -> str:
    """What an accepted delivery lacked or had too much of."""
    missing = [
        contract.table
        for contract in desk.contracts.values()
        if contract.mode == "snapshot" and contract.table not in delivery.pieces
    ]
    remarks = []
    if missing:
        remarks.append(f"{desk.department} did not send {', '.join(missing)}.")
    if delivery.unknown:
        remarks.append(f"Not read, of no known table: {', '.join(delivery.unknown)}.")
    return " ".join(remarks)


def _table_receipt(
    intake: Intake,
    pieces: Sequence[Piece],
    found: lake.Changes,
    verdict: Verdict,
    fingerprint: str,
) -> TableReceipt:
    return TableReceipt(
        files=_files(pieces),
        received=intake.received,
        accepted=intake.spool.height,
        exact_duplicates=intake.exact_duplicates,
        quarantined=intake.quarantined,
        value_faults=intake.value_faults,
        soft_flags=intake.soft_flags,
        upserted=found.upserted,
        removed=found.removed,
        unchanged=found.unchanged,
        stale=found.stale,
        reasons=intake.reasons(),
        unknown_columns=sorted(intake.unknown_columns),
        gate=[asdict(result) for result in verdict.results],
        fingerprint=fingerprint,
    )


def _files(pieces: Sequence[Piece]) -> list[FileReceipt]:
    """The files as received; one database file that holds several tables is hashed once."""
    return [
        FileReceipt(name=piece.name, sha256=piece.sha256(), bytes=piece.size) for piece in pieces
    ]
