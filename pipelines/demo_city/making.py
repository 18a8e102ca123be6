"""Making a city: check the arguments, found it, live its days, write deliveries and truth.

Belongs here: the order of things and the folders. Does not belong here: any content.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.contracts.sources import contracts_of
from pipelines.demo_city.calendar import is_open, months_until
from pipelines.demo_city.days import advance
from pipelines.demo_city.deliveries import Scribe, allocations, payments
from pipelines.demo_city.entitlements import entitlements
from pipelines.demo_city.faults import FAULT_SCHEMA, Vandal
from pipelines.demo_city.finance import Outbox, allocation_groups, single_payments
from pipelines.demo_city.founding import found
from pipelines.demo_city.natural import Diary
from pipelines.demo_city.payments import new_departures, run_month
from pipelines.demo_city.planted import Casebook, plant
from pipelines.demo_city.press import Press
from pipelines.demo_city.tables import Table
from pipelines.demo_city.world import World, new_world
from pipelines.demo_city.writers import Workshop, write_csv, write_database, write_pages
from pipelines.settings import DEPARTMENTS, Home, UsageError

SMALLEST, LARGEST = 0.005, 20.0
LATE_DEPARTMENT, LATE_AFTER_DAYS = "agriculture", 9
"""Its delivery of one day is missing; the next one brings what was new on both."""
EARLIEST, LATEST = date(2023, 7, 1), date(2026, 12, 31)


@dataclass(frozen=True)
class Arguments:
    """What a city follows from; two cities with equal arguments are equal, byte by byte."""

    seed: int
    scale: float
    from_date: str
    to_date: str
    messy: float
    generator: str


def generator_version() -> str:
    """Hash of this package's files: another generator makes another city of equal arguments."""
    told = hashlib.sha256()
    package = Path(__file__).parent
    for file in sorted([*package.rglob("*.py"), *package.rglob("*.csv")]):
        told.update(f"{file.relative_to(package)} ".encode() + file.read_bytes())
    return told.hexdigest()[:16]


def make_city(
    out: Path,
    from_date: date,
    to_date: date,
    scale: float,
    seed: int,
    messy: float = 0.0,
    progress: Callable[[str], None] | None = None,
) -> None:
    """Write every delivery from one date to another, and what is true behind them.

    A city that stands already is continued to a later date; its earlier days stay as they are.

    Args:
        out: The home below which `landing/` and `truth/` are written.
        from_date: The first delivery, with all history.
        to_date: The last delivery; one per calendar day.
        scale: Share of the full-size city, 0.005 to 20.
        seed: Chooses among cities of one size.
        messy: Share of rows damaged on the way, per table.
        progress: Told in plain words what is being made.

    Raises:
        UsageError: an argument is out of range, or another city stands in the folder.
    """
    arguments = check_city(out, from_date, to_date, scale, seed, messy)
    say = progress or (lambda _: None)
    home = Home(out)
    _claim(home, arguments)

    say("founding the city")
    world = new_world(seed, scale, from_date)
    departures = new_departures()
    casebook = plant(world, departures)
    found(world, departures)
    world.late_deliveries = {LATE_DEPARTMENT: _late_day(from_date)}
    with Press() as press:
        courier = Courier(home, world, departures, Vandal(seed, messy), press)
        day = from_date
        while day <= to_date:
            if day > from_date:
                advance(world, np.datetime64(day, "D"))
            say(f"writing the deliveries of {day}")
            courier.deliver(day)
            courier.diary.write(world, np.datetime64(day, "D"))
            day += timedelta(days=1)
    courier.diary.note(casebook)
    _write_truth(home, casebook, world)


def _late_day(from_date: date) -> date:
    """The day on which one department's delivery does not come: a working day of week two."""
    day = from_date + timedelta(days=LATE_AFTER_DAYS)
    while not (is_open(day) and is_open(day + timedelta(days=1))):
        day += timedelta(days=1)
    return day


def check_city(
    out: Path, from_date: date, to_date: date, scale: float, seed: int, messy: float = 0.0
) -> Arguments:
    """Check what `make_city` is given, which takes no time and writes nothing.

    Raises:
        UsageError: as `make_city`.
    """
    _require_in_range(from_date, to_date, scale, messy)
    arguments = Arguments(
        seed, scale, from_date.isoformat(), to_date.isoformat(), messy, generator_version()
    )
    _require_free(Home(out), arguments)
    return arguments


def _require_in_range(from_date: date, to_date: date, scale: float, messy: float) -> None:
    if not SMALLEST <= scale <= LARGEST:
        raise UsageError(f"the scale must lie between {SMALLEST} and {LARGEST:g}, not {scale:g}")
    if not EARLIEST <= from_date <= to_date <= LATEST:
        raise UsageError(
            f"the dates must run forward between {EARLIEST} and {LATEST}, "
            f"not from {from_date} to {to_date}"
        )
    if not 0 <= messy <= 0.5:
        raise UsageError(f"the share of damaged rows must lie between 0 and 0.5, not {messy:g}")


def _require_free(home: Home, arguments: Arguments) -> None:
    """Refuse a folder in which another city stands."""
    if standing := _standing(home):
        wanted = asdict(arguments)
        if any(standing.get(name) != wanted[name] for name in wanted if name != "to_date"):
            raise UsageError(
                f"{home.root} holds a city made with other arguments or by another version of the "
                "generator; choose another folder or remove it"
            )
    elif home.landing.exists() and any(home.landing.iterdir()):
        raise UsageError(
            f"{home.landing} holds deliveries that no demo city wrote; choose another folder"
        )


def _claim(home: Home, arguments: Arguments) -> None:
    """Note what the city is made from, before anything of it is written."""
    last = max(arguments.to_date, _standing(home).get("to_date", arguments.to_date))
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    home.truth.mkdir(exist_ok=True, mode=0o700)
    note = _note(home)
    draft = note.with_suffix(".part")
    told = asdict(arguments) | {"to_date": last}
    draft.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    draft.replace(note)


def _standing(home: Home) -> dict[str, Any]:
    """What the city that stands in a folder was made from; empty where none does."""
    note = _note(home)
    return json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}


def _note(home: Home) -> Path:
    return home.truth / "city.json"


Run = tuple[np.datetime64, pl.DataFrame, pl.DataFrame]
"""A month's ledger rows that leave together, and what was allocated for them."""


class Courier:
    """Brings each day's deliveries to the landing folder, each in its department's form."""

    def __init__(
        self, home: Home, world: World, departures: Table, vandal: Vandal, press: Press
    ) -> None:
        self.home, self.world, self.departures, self.vandal = home, world, departures, vandal
        self.press = press
        self.diary = Diary()
        self.outbox = Outbox()
        self.workshop = Workshop()

    def deliver(self, on_date: date) -> None:
        """Write what the departments send on a day; deliveries that stand already are left."""
        day = np.datetime64(on_date, "D")
        for department in DEPARTMENTS:
            if on_date == self.world.late_deliveries.get(department):
                continue
            scribe = Scribe(self.world, day, self._last_delivery(department, on_date))
            path = self.home.delivery(department, on_date)
            if department == "finance":
                self._finance(path, scribe)
            elif not path.exists():
                self._registers(department, path, scribe)

    def _last_delivery(self, department: str, on_date: date) -> np.datetime64:
        before = on_date - timedelta(days=1)
        if before == self.world.late_deliveries.get(department):
            before -= timedelta(days=1)
        return np.datetime64(before, "D")

    def _registers(self, department: str, path: Path, scribe: Scribe) -> None:
        contracts = {contract.table: contract for contract in contracts_of(department)}
        tables = {
            name: self.vandal.damage(frame, contracts[name], scribe.day)
            for name, frame in scribe.tables(department).items()
        }
        with self.press.delivery(path) as draft:
            if department == "civil_affairs":
                draft.write(write_database, "civil_affairs.sqlite", tables)
            elif department == "agriculture":
                for name, frame in tables.items():
                    write_pages(draft.folder, name, frame)
            else:
                for name, frame in tables.items():
                    if frame.height:
                        self.workshop.write(draft, frame, contracts[name])
            self.vandal.report(self.home, department, scribe.day)

    def _finance(self, path: Path, scribe: Scribe) -> None:
        """Payroll, the ledger's files by programme and month, and the allocations for them."""
        day = scribe.day
        is_standing = path.exists()
        contracts = {contract.table: contract for contract in contracts_of("finance")}
        if is_standing:
            for _ in self._runs(day):
                pass
            return
        with self.press.delivery(path) as draft:
            payroll = scribe.tables("finance")["payroll"]
            write_csv(
                draft.folder / "payroll.csv",
                self.vandal.damage(payroll, contracts["payroll"], day, "payroll.csv"),
                contracts["payroll"],
            )
            groups = []
            for month, rows, allocated in self._runs(day):
                groups.append(allocated)
                for (code,), part in rows.partition_by("code", as_dict=True).items():
                    name = f"payments_{code}_{str(month).replace('-', '')}.csv"
                    frame = payments(scribe, int(code), month, part)
                    frame = self.vandal.damage(frame, contracts["payments"], day, name)
                    write_csv(draft.folder / name, frame, contracts["payments"])
                    self.vandal.tear(draft.folder / name, contracts["payments"], day)
            if groups:
                table = pl.concat(groups)
                if table.height:
                    name = f"allocations_{str(day).replace('-', '')}.csv"
                    frame = allocations(table, day)
                    frame = self.vandal.damage(frame, contracts["allocations"], day, name)
                    write_csv(draft.folder / name, frame, contracts["allocations"])
            self.vandal.report(self.home, "finance", day)

    def _runs(self, day: np.datetime64) -> Iterator[Run]:
        """Ledger rows that leave on a day, and their allocations, each month once."""
        by_month: dict[np.datetime64, list[pl.DataFrame]] = {}
        for month, rows in (*self.outbox.due(day), *single_payments(self.world, day)):
            by_month.setdefault(month, []).append(rows)
        month_now = day.astype("datetime64[M]")
        is_first = day == day.astype("datetime64[M]").astype("datetime64[D]")
        if day == self.world.start:
            months = months_until(day)
        else:
            months = np.array([month_now]) if is_first else months_until(day)[:0]
        for month in sorted({*by_month, *months}):
            parts = by_month.get(month, [])
            if month in months:
                due = entitlements(self.world, month)
                self.diary.owe(self.world, month, due)
                ledger = run_month(self.world, self.departures, month, due)
                parts = [self.outbox.take(month, ledger, day), *parts]
            rows = pl.concat(parts)
            if rows.height:
                self.diary.ledger.pay(month, rows)
                groups = allocation_groups(self.world, month, rows)
                self.diary.ledger.allocate(month, groups)
                yield month, rows, groups


def _write_truth(home: Home, casebook: Casebook, world: World) -> None:
    cases = casebook.frame(world)
    cases.write_parquet(home.truth / "planted.parquet")
    cases.write_csv(home.truth / "planted.csv")
    reports = sorted((home.truth / "faults").glob("*.parquet"))
    faults = pl.concat(
        [pl.read_parquet(path) for path in reports] or [pl.DataFrame(schema=FAULT_SCHEMA)]
    )
    faults.write_parquet(home.truth / "faults.parquet")
