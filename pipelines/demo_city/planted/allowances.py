"""Planted cases about allowances and single relief: R07, R07S, R12, and months that change a rule.

Belongs here: certificates that lapse, relief that repeats, arrears that come to an end.
"""

import numpy as np

from pipelines.demo_city.amounts import amount, standard
from pipelines.demo_city.families import MALE, SPOUSE, head
from pipelines.demo_city.payments import ADD, EXTRA, STOP
from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.planted.distress import relief
from pipelines.demo_city.tables import DATE
from pipelines.demo_city.world import DIBAO

COUPLE = (head(44, 57, MALE), SPOUSE)


def plant_allowances(book: Casebook) -> None:
    """All cases of these rules."""
    _lapsed(book)
    _expiring(book)
    _arrears(book)
    _repeated_relief(book)


def _holders(book: Casebook, level: int = 2, expires_on: np.datetime64 | None = None) -> np.ndarray:
    persons = book.citizens(25, 70, book.few())
    book.certify(persons, 4, level, works=True, expires_on=expires_on)
    return persons


def _lapsed(book: Casebook) -> None:
    latest = book.latest
    first = latest.astype(DATE)
    usual = amount("nursing", "level_2", latest)

    for expires_on, reason in (
        (book.day(1, 15), "nursing allowance after the certificate expired"),
        (first - 1, "nursing allowance, the certificate expired the day before the month"),
    ):
        persons = _holders(book, expires_on=expires_on)
        begins = expires_on.astype("datetime64[M]") + 1
        book.depart("nursing", persons, EXTRA, first=begins, cents=usual, code=2102)
        book.note("R07", True, "person", persons, reason)
        book.note("R26", False, "beneficiary", persons, f"R07's: {reason}", program="2102")
    persons = _holders(book)
    rows = book.rows_of("certificates", "person", persons)
    book.world["certificates"]["status"][rows] = 2
    book.world["certificates"]["changed_on"][rows] = first - 20
    book.depart("nursing", persons, EXTRA, cents=usual, code=2102)
    book.note("R07", True, "person", persons, "nursing allowance after the cancellation")

    other = amount("nursing", "level_1", latest) - usual
    persons = _holders(book)
    book.depart("nursing", persons, ADD, cents=other)
    book.note("R07", True, "person", persons, "paid at level 1, certified at level 2")
    book.note("R26", False, "beneficiary", persons, "R07's: paid at another level", program="2102")
    persons = _holders(book)
    book.depart("nursing", persons, ADD, cents=other - 100)
    book.note("R07", False, "person", persons, "paid at no level's rate")
    book.note("R26", True, "beneficiary", persons, "paid at no level's rate", program="2102")
    home = book.family(DIBAO, COUPLE, count=book.few())
    book.certify(home.persons[1], 4, 3)
    gap = amount("living", "level_1", latest) - amount("living", "level_3", latest)
    book.depart("living", home.persons[1], ADD, cents=gap)
    book.note("R07", True, "person", home.persons[1], "living allowance at another level's rate")
    persons = _holders(book, expires_on=first)
    book.note("R07", False, "person", persons, "certificate valid on the first, its last day")


def _expiring(book: Casebook) -> None:
    start = book.start
    persons = _holders(book, expires_on=start + 60)
    book.note("R07S", True, "person", persons, "certificate expires in 60 days")
    persons = _holders(book, expires_on=start + 61)
    book.note_span("R07S", "person", persons, "certificate expires in 61 days", begins=start + 1)
    persons = _holders(book, expires_on=start)
    book.note("R07S", True, "person", persons, "certificate expires today", to_date=start)
    persons = book.citizens(25, 70, book.few())
    book.certify(persons, 4, 3, expires_on=start + 30)
    book.note("R07S", False, "person", persons, "expires soon, but nothing is paid on it")
    persons = _holders(book, expires_on=start + 40)
    rows = book.rows_of("certificates", "person", persons)
    book.change(start + 10, "certificates", rows, expires_on=start + 3690, changed_on=start + 10)
    book.note_span("R07S", "person", persons, "expires in 40 days, until renewed", ends=start + 10)
    home = book.family(DIBAO, COUPLE, count=book.few())
    book.certify(home.persons[1], 4, 3, expires_on=start + 45)
    book.note("R07S", True, "person", home.persons[1], "living allowance, expires in 45 days")


def _arrears(book: Casebook) -> None:
    """Unpaid months that pass from R26 to R15 and back as months become checkable."""
    latest, start = book.latest, book.start
    turns = (latest + 1).astype(DATE) + 14

    persons = _holders(book)
    book.depart("nursing", persons, STOP)
    book.note_span("R15", "person", persons, "unpaid since one month, soon two", program="2102",
                   begins=turns)  # fmt: skip
    book.note_span("R26", "beneficiary", persons, "unpaid since one month, R15's from the second",
                   program="2102", ends=turns)  # fmt: skip
    persons = _holders(book)
    book.depart("nursing", persons, STOP, first=latest - 1, last=latest)
    book.note_span("R15", "person", persons, "two months unpaid, then paid again", program="2102",
                   ends=turns)  # fmt: skip
    book.note_span("R26", "beneficiary", persons, "two old months unpaid, R15's no longer",
                   program="2102", begins=turns)  # fmt: skip
    persons = _holders(book)
    book.depart("nursing", persons, STOP, first=latest - 2, last=latest - 2)
    book.depart("nursing", persons, EXTRA, first=latest - 2, last=latest - 2, code=2102,
                cents=amount("nursing", "level_2", latest - 2), paid_on=start + 8)  # fmt: skip
    book.note_span("R26", "beneficiary", persons, "a month unpaid, until it is paid late",
                   program="2102", ends=start + 8)  # fmt: skip


def _repeated_relief(book: Casebook) -> None:
    """Few of them before the first day: the published number of relief cases includes them."""
    start = book.start
    new_year = start.astype("datetime64[Y]").astype(DATE)

    def twice(
        reason: str, first: np.datetime64, second: np.datetime64, causes: tuple[int, int],
        *, is_match: bool = True,
    ) -> None:  # fmt: skip
        persons = book.citizens(30, 60, book.few(3))
        relief(book, persons, first, 600, causes[0])
        relief(book, persons, second, 600, causes[1])
        for rule, matches in (("R12", is_match), ("R22", True)):
            if matches:
                book.note_span(rule, "person", persons, reason, begins=second)
            else:
                book.note(rule, False, "person", persons, reason)

    if start - 70 >= new_year:
        twice("two cases of one cause in a calendar year", start - 70, start - 20, (1, 1))
    twice("two cases of one cause within days", start + 2, start + 6, (2, 2))
    twice("two cases of different causes", start + 3, start + 7, (2, 3), is_match=False)
    if start >= new_year + 5:
        twice("two cases of one cause in two calendar years", new_year - 40, start + 4, (1, 1),
              is_match=False)  # fmt: skip
    ceiling = 6 * int(standard("dibao", np.array([1]), start.astype("datetime64[M]"))[0])
    for cents, is_match in ((ceiling + 1, True), (ceiling, False)):
        persons = book.citizens(30, 60, book.few(3))
        rows = relief(book, persons, start + 5, 1000)
        book.world["temporary_relief"]["amount"][rows] = cents
        if is_match:
            book.note_span("R12", "person", persons, "one fen above six standards",
                           begins=start + 5)  # fmt: skip
        else:
            book.note("R12", False, "person", persons, "exactly six standards")
