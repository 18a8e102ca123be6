"""The book of planted cases, and the few moves every case is made of.

Belongs here: making a planted family, certificate, death or departure from what is due.
Does not belong here: the cases themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.demo_city.amounts import standard
from pipelines.demo_city.assistance import days, record_checks
from pipelines.demo_city.deliveries import Scribe, case_numbers, monitor_numbers
from pipelines.demo_city.disability import add_certificates, add_employment
from pipelines.demo_city.entitlements import PROGRAMS
from pipelines.demo_city.families import Settled, Slot, born_at_age, settle
from pipelines.demo_city.registers import record_deaths
from pipelines.demo_city.tables import DATE, Table
from pipelines.demo_city.world import DIBAO, MARGINAL, RIGID, World

FEWEST = 2
AT_LEAST = 3
"""Cases of every branch, however small the city."""

USUAL = 12
"""Cases of a branch in the full-size city, where nothing else is said."""

FOREVER = np.datetime64("2099-12-01")
_STREAM = 30

CASE_SCHEMA = pl.Schema({
    "case_id": pl.String(), "rule": pl.String(), "expectation": pl.String(),
    "subject_kind": pl.String(), "subject_number": pl.String(), "program": pl.String(),
    "from_date": pl.Date(), "to_date": pl.Date(), "reason": pl.String(),
})  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A branch of a rule with its subjects, all alike."""

    rule: str
    expectation: str
    kind: str
    subjects: np.ndarray
    program: str | None
    from_date: np.datetime64
    to_date: np.datetime64 | None
    reason: str


class Casebook:
    """Plants cases into a world and remembers them."""

    def __init__(self, world: World, departures: Table) -> None:
        self.world = world
        self.departures = departures
        self.rng = world.chance(_STREAM)
        self.start = world.start
        self.latest = (world.start - 14).astype("datetime64[M]")
        """The last month whose payments can be judged on the first day."""
        self.cases: list[Case] = []

    def count(self, usual: int = USUAL) -> int:
        """How many cases a branch gets in this city."""
        return max(AT_LEAST, self.world.scaled(usual))

    def note(
        self, rule: str, is_match: bool, kind: str, subjects: np.ndarray, reason: str, *,
        program: str | None = None, from_date: np.datetime64 | None = None,
        to_date: np.datetime64 | None = None,
    ) -> None:  # fmt: skip
        """Write down what must (or must not) be found about subjects, and in which days."""
        from_date = self.start if from_date is None else max(from_date, self.start)
        expectation = "match" if is_match else "no_match"
        if to_date is None or to_date >= from_date:
            self.cases.append(
                Case(rule, expectation, kind, subjects, program, from_date, to_date, reason)
            )

    def note_natural(
        self, rule: str, kind: str, subjects: np.ndarray, reason: str, from_date: np.datetime64,
        to_date: np.datetime64,
    ) -> None:  # fmt: skip
        """Write down what nobody planted and the rule finds all the same."""
        self.cases.append(
            Case(rule, "natural_match", kind, subjects, None, from_date, to_date, reason)
        )

    def note_span(
        self, rule: str, kind: str, subjects: np.ndarray, reason: str, *,
        program: str | None = None, begins: np.datetime64 | None = None,
        ends: np.datetime64 | None = None, else_nothing: bool = True,
    ) -> None:  # fmt: skip
        """A match from a day until the day before another, and no match before and after it."""
        last = None if ends is None else ends - 1
        self.note(rule, True, kind, subjects, reason, program=program, from_date=begins,
                  to_date=last)  # fmt: skip
        if begins is not None and begins > self.start and else_nothing:
            self.note(rule, False, kind, subjects, f"not yet: {reason}", program=program,
                      to_date=begins - 1)  # fmt: skip
        if ends is not None and else_nothing:
            self.note(rule, False, kind, subjects, f"no longer: {reason}", program=program,
                      from_date=ends)  # fmt: skip

    def later(self, day: np.datetime64, happen: Callable[[], None]) -> None:
        """Plan what happens on the morning of a later day."""
        self.world.plans.append((day, happen))

    def change(
        self, day: np.datetime64, register: str, rows: np.ndarray, **values: Any
    ) -> None:  # fmt: skip
        """Plan other values in rows of a register."""

        def happen() -> None:
            for column, value in values.items():
                self.world[register][column][rows] = value

        self.later(day, happen)

    def few(self, usual: int = USUAL) -> int:
        """How many cases a branch gets where the smallest cities have little room."""
        return max(FEWEST, self.world.scaled(usual))

    def rows_of(self, register: str, column: str, subjects: np.ndarray) -> np.ndarray:
        """Positions of a register's rows about some subjects."""
        return np.flatnonzero(np.isin(self.world[register][column], subjects))

    def checked_by_source(
        self, households: np.ndarray, checked_on: np.datetime64, *, wage: int = 0,
        business: int = 0, land: int = 0, transfer: int = 0,
    ) -> np.ndarray:  # fmt: skip
        """An economic check with yearly cents by source of income."""
        total = np.full(len(households), wage + business + land + transfer)
        rows = self.check(households, checked_on, total)
        table = self.world["economic_checks"]
        for column, cents in (
            ("wage_income", wage), ("business_income", business), ("property_income", land),
            ("transfer_income", transfer),
        ):  # fmt: skip
            table[column][rows] = cents
        return rows

    def born(self, born_on: np.datetime64, count: int, *, is_male: bool = True) -> np.ndarray:
        """People born on one day, of whom nothing else is known."""
        area = self.world.places.draw(self.rng, count, False)
        return self.world.people.add(
            self.rng, np.full(count, born_on), np.full(count, is_male), area, is_planted=True
        )

    def day(self, months_back: int, day: int) -> np.datetime64:
        """A day of the month so many months before the last one that can be judged."""
        return (self.latest - months_back).astype(DATE) + day - 1

    def family(
        self, category: int, slots: Sequence[Slot], *, count: int | None = None, unit: int = 1,
        approved_on: np.datetime64 | None = None, ratio: float | None = None,
        persons: Sequence[np.ndarray | None] | None = None, is_checked: bool = True,
    ) -> Settled:  # fmt: skip
        """Recognised rural families with an ordinary income; `ratio` to the dibao standard."""
        count = len(persons[0]) if persons and persons[0] is not None else count or self.count()
        area = self.world.places.draw(self.rng, count, False)
        known = [person for person in persons or [] if person is not None]
        if known:
            area = self.world.people["area"][known[0]]
        dates = self.start - days(self.rng.integers(520, 1400, count))
        dates = np.where(dates == dates.astype("datetime64[M]"), dates + 1, dates)
        if category == RIGID:
            # Recognised for twelve months: well before the last sixty days of them.
            dates = self.start - days(self.rng.integers(130, 240, count))
        if approved_on is not None:
            dates = np.full(count, approved_on)
        settled = settle(
            self.world, self.rng, category, slots, area, np.zeros(count, int), dates,
            unit=unit, is_planted=True, persons=persons,
        )  # fmt: skip
        table = self.world["households"]
        table["review_class"][settled.households] = 12
        if approved_on is None:
            table["reviewed_on"][settled.households] = self.start - days(
                self.rng.integers(20, 100, count)
            )
        if category in (DIBAO, MARGINAL, RIGID):
            members = sum(slot.is_covered for slot in slots) if category == DIBAO else len(slots)
            usual = 0.4 if category == DIBAO else 1.3
            self.set_income(settled.households, ratio or usual, members, is_checked=is_checked)
        return settled

    def set_income(
        self, households: np.ndarray, ratio: float, members: int, *, is_checked: bool = True
    ) -> None:
        """An income of so many standards a head, and the check that found it."""
        line = standard("dibao", np.zeros(len(households)), self.start.astype("datetime64[M]"))
        income = np.round(line * members * ratio).astype(np.int64)
        table = self.world["households"]
        table["income"][households] = income
        covered = table["covered_persons"][households] * line - income
        is_dibao = table["category"][households] == DIBAO
        table["monthly_amount"][households] = np.where(is_dibao, np.maximum(covered, 0), 0)
        if is_checked:
            before = np.minimum(self.start - 60, table["approved_on"][households] - 4)
            checked_on = np.where(
                np.isnat(table["reviewed_on"][households]), before, self.start - 110
            )
            self.check(households, checked_on, income * 12)

    def check(
        self, households: np.ndarray, checked_on: np.ndarray | np.datetime64, yearly: np.ndarray,
        sent_on: np.datetime64 | None = None,
    ) -> np.ndarray:  # fmt: skip
        """An economic check with the given yearly income in cents; returns its rows."""
        rows = record_checks(
            self.world, self.rng, households, np.broadcast_to(checked_on, len(households)),
            yearly, sent_on or self.start,
        )  # fmt: skip
        self.world["economic_checks"]["financial_assets"][rows] = 100_000
        return rows

    def citizens(
        self, low: int, high: int, count: int | None = None, male_share: float = 0.5
    ) -> np.ndarray:
        """People whom nobody assists."""
        count = count or self.count()
        born_on = born_at_age(self.rng, self.rng.integers(low, high + 1, count), self.start)
        area = self.world.places.draw(self.rng, count, False)
        return self.world.people.add(
            self.rng, born_on, self.rng.random(count) < male_share, area, is_planted=True
        )

    def certify(
        self,
        persons: np.ndarray,
        category: int,
        level: int,
        *,
        issued_on: np.datetime64 | None = None,
        expires_on: np.datetime64 | None = None,
        details: str | None = None,
        works: bool = False,
    ) -> np.ndarray:
        """Certificates of one kind; `works` enters the holders as employed."""
        count = len(persons)
        if issued_on is None:
            issued = self.start - days(self.rng.integers(700, 2500, count))
        else:
            issued = np.full(count, issued_on)
        expiry = None if expires_on is None else np.full(count, expires_on)
        rows = add_certificates(self.world, self.rng, persons, category, level, issued, expiry)
        self.world["certificates"]["losses"][rows] = 0
        if details is not None:
            self.world["certificates"]["details"][rows] = details
        if works:
            add_employment(self.world, self.rng, persons, 1)
        return rows

    def bury(
        self, persons: np.ndarray, died_on: np.datetime64, names: np.ndarray | None = None
    ) -> None:
        """Deaths with their cremation records."""
        record_deaths(self.world, self.rng, persons, np.full(len(persons), died_on), names=names)

    def depart(
        self, program: str, persons: np.ndarray, action: int, *, first: np.datetime64 | None = None,
        last: np.datetime64 | None = None, cents: np.ndarray | int = 0, code: int = 0,
        households: np.ndarray | int = -1, paid_on: np.datetime64 | None = None,
    ) -> None:  # fmt: skip
        """From one month to another, pay otherwise than is due."""
        first = self.latest if first is None else first
        self.departures.append(
            len(persons), program=PROGRAMS.index(program), person=persons, action=action,
            code=code, household=households, cents=cents, first_month=first.astype(DATE),
            last_month=FOREVER if last is None else last.astype(DATE),
            paid_on=np.datetime64("NaT") if paid_on is None else paid_on,
        )  # fmt: skip

    def frame(self, world: World) -> pl.DataFrame:
        """All cases, one row per subject."""
        scribe = Scribe(world, world.start)
        parts = [pl.DataFrame(schema=CASE_SCHEMA)]
        for number, case in enumerate(self.cases):
            numbers = self._numbers(scribe, case)
            parts.append(
                pl.DataFrame({
                    "case_id": [f"{case.rule}-{number:03d}-{i:03d}" for i in range(len(numbers))],
                    "rule": case.rule,
                    "expectation": case.expectation,
                    "subject_kind": case.kind, "subject_number": numbers,
                    "program": case.program, "from_date": case.from_date.astype(object),
                    "to_date": None if case.to_date is None else case.to_date.astype(object),
                    "reason": case.reason,
                }, schema=CASE_SCHEMA)
            )  # fmt: skip
        return pl.concat(parts)

    @staticmethod
    def _numbers(scribe: Scribe, case: Case) -> pl.Series:
        if case.kind == "relapse_watch_household":
            return monitor_numbers(case.subjects)
        if case.kind in ("application", "case"):
            return case_numbers("SQ" if case.kind == "application" else "LS", case.subjects)
        if case.kind == "office":
            return pl.Series(case.subjects.tolist(), dtype=pl.String)
        is_household = case.kind == "household" or case.program in ("1101", "1201")
        return (scribe.household_no if is_household else scribe.number)(case.subjects)
