"""Planted cases of rules that look for people in need: R14, R20, R21, R22, R23, R24, R31, R33.

Belongs here: disability, death, lost work and lost income of people who may be helped.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from pipelines.demo_city.amounts import amount
from pipelines.demo_city.disability import add_employment, add_services
from pipelines.demo_city.families import (
    CHILD,
    MALE,
    SECOND_CHILD,
    SPOUSE,
    Settled,
    Slot,
    head,
    uncovered,
)
from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.planted.families import months_before, on_payroll
from pipelines.demo_city.planted.relatives import hide_until, watch_over
from pipelines.demo_city.registers import add_relief
from pipelines.demo_city.tables import MOMENT
from pipelines.demo_city.watch import add_farm_incomes
from pipelines.demo_city.world import DIBAO, MARGINAL, RIGID, TEKUN

COUPLE = (head(44, 57, MALE), SPOUSE)
RIGID_FROM = np.datetime64("2024-10-24")


def plant_distress(book: Casebook) -> None:
    """All cases of the eight rules."""
    _disabled_without_work(book)
    _newly_disabled(book)
    _breadwinners(book)
    _hardship(book)
    _fallen_incomes(book)
    _after_exit(book)
    _uninsured(book)
    _rigid_expenditure(book)


def relief(
    book: Casebook, persons: np.ndarray, on_day: np.datetime64, yuan: int, cause: int = 1,
) -> np.ndarray:  # fmt: skip
    """A case of relief in money, applied for and granted within one day; returns its rows."""
    count = len(persons)
    rows = add_relief(
        book.world, book.rng, np.full(count, on_day.astype(MOMENT) + np.timedelta64(9, "h")),
        np.full(count, yuan * 100), max(on_day, book.start), persons=persons,
        kind=np.full(count, 2), cause=np.full(count, cause),
    )  # fmt: skip
    table = book.world["temporary_relief"]
    table["granted_at"][rows] = table["applied_at"][rows] + np.timedelta64(5, "h")
    table["advance"][rows], table["documents_completed_on"][rows] = 0, np.datetime64("NaT")
    return rows


def ended(
    book: Casebook, category: int, slots: Sequence[Slot], on_day: np.datetime64, *,
    reason: str = "收入提高", ratio: float = 1.1,
) -> Settled:  # fmt: skip
    """Families that are recognised no longer, with the income they left with."""
    home = book.family(category, slots, count=book.few(), approved_on=on_day - 400,
                       is_checked=False)  # fmt: skip
    table = book.world["households"]
    line = amount("dibao", "rural", book.start.astype("datetime64[M]"))
    table["ended_on"][home.households] = on_day
    table["end_reason"][home.households] = reason
    yearly = np.full(len(home.heads), round(12 * len(slots) * line * ratio))
    book.check(home.households, max(on_day - 3, book.start - 500), yearly)
    checks = book.rows_of("economic_checks", "household", home.households)
    for column in ("wage_income", "business_income", "property_income"):
        book.world["economic_checks"][column][checks] = 0
    book.world["economic_checks"]["transfer_income"][checks] = yearly
    return home


def _disabled_without_work(book: Casebook) -> None:
    count, start = book.few(), book.start

    def severe(level: int = 1) -> np.ndarray:
        persons = book.citizens(25, 55, count)
        book.certify(persons, 6, level)
        return persons

    idle = book.citizens(25, 55)
    book.certify(idle, 6, 1)
    book.note("R14", True, "person", idle, "severely disabled, no work, in no assisted family")
    persons = severe(2)
    add_employment(book.world, book.rng, persons, 2)
    book.note("R14", True, "person", persons, "entered as without work, level 2")
    persons = severe(3)
    book.note("R14", False, "person", persons, "level 3")
    persons = severe()
    add_employment(book.world, book.rng, persons, 1)
    book.note("R14", False, "person", persons, "at work")
    persons = severe()
    on_payroll(book, persons, 3000)
    book.note("R14", False, "person", persons, "on the public payroll")
    home = book.family(DIBAO, (head(45, 57), uncovered(SPOUSE)), unit=2, count=count)
    book.certify(home.persons[1], 4, 2)
    book.note("R14", False, "person", home.persons[1], "member of a dibao household, not covered")
    home = ended(book, DIBAO, COUPLE, start - 900, ratio=1.6)
    book.world["members"]["employment"][home.rows[1]] = 4
    book.certify(home.persons[1], 4, 2)
    book.note("R14", False, "person", home.persons[1], "farms, by the list of a former household")
    persons = book.born(months_before(start + 7, 12 * 18), count)
    book.certify(persons, 4, 1, issued_on=start - 800)
    book.note_span("R14", "person", persons, "turns eighteen", begins=start + 7)
    persons = severe()
    rows = add_employment(book.world, book.rng, persons, 1)
    book.world["employment"]["since"][rows] = start + 6
    book.note_span("R14", "person", persons, "without work until later", ends=start + 6)
    persons = severe()

    def approve() -> None:
        new = book.family(DIBAO, (head(25, 55),), persons=[persons], unit=2, is_checked=False,
                          approved_on=start + 10)  # fmt: skip
        book.check(new.households, start + 3, book.world["households"]["income"][new.households]
                   * 12, start + 10)  # fmt: skip

    book.later(start + 10, approve)
    book.note_span("R14", "person", persons, "without help until dibao is approved",
                   ends=start + 10)  # fmt: skip
    book.note("R18", True, "person", persons, "alone in dibao, level 1, mental",
              from_date=start + 10)  # fmt: skip


def _newly_disabled(book: Casebook) -> None:
    count, start = book.few(), book.start

    def holder(
        level: int, issued_on: np.datetime64, persons: np.ndarray | None = None
    ) -> np.ndarray:
        persons = book.citizens(25, 70, count) if persons is None else persons
        book.certify(persons, 4, level, issued_on=issued_on, works=True)
        return persons

    persons = holder(1, start - 60)
    book.note_span("R20", "person", persons, "issued 60 days before, the last day", ends=start + 1)
    persons = holder(2, start - 61)
    book.note("R20", False, "person", persons, "issued 61 days before")
    persons = holder(2, start - 3)
    book.note("R20", True, "person", persons, "issued three days before")
    persons = holder(3, start - 3)
    book.note("R20", False, "person", persons, "newly disabled, level 3")
    persons = holder(2, start - 1500)
    rows = book.rows_of("certificates", "person", persons)
    book.world["certificates"]["changed_on"][rows] = start - 20
    book.note("R20", False, "person", persons, "changed before the first snapshot: not judged")
    home = book.family(DIBAO, COUPLE, count=count)
    holder(1, start - 8, home.persons[1])
    book.note("R20", False, "person", home.persons[1], "newly disabled, helped by dibao")
    alone = book.family(TEKUN, (head(62, 80),), count=count)
    holder(1, start - 8, alone.heads)
    book.note("R20", False, "person", alone.heads, "newly disabled, helped by tekun")
    home = book.family(MARGINAL, COUPLE, count=count)
    holder(2, start - 8, home.persons[1])
    book.note("R20", True, "person", home.persons[1], "newly disabled in a marginal family")
    book.note("R13", True, "person", home.persons[1], "newly disabled in a marginal family")
    home = book.family(RIGID, COUPLE, count=count)
    holder(2, start - 8, home.persons[1])
    book.note("R20", True, "person", home.persons[1], "newly disabled in a rigid household")

    def raise_level(from_level: int, to_level: int, on_day: np.datetime64) -> np.ndarray:
        persons = holder(from_level, start - 1200)
        before = book.rows_of("certificates", "person", persons)
        after = book.certify(persons, 4, to_level, issued_on=on_day)
        hide_until(book, after, on_day)
        book.change(on_day, "certificates", before, is_removed=1)
        return persons

    persons = raise_level(3, 2, start + 5)
    book.note_span("R20", "person", persons, "raised from level 3 to 2", begins=start + 5)
    persons = raise_level(2, 1, start + 5)
    book.note("R20", False, "person", persons, "raised from level 2 to 1: severe before")
    persons = holder(1, start - 20)

    def approve() -> None:
        new = book.family(DIBAO, (head(25, 70),), persons=[persons], unit=1, is_checked=False,
                          approved_on=start + 12)  # fmt: skip
        book.check(new.households, start + 5, book.world["households"]["income"][new.households]
                   * 12, start + 12)  # fmt: skip

    book.later(start + 12, approve)
    book.note_span("R20", "person", persons, "newly disabled, until dibao is approved",
                   ends=start + 12)  # fmt: skip
    book.note("R18", True, "person", persons, "alone in dibao, level 1, physical",
              from_date=start + 12)  # fmt: skip


def _breadwinners(book: Casebook) -> None:
    start = book.start
    count = book.few()
    members = book.world["members"]
    family = (head(36, 40, MALE), SPOUSE, CHILD, SECOND_CHILD)

    def marginal(works: int, age: tuple[int, int] = (36, 40)) -> Settled:
        home = book.family(MARGINAL, (head(*age, MALE), *family[1:]), count=count, is_checked=False)
        book.set_income(home.households, 1.3, 3)
        members["employment"][home.rows[0]] = 2
        members["employment"][home.rows[1]] = works
        for row in home.rows[2:]:
            members["employment"][row] = 5
        return home

    def minors(home: Settled) -> None:
        """The children of these families are under age whatever was drawn."""
        for person in home.persons[2:]:
            assert (book.world.people.age(person, start) < 18).all()

    def still_listed(home: Settled) -> None:
        book.note("R01", True, "person", home.heads, "member, dead for more than 30 days",
                  from_date=start + 11)  # fmt: skip

    for works, is_match, reason in (
        (6, True, "the only worker died, minors remain"),
        (1, True, "one other worker remains"),
        (1, False, "three others work"),
        (6, False, "the dead did not work"),
    ):
        home = marginal(works)
        minors(home)
        if reason == "three others work":
            for row in home.rows[2:]:
                members["employment"][row] = 1
        if reason == "the dead did not work":
            members["employment"][home.rows[0]] = 6
        book.bury(home.heads, start - 20)
        book.note("R21", is_match, "household", home.households, reason)
        still_listed(home)
    home = book.family(DIBAO, family, count=count)
    members["employment"][home.rows[0]] = 2
    book.bury(home.heads, start - 20)
    book.note("R21", False, "household", home.households, "the family is helped by dibao")
    still_listed(home)
    _watched_breadwinners(book)


def _watched_breadwinners(book: Casebook) -> None:
    """The same in households that agriculture alone knows."""
    start, count = book.start, book.few()

    def watched(died_on: np.datetime64, worker: np.ndarray) -> np.ndarray:
        wives = book.citizens(38, 44, count, male_share=0)
        child = book.born(start - 3400, count)
        monitors = watch_over(book, [worker, wives, child], [2, 12, 20], removed=1)
        for person, skill in ((worker, 1), (wives, 5), (child, 5)):
            rows = book.rows_of("monitored_members", "person", person)
            book.world["monitored_members"]["labour_skill"][rows] = skill
        if died_on <= start:
            book.bury(worker, died_on)
        else:
            book.later(died_on + 1, partial(_bury_later, book, worker, died_on))
        return monitors

    kind = "relapse_watch_household"
    workers = book.citizens(40, 46, count, 1.0)
    book.note_span("R21", kind, watched(start - 90, workers), "watched, died 90 days before",
                   ends=start + 1)  # fmt: skip
    workers = book.citizens(40, 46, count, 1.0)
    book.note("R21", False, kind, watched(start - 91, workers), "watched, died 91 days before")
    workers = book.born(months_before(start - 30, 12 * 60), count)
    book.note("R21", False, kind, watched(start - 30, workers), "watched, died on turning sixty")
    workers = book.citizens(40, 46, count, 1.0)
    book.note_span("R21", kind, watched(start + 9, workers), "watched, dies later",
                   begins=start + 10)  # fmt: skip


def _bury_later(book: Casebook, persons: np.ndarray, died_on: np.datetime64) -> None:
    book.world.people["died_on"][persons] = died_on
    book.world["cremations"].append(
        len(persons), person=persons, died_on=died_on, cremated_on=died_on + 1, sent_on=died_on + 1
    )


def _hardship(book: Casebook) -> None:
    start, count = book.start, book.few(3)
    long_ago = start - 200

    def family() -> Settled:
        return ended(book, MARGINAL, COUPLE, start - 300, ratio=1.6)

    home = family()
    relief(book, home.heads, long_ago, 700, 1)
    relief(book, home.persons[1], long_ago - 30, 700, 2)
    book.note("R22", True, "household", home.households, "two cases of relief in a former family")
    home = family()
    relief(book, home.heads, long_ago, 700, 1)
    book.note("R22", False, "household", home.households, "one case of relief only")
    home = family()
    relief(book, home.heads, months_before(start, 12) - 1, 700, 1)
    relief(book, home.heads, long_ago, 700, 2)
    book.note("R22", False, "household", home.households, "the other case is over a year old")
    home = book.family(DIBAO, COUPLE, count=book.few())
    relief(book, home.heads, long_ago, 700, 1)
    relief(book, home.heads, long_ago - 30, 700, 2)
    book.note("R22", False, "household", home.households, "two cases in an assisted family")
    home = family()
    relief(book, home.heads, long_ago, 700, 1)
    relief(book, home.heads, start + 6, 700, 2)
    book.note_span("R22", "household", home.households, "a second case later", begins=start + 6)
    home = family()
    relief(book, home.heads, long_ago, 700, 1)
    open_case = relief(book, home.heads, long_ago - 20, 700, 2)
    book.world["temporary_relief"]["granted_at"][open_case] = np.datetime64("NaT")
    book.note("R22", False, "household", home.households, "the second case is not granted")

    def pay(persons: np.ndarray, on_day: np.datetime64, costs: Sequence[int]) -> None:
        for cents in costs:
            size = len(persons)
            rows = add_services(
                book.world, book.rng, persons, np.full(size, on_day - 5), np.full(size, on_day),
                max(start, on_day), kind=np.full(size, 1),
            )  # fmt: skip
            book.world["services"]["personal_cost"][rows] = cents

    def patient() -> np.ndarray:
        persons = book.citizens(30, 60, count)
        book.certify(persons, 4, 3)
        return persons

    persons = patient()
    pay(persons, start - 60, (300_000, 200_000))
    book.note("R22", True, "person", persons, "services for exactly 5 000 yuan")
    persons = patient()
    pay(persons, start - 60, (300_000, 199_999))
    book.note("R22", False, "person", persons, "services one fen below 5 000 yuan")
    persons = patient()
    pay(persons, months_before(start, 12) - 1, (600_000,))
    book.note("R22", False, "person", persons, "dear services more than a year ago")
    persons = patient()
    pay(persons, start + 12, (510_000,))
    book.note_span("R22", "person", persons, "dear services later", begins=start + 12)
    home = book.family(DIBAO, COUPLE, count=count)
    pay(home.heads, start - 60, (600_000,))
    book.note("R22", False, "household", home.households, "dear services in an assisted family")


def _fallen_incomes(book: Casebook) -> None:
    start, count = book.start, book.few()
    line = amount("dibao", "rural", start.astype("datetime64[M]"))
    last_year = int(str(start)[:4]) - 1

    def marginal(ratio: float = 1.3) -> Settled:
        home = book.family(MARGINAL, COUPLE, count=count, is_checked=False)
        book.checked_by_source(home.households, start - 110, transfer=round(24 * line * ratio))
        return home

    for days_ago, to_date, is_match in ((10, None, True), (90, start, True), (91, None, False)):
        home = marginal()
        on_payroll(book, home.heads, 3000, until=start - days_ago)
        book.note("R23", is_match, "household", home.households,
                  f"left the payroll {days_ago} days before", to_date=to_date)  # fmt: skip
    home = marginal()
    rows = on_payroll(book, home.heads, 3000)
    book.change(start + 6, "payroll", rows, until=start + 6)
    book.note_span("R02", "household", home.households, "marginal and on the payroll until later",
                   ends=start + 7)  # fmt: skip
    book.note_span("R23", "household", home.households, "leaves the payroll later",
                   begins=start + 7)  # fmt: skip
    home = marginal()
    rows = on_payroll(book, home.heads, 3000)
    book.change(start + 5, "payroll", rows, is_removed=1)
    book.note_span("R02", "household", home.households, "marginal and on the payroll, then absent",
                   ends=start + 5)  # fmt: skip
    book.note_span("R23", "household", home.households, "absent from the payroll later",
                   begins=start + 5)  # fmt: skip
    home = ended(book, MARGINAL, COUPLE, start - 300, ratio=1.5)
    on_payroll(book, home.heads, 3000, until=start - 10)
    book.note("R23", False, "household", home.households, "left the payroll, still at 1.5 x")
    home = book.family(DIBAO, COUPLE, count=count)
    on_payroll(book, home.heads, 3000, until=start - 10)
    book.note("R23", False, "household", home.households, "left the payroll, helped by dibao")

    for before, after, is_match, reason in (
        (100_000, 49_999, True, "land income one fen below half"),
        (100_000, 50_000, False, "land income exactly half"),
        (99_999, 20_000, False, "land income was below 1 000 yuan"),
        (200_000, None, False, "no row for last year: not judged"),
    ):
        home = marginal()
        for year, cents in ((last_year - 1, before), (last_year, after)):
            if cents is not None:
                add_farm_incomes(book.world, book.rng, home.heads, np.full(count, cents), 1, year,
                                 start)  # fmt: skip
        book.note("R23", is_match, "household", home.households, reason)


def _after_exit(book: Casebook) -> None:
    start, count = book.start, book.few()

    def newly_severe(home: Settled, reason: str) -> None:
        book.certify(home.persons[1], 4, 2, issued_on=start - 15, works=True)
        book.note("R20", True, "person", home.persons[1], reason)

    home = ended(book, DIBAO, COUPLE, start - 200)
    newly_severe(home, "newly disabled after leaving dibao")
    book.note("R24", True, "household", home.households, "newly disabled after leaving dibao")
    home = ended(book, DIBAO, COUPLE, start - 200, reason="户主死亡")
    newly_severe(home, "newly disabled, the family left by a death")
    book.note("R24", False, "household", home.households, "the household ended by a death")
    edge = months_before(start, 24)
    home = ended(book, DIBAO, COUPLE, edge)
    newly_severe(home, "newly disabled, 24 months after leaving")
    book.note_span("R24", "household", home.households, "left 24 months before, the last day",
                   ends=start + 1)  # fmt: skip
    home = ended(book, DIBAO, COUPLE, edge - 1)
    newly_severe(home, "newly disabled, more than 24 months after leaving")
    book.note("R24", False, "household", home.households, "left more than 24 months before")
    home = ended(book, MARGINAL, COUPLE, start - 200)
    newly_severe(home, "newly disabled after leaving marginal")
    book.note("R24", False, "household", home.households, "was marginal, never dibao or tekun")
    home = ended(book, DIBAO, COUPLE, start - 150, ratio=1.2)
    on_payroll(book, home.heads, 2500, until=start - 10)
    for rule in ("R23", "R24"):
        book.note(rule, True, "household", home.households, "left dibao, then the payroll")
    home = ended(book, TEKUN, (head(62, 75),), start - 260)
    relief(book, home.heads, start - 200, 700, 1)
    relief(book, home.heads, start - 230, 700, 2)
    for rule in ("R22", "R24"):
        book.note(rule, True, "household", home.households, "two cases of relief after tekun")
    for removed, days_after, is_match, reason in (
        (0, 60, True, "watched since the exit, risk open"),
        (1, 60, False, "watched since the exit, risk removed"),
        (0, -60, False, "watched since before the exit"),
    ):
        home = ended(book, DIBAO, COUPLE, start - 220, ratio=1.6)
        watch_over(
            book, list(home.persons), [2, 12], removed=removed,
            identified_on=np.full(count, start - 220 + days_after),
        )  # fmt: skip
        book.note("R24", is_match, "household", home.households, reason)
    home = ended(book, DIBAO, COUPLE, start - 120, ratio=1.6)
    rows = book.certify(home.persons[1], 4, 2, issued_on=start + 8, works=True)
    hide_until(book, rows, start + 8)
    for rule, kind, subjects in (
        ("R20", "person", home.persons[1]), ("R24", "household", home.households),
    ):  # fmt: skip
        book.note_span(rule, kind, subjects, "newly disabled later, after leaving dibao",
                       begins=start + 8)  # fmt: skip


def _uninsured(book: Casebook) -> None:
    start, count = book.start, book.few()
    members = book.world["members"]

    def jobless(
        since: np.datetime64, insured: int | None = 0, category: int = MARGINAL,
        slots: Sequence[Slot] = COUPLE,
    ) -> Settled:  # fmt: skip
        home = book.family(category, slots, count=count)
        row = home.rows[0]
        members["employment"][row], members["unemployed_since"][row] = 3, since
        if insured is not None:
            members["unemployment_insured"][row] = insured
        return home

    three_months = months_before(start, 3)
    home = jobless(three_months)
    book.note("R31", True, "person", home.heads, "jobless for exactly three months, uninsured")
    home = jobless(three_months + 5)
    begins = next(
        day for day in np.arange(start, start + 12) if months_before(day, 3) >= three_months + 5
    )
    book.note_span("R31", "person", home.heads, "will have been jobless for three months",
                   begins=begins)  # fmt: skip
    home = jobless(start - 200, 1)
    book.note("R31", False, "person", home.heads, "insured against unemployment")
    home = jobless(start - 200, None)
    book.note("R31", False, "person", home.heads, "insurance unknown: not judged")
    home = jobless(start - 200, category=DIBAO)
    book.note("R31", False, "person", home.heads, "helped by dibao")
    home = jobless(start - 200, slots=(head(61, 64, MALE), SPOUSE))
    book.note("R31", False, "person", home.heads, "past fifty-nine")
    home = jobless(start - 200)
    relief(book, home.heads, start - 210, 800, 4)
    book.note("R31", False, "person", home.heads, "had relief as jobless and uninsured")
    home = jobless(start - 200)
    relief(book, home.heads, start + 6, 800, 4)
    book.note_span("R31", "person", home.heads, "jobless, until relief is given", ends=start + 6)
    home = ended(book, MARGINAL, COUPLE, start - 250, ratio=1.6)
    row = home.rows[0]
    members["employment"][row], members["unemployed_since"][row] = 3, start - 150
    members["unemployment_insured"][row] = 0
    book.note("R31", True, "person", home.heads, "jobless member of a former family")


def _rigid_expenditure(book: Casebook) -> None:
    start, count = book.start, book.few()
    checks = book.world["economic_checks"]

    def spend(home: Settled, yearly: int, spent: int) -> None:
        rows = book.rows_of("economic_checks", "household", home.households)
        for column in ("wage_income", "business_income", "property_income"):
            checks[column][rows] = 0
        checks["transfer_income"][rows] = yearly
        checks["medical_expense"][rows] = spent - spent // 4
        checks["education_expense"][rows] = spent // 4
        checks["disability_expense"][rows] = 0

    line = amount("dibao", "rural", start.astype("datetime64[M]"))
    year = round(24 * line * 1.3) // 5 * 5
    for category, yearly, spent, is_match, reason in (
        (MARGINAL, year, year * 3 // 5, True, "spends exactly 0.6 of its income"),
        (MARGINAL, year, year * 3 // 5 - 1, False, "spends one fen less than 0.6 of its income"),
        (MARGINAL, year, year * 2, True, "spends twice its income"),
        (DIBAO, year // 4, year, False, "spends much, dibao"),
        (RIGID, year, year, False, "spends much, is recognised as rigid already"),
        (0, 4_799_990, 4_000_000, True, "former family just below 2 000 yuan a month"),
        (0, 4_800_000, 4_000_000, False, "former family at exactly 2 000 yuan a month"),
        (0, 0, 4_000_000, False, "former family without income"),
    ):
        if category == 0:
            home = ended(book, MARGINAL, COUPLE, start - 300)
        else:
            home = book.family(category, COUPLE, count=count)
        spend(home, yearly, spent)
        if is_match:
            book.note_span("R33", "household", home.households, reason, begins=RIGID_FROM)
        else:
            book.note("R33", False, "household", home.households, reason)
