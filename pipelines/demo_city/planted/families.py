"""Planted cases of review rules about a family's means: R02, R04, R05, R06, R08.

Belongs here: work, income, property and marriages of people who are assisted. Nothing else.
"""

from functools import partial

import numpy as np

from pipelines.demo_city.amounts import amount
from pipelines.demo_city.disability import add_employment
from pipelines.demo_city.families import MALE, SPOUSE, Settled, head, uncovered
from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.registers import DIVORCED, MARRIED, employ, record_marriages
from pipelines.demo_city.watch import add_farm_incomes, add_machinery
from pipelines.demo_city.world import DIBAO, MARGINAL, RIGID, TEKUN

COUPLE = (head(44, 57, MALE), SPOUSE)
LONE = (head(30, 50), uncovered(SPOUSE))


def plant_families(book: Casebook) -> None:
    """All cases of the five rules."""
    _payroll(book)
    _income(book)
    _hovering_income(book)
    _property(book)
    _marriages(book)
    _employed_alone(book)


def months_before(day: np.datetime64, months: int) -> np.datetime64:
    """The same day so many months earlier, or the last of its month."""
    month = day.astype("datetime64[M]")
    place = day - month.astype("datetime64[D]")
    last = (month - months + 1).astype("datetime64[D]") - 1
    return np.minimum((month - months).astype("datetime64[D]") + place, last)


def months_after(day: np.datetime64, months: int) -> np.datetime64:
    """The same day so many months later, or the last of its month."""
    return months_before(day, -months)


def on_payroll(
    book: Casebook, persons: np.ndarray, wage: float, since: np.datetime64 | None = None,
    until: np.datetime64 | None = None,
) -> np.ndarray:  # fmt: skip
    """Enter people on the public payroll; returns the rows."""
    first = len(book.world["payroll"])
    since = book.start - 300 if since is None else since
    count = len(persons)
    employ(book.world, book.rng, persons, np.full(count, wage), np.full(count, since))
    rows = np.arange(first, first + count)
    if until is not None:
        book.world["payroll"]["until"][rows] = until
    return rows


def _payroll(book: Casebook) -> None:
    count, start = book.few(), book.start
    line = amount("dibao", "rural", start.astype("datetime64[M]"))

    def note(is_match: bool, home: Settled, reason: str) -> None:
        book.note("R02", is_match, "household", home.households, reason)
        if is_match:
            book.note("R04", False, "household", home.households, f"R02's, not R04's: {reason}")

    home = book.family(DIBAO, COUPLE)
    on_payroll(book, home.heads, 5200)
    note(True, home, "wage on the public payroll passes the line")
    home = book.family(DIBAO, COUPLE)
    on_payroll(book, home.heads, 500)
    note(False, home, "on the public payroll, income still below the line")
    for cents, reason in ((0, "exactly at the line"), (-1, "one fen a year below the line")):
        home = book.family(DIBAO, COUPLE, count=count, is_checked=False)
        transfer = 12 * (2 * line - 100_000) + cents
        book.checked_by_source(home.households, start - 110, transfer=transfer)
        on_payroll(book, home.heads, 1000)
        note(cents == 0, home, f"recomputed with the wage {reason}")
    for wage, is_match in ((3000, True), (1500, False)):
        home = book.family(MARGINAL, COUPLE, count=count, is_checked=False)
        book.checked_by_source(home.households, start - 110, transfer=round(24 * line * 1.15))
        on_payroll(book, home.heads, wage - 1000)
        note(is_match, home, f"marginal, wage of {wage - 1000} yuan beside what was declared")
    home = book.family(DIBAO, COUPLE, count=count, is_checked=False)
    on_payroll(book, home.heads, 5200)
    note(True, home, "never checked: the wage alone passes the line")
    home = book.family(DIBAO, COUPLE, count=count, is_checked=False)
    on_payroll(book, home.heads, 700)
    note(False, home, "never checked, the wage alone stays below the line: not judged")
    home = book.family(DIBAO, COUPLE, count=count)
    on_payroll(book, home.heads, 5200)
    book.world["households"]["grace_until"][home.households] = start + 200
    book.note("R02", False, "household", home.households, "in grace")
    home = book.family(DIBAO, LONE, count=count, unit=2)
    on_payroll(book, home.persons[1], 5200)
    book.note("R02", False, "household", home.households, "recognised as one person")
    home = book.family(DIBAO, COUPLE, count=count)
    on_payroll(book, home.heads, 5200, until=start - 1)
    book.note("R02", False, "household", home.households, "left the payroll the day before")
    home = book.family(DIBAO, COUPLE, count=count)
    on_payroll(book, home.heads, 5200, since=start + 6)
    book.note_span("R02", "household", home.households, "enters the payroll later",
                   begins=start + 6)  # fmt: skip


def _income(book: Casebook) -> None:
    count, start = book.few(), book.start
    line = amount("dibao", "rural", start.astype("datetime64[M]"))

    def declared(category: int, yearly: int, is_match: bool, reason: str, unit: int = 1) -> Settled:
        home = book.family(category, COUPLE, count=count, unit=unit, is_checked=False)
        book.set_income(home.households, yearly / (24 * line), 2, is_checked=False)
        book.check(home.households, start - 110, np.full(count, yearly))
        book.note("R04", is_match, "household", home.households, reason)
        return home

    year = 24 * line
    declared(DIBAO, year, True, "declared exactly at the line")
    declared(DIBAO, year - 1, True, "yellow: declared one fen below the line")
    declared(DIBAO, year * 9 // 10, True, "yellow: declared exactly at 0.9 x the line")
    declared(DIBAO, year * 9 // 10 - 1, False, "declared one fen below 0.9 x the line")
    declared(MARGINAL, year * 3 // 2, True, "marginal, declared exactly at 1.5 x the standard")
    declared(MARGINAL, year * 3 // 2 - 1, False, "marginal, one fen below 1.5 x: no yellow there")
    home = declared(DIBAO, year, False, "in grace")
    book.world["households"]["grace_until"][home.households] = start + 200
    home = declared(TEKUN, year, False, "tekun")
    # A check of a family that is cared for in full says nothing about R02 without a payroll.
    home = book.family(DIBAO, COUPLE, count=count, is_checked=False)
    book.check(home.households, start - 600, np.full(count, year * 12 // 10))
    book.note("R04", False, "household", home.households, "the only check is older than 18 months")

    last_year = int(str(start)[:4]) - 1
    for year_of, is_match in ((last_year, True), (last_year - 1, False)):
        home = book.family(DIBAO, COUPLE, count=count)
        for kind, cents in ((1, year * 6 // 10), (2, year // 10)):
            add_farm_incomes(book.world, book.rng, home.heads, np.full(count, cents), kind,
                             year_of, start)  # fmt: skip
        if not is_match:
            add_farm_incomes(book.world, book.rng, home.heads, np.full(count, year * 6 // 10), 1,
                             last_year, start)  # fmt: skip
            checks = book.rows_of("economic_checks", "household", home.households)
            yearly = np.full(count, year * 2 // 10)
            for column in ("wage_income", "business_income", "property_income"):
                book.world["economic_checks"][column][checks] = 0
            book.world["economic_checks"]["transfer_income"][checks] = yearly
            book.set_income(home.households, 0.2, 2, is_checked=False)
        book.note(
            "R04", is_match, "household", home.households,
            "land and dividends of last year pass 0.9 x the line" if is_match
            else "land of last year keeps it at 0.8 x, the year before does not count",
        )  # fmt: skip


def _hovering_income(book: Casebook) -> None:
    """Incomes that come and go about a line: one alert, until they are well below it."""
    count, start = book.few(), book.start
    line = amount("dibao", "rural", start.astype("datetime64[M]"))
    home = book.family(DIBAO, COUPLE, count=count, ratio=0.97)
    for days_on, ratio in ((8, 0.88), (16, 0.80)):
        book.check(home.households, start + days_on - 1,
                   np.full(count, round(24 * line * ratio)), start + days_on)  # fmt: skip
    book.note("R04", True, "household", home.households, "above 0.9 x, then hovering below it",
              to_date=start + 15)  # fmt: skip
    book.note("R04", False, "household", home.households, "has fallen well below 0.9 x",
              from_date=start + 16)  # fmt: skip
    home = book.family(DIBAO, COUPLE, count=count)
    book.check(home.households, start + 10, np.full(count, round(24 * line * 0.95)), start + 11)
    book.note_span("R04", "household", home.households, "a later check finds 0.95 x",
                   begins=start + 11)  # fmt: skip
    for ratio in (0.97, 0.89):
        home = book.family(DIBAO, COUPLE, ratio=ratio)
        book.note("R04", ratio > 0.9, "household", home.households, f"declared {ratio} x the line")


def _property(book: Casebook) -> None:
    count, start = book.few(), book.start
    checks = book.world["economic_checks"]
    line = amount("dibao", "rural", start.astype("datetime64[M]"))

    def found(category: int, is_match: bool, reason: str, **values: int) -> None:
        home = book.family(category, COUPLE, count=count)
        rows = book.rows_of("economic_checks", "household", home.households)
        for column, value in values.items():
            checks[column][rows] = value
        book.note("R05", is_match, "household", home.households, reason)

    found(DIBAO, True, "a vehicle in the last check", vehicles=1)
    found(MARGINAL, True, "two homes in the last check", homes=2)
    found(DIBAO, True, "a business registered", business_registered=1)
    found(DIBAO, True, "savings one fen a head above 24 standards",
          financial_assets=2 * (24 * line + 1))  # fmt: skip
    found(DIBAO, False, "savings of exactly 24 standards a head", financial_assets=2 * 24 * line)
    found(DIBAO, False, "one home", homes=1)
    found(RIGID, False, "rigid household with a vehicle", vehicles=1)

    def machines(
        bought_on: np.datetime64, yuan: int, is_match: bool, reason: str, *, number: int = 1,
        to_date: np.datetime64 | None = None,
    ) -> None:  # fmt: skip
        home = book.family(DIBAO, COUPLE, count=count)
        for _ in range(number):
            add_machinery(book.world, book.rng, home.heads, np.full(count, bought_on),
                          max(start, bought_on), np.full(count, yuan * 100))  # fmt: skip
        if bought_on > start:
            book.note_span("R05", "household", home.households, reason, begins=bought_on)
        else:
            book.note("R05", is_match, "household", home.households, reason, to_date=to_date)

    machines(start - 200, 50_000, True, "machinery for exactly 50 000 yuan")
    machines(start - 200, 49_990, False, "machinery just below 50 000 yuan")
    machines(start - 200, 3000, True, "two machines", number=2)
    machines(months_before(start, 36), 60_000, True, "bought 36 months ago, the last day",
             to_date=start)  # fmt: skip
    machines(months_before(start, 36) - 1, 60_000, False, "bought more than 36 months ago")
    machines(start + 8, 80_000, True, "machinery bought later")


def _marry(
    book: Casebook, husbands: np.ndarray, wives: np.ndarray, kind: int, on_day: np.datetime64,
) -> None:  # fmt: skip
    record_marriages(book.world, husbands, wives, kind, np.full(len(wives), on_day),
                     max(book.start, on_day))  # fmt: skip


def add_member(book: Casebook, households: np.ndarray, persons: np.ndarray) -> None:
    """A wife joins the list of a household, without being covered."""
    book.world["members"].append(
        len(persons), household=households, person=persons, relation=12, covered=0, labour=1,
        employment=4, health=1, student=0, is_removed=0,
    )  # fmt: skip


def _marriages(book: Casebook) -> None:
    count, start = book.few(), book.start
    table = book.world["households"]

    def wed(days_ago: int, category: int = DIBAO) -> tuple[Settled, np.ndarray]:
        home = book.family(category, (head(28, 45, MALE),), count=count)
        table["reviewed_on"][home.households] = start - 90
        wives = book.citizens(26, 40, count, male_share=0)
        _marry(book, home.heads, wives, MARRIED, start - days_ago)
        return home, wives

    for days_ago, category, reason in (
        (45, DIBAO, "married after the last review"),
        (30, DIBAO, "married 30 days ago"),
        (89, MARGINAL, "marginal, married the day after the last review"),
        (60, RIGID, "rigid, married after the last review"),
    ):
        home, _ = wed(days_ago, category)
        book.note("R06", True, "household", home.households, reason)
    home, _ = wed(90)
    book.note("R06", False, "household", home.households, "married on the day of the last review")
    home, _ = wed(25)
    book.note_span("R06", "household", home.households, "married 25 days ago", begins=start + 5)
    home, wives = wed(50)
    add_member(book, home.households, wives)
    book.note("R06", False, "household", home.households, "the wife is on the list of members")
    home, wives = wed(50)
    book.later(start + 7, partial(add_member, book, home.households, wives))
    book.note_span("R06", "household", home.households, "married, until the wife is on the list",
                   ends=start + 7)  # fmt: skip

    pair = book.family(DIBAO, COUPLE, count=count)
    table["reviewed_on"][pair.households] = start - 90
    _marry(book, pair.heads, pair.persons[1], DIVORCED, start - 40)
    book.note("R06", True, "household", pair.households, "divorced, both still members")
    pair = book.family(DIBAO, COUPLE, count=count)
    table["reviewed_on"][pair.households] = start - 90
    _marry(book, pair.heads, pair.persons[1], MARRIED, start - 40)
    book.note("R06", False, "household", pair.households, "married, and both were members before")


def _employed_alone(book: Casebook) -> None:
    count, start = book.few(), book.start

    def alone(unit: int = 2) -> Settled:
        home = book.family(DIBAO, LONE, count=count, unit=unit)
        book.certify(home.heads, 4, 2)
        return home

    home = alone()
    add_employment(book.world, book.rng, home.heads, 1)
    book.note("R08", True, "person", home.heads, "dibao alone, and at work")
    home = alone()
    on_payroll(book, home.heads, 2400)
    book.note("R08", True, "person", home.heads, "dibao alone, and on the public payroll")
    home = alone()
    add_employment(book.world, book.rng, home.heads, 2)
    book.note("R08", False, "person", home.heads, "entered as without work")
    home = alone(unit=1)
    add_employment(book.world, book.rng, home.heads, 1)
    book.note("R08", False, "person", home.heads, "recognised as a family")
    home = alone()
    book.certify(home.persons[1], 4, 3)
    add_employment(book.world, book.rng, home.persons[1], 1)
    book.note("R08", False, "person", home.persons[1], "at work, but not covered himself")
    home = alone()
    rows = add_employment(book.world, book.rng, home.heads, 1)
    book.world["employment"]["since"][rows] = start + 5
    book.note_span("R08", "person", home.heads, "starts to work later", begins=start + 5)
    home = alone()
    rows = add_employment(book.world, book.rng, home.heads, 1)
    book.change(start + 12, "employment", rows, status=2)
    book.note_span("R08", "person", home.heads, "at work until later", ends=start + 12)
