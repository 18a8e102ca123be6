"""Planted cases of the support lane: R13, R15, R16, R17, R25.

Belongs here: situations for rules that look for people to help. Nothing else.
"""

import numpy as np

from pipelines.demo_city.amounts import amount
from pipelines.demo_city.calendar import run_dates
from pipelines.demo_city.children import UNSUPPORTED, enrol
from pipelines.demo_city.entitlements import ELDERLY_AGE
from pipelines.demo_city.families import CHILD, MALE, SPOUSE, Settled, head, uncovered
from pipelines.demo_city.payments import FAIL, RECOVER, STOP
from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.planted.relatives import hide_until
from pipelines.demo_city.tables import NO_NUMBER
from pipelines.demo_city.watch import add_monitored, add_monitored_members, add_new_members
from pipelines.demo_city.world import DIBAO, MARGINAL, TEKUN

COUPLE = (head(44, 57, MALE), SPOUSE)
ALWAYS = np.datetime64("2023-01")


def plant_support(book: Casebook) -> None:
    """All cases of the five support rules."""
    homes = _single_person_dibao(book)
    _near_dibao_line(book, homes)
    _nursing_not_received(book)
    _living_not_received(book)
    _relapse_watch(book, homes)


def _single_person_dibao(book: Casebook) -> np.ndarray:
    """R13. Returns ordinary marginal homes, whose incomes are nobody's case yet."""
    homes = []

    def home() -> Settled:
        settled = book.family(MARGINAL, COUPLE, is_checked=False)
        homes.append(settled.households)
        return settled

    for category, level, details, reason in (
        (1, 1, None, "level 1"),
        (2, 2, None, "level 2"),
        (5, 3, None, "level 3, intellectual"),
        (6, 3, None, "level 3, mental"),
        (7, 3, "肢体、智力", "level 3, multiple with an intellectual part"),
    ):
        persons = home().persons[1]
        book.certify(persons, category, level, details=details)
        book.note("R13", True, "person", persons, f"marginal family, {reason}")
    settled = home()
    book.world["members"]["health"][settled.rows[1]] = 3
    book.note("R13", True, "person", settled.persons[1], "marginal family, major disease")
    persons = home().persons[1]
    book.certify(persons, 4, 2, expires_on=book.start)
    book.note(
        "R13", True, "person", persons, "certificate valid for the last day", to_date=book.start
    )
    book.note("R07S", True, "person", persons, "certificate expires today", to_date=book.start)
    home_later = book.family(MARGINAL, COUPLE, count=book.few())
    rows = book.certify(home_later.persons[1], 4, 2, issued_on=book.start + 5)
    hide_until(book, rows, book.start + 5)
    for rule in ("R13", "R20"):
        book.note_span(rule, "person", home_later.persons[1], "marginal, disabled later",
                       begins=book.start + 5)  # fmt: skip
    home_later = book.family(MARGINAL, (head(44, 57, MALE), SPOUSE), count=book.few())
    book.certify(home_later.persons[1], 4, 2)
    book.note_span("R13", "person", home_later.persons[1], "may apply alone, until dibao comes",
                   ends=book.start + 9)  # fmt: skip

    def approve() -> None:
        alone = book.family(DIBAO, (head(40, 60),), persons=[home_later.persons[1]], unit=2,
                            approved_on=book.start + 9, is_checked=False)  # fmt: skip
        book.check(alone.households, book.start + 2,
                   book.world["households"]["income"][alone.households] * 12,
                   book.start + 9)  # fmt: skip

    book.later(book.start + 9, approve)

    for category, level, details, reason in (
        (4, 3, None, "level 3, physical"),
        (5, 4, None, "level 4, intellectual"),
        (7, 3, "视力、肢体", "level 3, multiple without an intellectual or mental part"),
    ):
        persons = home().persons[1]
        book.certify(persons, category, level, details=details)
        book.note("R13", False, "person", persons, reason)
    persons = home().persons[1]
    book.certify(persons, 3, 2, expires_on=book.start - 1)
    book.note("R13", False, "person", persons, "certificate expired the day before")

    family = book.family(MARGINAL, (head(36, 40, MALE), CHILD), is_checked=False)
    homes.append(family.households)
    enrol(book.world, book.rng, family.persons[1], UNSUPPORTED, family.heads,
          np.full(len(family.heads), book.start - 400))  # fmt: skip
    book.certify(family.persons[1], 6, 2, issued_on=book.start - 500)
    book.note("R13", False, "person", family.persons[1], "on the children's roll as unsupported")

    gone = book.family(MARGINAL, COUPLE)
    book.note("R04", True, "household", gone.households, "an income for two, and one died")
    book.certify(gone.persons[1], 4, 1)
    book.bury(gone.persons[1], book.start - 5)
    book.note("R13", False, "person", gone.persons[1], "died five days before")
    book.note("R01", False, "person", gone.persons[1], "member, dead for less than 31 days",
              to_date=book.start + 25)  # fmt: skip
    book.note("R01", True, "person", gone.persons[1], "member, dead for more than 30 days",
              from_date=book.start + 26)  # fmt: skip

    left = book.family(MARGINAL, COUPLE)
    book.certify(left.persons[1], 4, 2, works=True)
    book.world["households"]["ended_on"][left.households] = book.start - 20
    book.world["households"]["end_reason"][left.households] = "收入提高"
    book.note("R13", False, "person", left.persons[1], "the family is marginal no longer")
    return np.concatenate(homes)


def _near_dibao_line(book: Casebook, homes: np.ndarray) -> None:
    """R25: incomes for marginal homes of two; each branch takes its share of them."""
    line = amount("dibao", "rural", book.start.astype("datetime64[M]"))
    start = book.start
    branches = (
        (True, "declared income one fen below the standard", ((40, 24 * line - 1),)),
        (True, "declared income exactly at 1.1 x the standard", ((40, round(24 * line * 1.1)),)),
        (True, "falls to 1.17 x and will pass the standard", ((220, 1.40), (20, 1.17))),
        (True, "two falling checks exactly 60 days apart", ((80, 1.40), (20, 1.20))),
        (False, "declared income one fen above 1.1 x", ((40, round(24 * line * 1.1) + 1),)),
        (False, "falls, but far too slowly", ((320, 1.40), (20, 1.38))),
        (False, "two falling checks only 59 days apart", ((79, 1.40), (20, 1.20))),
        (False, "the only check is older than 18 months", ((570, 0.95),)),
    )
    taken = 0
    for is_match, reason, checks in branches:
        chosen = homes[taken : taken + book.count()]
        taken += len(chosen)
        for days_ago, value in checks:
            yearly = round(24 * line * value) if isinstance(value, float) else value
            book.check(chosen, start - days_ago, np.full(len(chosen), yearly))
            book.world["households"]["income"][chosen] = yearly // 12
        book.note("R25", is_match, "household", chosen, reason)
    _hovering(book)
    rest = homes[taken:]
    book.set_income(rest, 1.3, 2)
    single = book.family(MARGINAL, (head(44, 57), uncovered(SPOUSE)), unit=2, is_checked=False)
    book.check(single.households, start - 40, np.full(len(single.heads), 23 * line))
    book.note(
        "R25", False, "household", single.households, "recognised as one person, not as a family"
    )


def _hovering(book: Casebook) -> None:
    """Marginal incomes about the line: one alert until they are well above it, or dibao comes."""
    start, count = book.start, book.few()
    line = amount("dibao", "rural", start.astype("datetime64[M]"))
    home = book.family(MARGINAL, COUPLE, count=count, ratio=1.05)
    for days_on, ratio in ((6, 1.12), (12, 1.3)):
        book.check(home.households, start + days_on - 1,
                   np.full(count, round(24 * line * ratio)), start + days_on)  # fmt: skip
    book.note_span("R25", "household", home.households, "near the line, hovering, then well above",
                   ends=start + 12)  # fmt: skip
    home = book.family(MARGINAL, COUPLE, count=count)
    book.check(home.households, start + 8, np.full(count, round(24 * line * 0.97)), start + 9)
    book.note_span("R25", "household", home.households, "a later check finds 0.97 x",
                   begins=start + 9)  # fmt: skip
    home = book.family(MARGINAL, COUPLE, count=count, ratio=0.9)
    book.change(start + 10, "households", home.households, ended_on=start + 10,
                end_reason="转为低保")  # fmt: skip

    def approve() -> None:
        book.family(DIBAO, COUPLE, persons=list(home.persons), approved_on=start + 10,
                    ratio=0.9, is_checked=False)  # fmt: skip

    book.later(start + 10, approve)
    book.note_span("R25", "household", home.households, "below the line, until dibao is approved",
                   ends=start + 10)  # fmt: skip


def _nursing_not_received(book: Casebook) -> None:
    """R15, and the single unpaid month that belongs to R26 instead."""
    latest = book.latest

    def holders(
        level: int,
        issued_on: np.datetime64 | None = None,
        expires_on: np.datetime64 | None = None,
    ) -> np.ndarray:
        persons = book.citizens(20, ELDERLY_AGE - 5)
        book.certify(persons, 4, level, works=True, issued_on=issued_on, expires_on=expires_on)
        return persons

    def case(reason: str, level: int, action: int, first: np.datetime64) -> None:
        persons = holders(level)
        book.depart("nursing", persons, action, first=first)
        book.note("R15", True, "person", persons, reason, program="2102")
        if action == FAIL:
            book.note("R29", True, "beneficiary", persons, reason, program="2102",
                      from_date=run_dates(first)[0] + 31)  # fmt: skip

    case("never received, level 1", 1, STOP, ALWAYS)
    case("never received, level 2", 2, STOP, ALWAYS)
    case("received until two months ago", 2, STOP, latest - 1)
    case("the last payments failed", 1, FAIL, latest - 1)
    case("the last payments were recovered", 2, RECOVER, latest - 1)
    pair = book.family(DIBAO, COUPLE)
    book.certify(pair.persons[1], 6, 1)
    book.depart("nursing", pair.persons[1], STOP, first=ALWAYS)
    book.note("R15", True, "person", pair.persons[1], "member of a dibao family", program="2102")

    persons = holders(2)
    book.depart("nursing", persons, STOP, last=latest)
    book.note("R15", False, "person", persons, "one month unpaid only", program="2102")
    book.note("R26", True, "beneficiary", persons, "one month unpaid", program="2102")
    persons = holders(1, issued_on=book.day(0, 12))
    book.note("R15", False, "person", persons, "certificate issued this month", program="2102")
    book.note(
        "R20", True, "person", persons, "newly disabled, severe", to_date=book.day(0, 12) + 60
    )
    persons = holders(2, issued_on=book.day(1, 12))
    book.depart("nursing", persons, STOP, last=latest)
    book.note("R15", False, "person", persons, "entitled in one month only", program="2102")
    book.note("R26", True, "beneficiary", persons, "first month unpaid", program="2102")
    book.note(
        "R20", True, "person", persons, "newly disabled, severe", to_date=book.day(1, 12) + 60
    )
    alone = book.family(TEKUN, (head(62, 79),))
    book.certify(alone.heads, 4, 1)
    book.note("R15", False, "person", alone.heads, "tekun", program="2102")
    persons = holders(3)
    book.note("R15", False, "person", persons, "level 3", program="2102")
    persons = holders(1, expires_on=book.day(2, 20))
    book.note("R15", False, "person", persons, "certificate expired", program="2102")
    persons = holders(2)
    book.bury(persons, book.day(1, 9))
    book.note("R15", False, "person", persons, "died last month", program="2102")


def _living_not_received(book: Casebook) -> None:
    """R16, and the single unpaid month that belongs to R26 instead."""
    latest = book.latest
    for category, slots, unit, level, reason in (
        (DIBAO, COUPLE, 1, 2, "dibao family, never received"),
        (DIBAO, COUPLE, 1, 4, "dibao family, level 4, never received"),
        (MARGINAL, COUPLE, 1, 3, "marginal family, never received"),
        (DIBAO, (head(50, 57, MALE), uncovered(SPOUSE)), 2, 3, "member who is not covered himself"),
    ):
        home = book.family(category, slots, unit=unit)
        book.certify(home.persons[1], 4, level)
        book.depart("living", home.persons[1], STOP, first=ALWAYS)
        book.note("R16", True, "person", home.persons[1], reason, program="2101")
    home = book.family(DIBAO, COUPLE)
    book.certify(home.persons[1], 2, 1)
    book.depart("living", home.persons[1], STOP, first=latest - 1)
    book.note(
        "R16", True, "person", home.persons[1], "received until two months ago", program="2101"
    )

    home = book.family(DIBAO, COUPLE)
    book.certify(home.persons[1], 4, 3)
    book.depart("living", home.persons[1], STOP, last=latest)
    book.note("R16", False, "person", home.persons[1], "one month unpaid only", program="2101")
    book.note("R26", True, "beneficiary", home.persons[1], "one month unpaid", program="2101")
    home = book.family(DIBAO, COUPLE, approved_on=book.day(0, 11))
    book.certify(home.persons[1], 4, 4)
    book.note("R16", False, "person", home.persons[1], "recognised this month", program="2101")
    home = book.family(DIBAO, COUPLE)
    book.certify(home.persons[1], 4, 3, issued_on=book.day(0, 10))
    book.note(
        "R16", False, "person", home.persons[1], "certificate issued this month", program="2101"
    )
    home = book.family(DIBAO, (head(36, 40, MALE), CHILD))
    enrol(book.world, book.rng, home.persons[1], UNSUPPORTED, home.heads,
          np.full(len(home.heads), book.start - 600))  # fmt: skip
    book.certify(home.persons[1], 4, 3, issued_on=book.start - 550)
    book.note("R16", False, "person", home.persons[1], "unsupported child", program="2101")
    alone = book.family(TEKUN, (head(62, 79),))
    book.certify(alone.heads, 4, 3)
    book.note("R16", False, "person", alone.heads, "tekun", program="2101")


def _relapse_watch(book: Casebook, homes: np.ndarray) -> None:
    """R17: income a head, risk and labour on both sides of every line."""
    line = amount("dibao", "rural", book.start.astype("datetime64[M]"))
    year = 12 * line
    enough = 2_600_000

    def watched(
        is_match: bool, reason: str, *, income: int = enough, risk: str = "因学", removed: int = 0,
        no_labour: int = 0, size: int = 2,
    ) -> list[np.ndarray]:  # fmt: skip
        count = book.count()
        area = book.world.places.draw(book.rng, count, False)
        monitors = add_monitored(
            book.world, book.rng, area, net_income=np.full(count, income),
            risks=np.full(count, risk, dtype=object), risk_removed=np.full(count, removed),
            no_labour=no_labour,
        )  # fmt: skip
        if income == NO_NUMBER:
            table = book.world["monitored_households"]
            for column in ("wage_income", "business_income", "business_cost", "property_income",
                           "transfer_income"):  # fmt: skip
                table[column][monitors] = NO_NUMBER
        people = add_new_members(
            book.world, book.rng, monitors, area, np.full(count, size), is_planted=True
        )
        book.note("R17", is_match, "relapse_watch_household", monitors, reason)
        return people

    watched(True, "red: no labour", no_labour=1)
    watched(True, "red: one fen below the standard", income=year - 1)
    people = watched(True, "red: below the standard once the nursing allowance is taken off",
                     income=year + 12_000, size=1)  # fmt: skip
    book.certify(people[0], 4, 2, works=True)
    watched(True, "red: income unknown, no labour", income=NO_NUMBER, no_labour=1)
    watched(True, "orange: exactly at the standard", income=year)
    watched(True, "orange: one fen below 1.5 x the standard", income=year * 3 // 2 - 1)
    for risk in ("因病", "务工不稳、因残", "因意外事故"):
        watched(True, f"orange: risk {risk}", risk=risk)
    for days_on, first, then in ((8, 0, 1), (6, 1, 0)):
        before = len(book.world["monitored_households"])
        watched(first == 0, "no labour", removed=first, no_labour=1)
        monitors = np.arange(before, len(book.world["monitored_households"]))
        book.cases.pop()
        day = book.start + days_on
        removed_on = day if then else np.datetime64("NaT")
        book.change(day, "monitored_households", monitors, risk_removed=then,
                    removed_on=removed_on)  # fmt: skip
        book.note_span(
            "R17", "relapse_watch_household", monitors,
            "no labour, until the risk is removed" if then else "no labour, the risk comes back",
            begins=None if then else day, ends=day if then else None,
        )  # fmt: skip
    watched(False, "exactly at 1.5 x the standard", income=year * 3 // 2)
    watched(False, "risk removed", income=year // 2, removed=1, no_labour=1)
    watched(False, "income unknown and no other ground", income=NO_NUMBER)
    watched(False, "well above every line, other risk", risk="产业失败")

    chosen = homes[-book.count() :]
    members = book.world["members"]
    monitors = add_monitored(
        book.world, book.rng, book.world["households"]["area"][chosen],
        net_income=np.full(len(chosen), year // 2), no_labour=1,
        risks=np.full(len(chosen), "因病", dtype=object), risk_removed=np.zeros(len(chosen), int),
    )  # fmt: skip
    rows = np.flatnonzero(np.isin(members["household"], chosen))
    order = np.argsort(chosen)
    monitor = monitors[order][np.searchsorted(chosen[order], members["household"][rows])]
    add_monitored_members(
        book.world, book.rng, monitor, members["person"][rows], members["relation"][rows]
    )
    book.note("R17", False, "relapse_watch_household", monitors, "members of a marginal family")
