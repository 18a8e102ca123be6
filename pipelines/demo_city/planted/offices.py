"""Planted cases of the payment lane beyond R26: R27, R28, R29, R29A, R30.

Belongs here: old rates, late offices, failed payments, shared accounts, gaps in allocations.
"""

import numpy as np

from pipelines.demo_city.amounts import amount
from pipelines.demo_city.assistance import record_applications
from pipelines.demo_city.families import MALE, SPOUSE, head
from pipelines.demo_city.payments import ADD, EXTRA, FAIL, RETURN, STOP
from pipelines.demo_city.places import county_of
from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.tables import DATE
from pipelines.demo_city.world import DIBAO, TEKUN, OfficePlan

COUPLE = (head(44, 57, MALE), SPOUSE)
LAST_CHANGE = np.datetime64("2024-01")
"""The month in which standards and rates last rose."""


def plant_offices(book: Casebook) -> None:
    """All cases of the five rules."""
    if LAST_CHANGE <= book.latest - 1 < LAST_CHANGE + 11:
        _old_rates(book)
    if book.start > np.datetime64("2024-01-31"):
        _old_standard(book)
    _failed(book)
    _shared_accounts(book)
    _late_and_uneven_offices(book)
    _late_first_payments(book)


def _holders(book: Casebook, level: int = 2, count: int | None = None) -> np.ndarray:
    persons = book.citizens(22, 74, count or book.few())
    book.certify(persons, 4, level, works=True)
    return persons


def _old_rates(book: Casebook) -> None:
    """Payments at the rate that ended: red until they are brought to what is due."""
    start = book.start
    month = book.latest - 1
    old, new = (amount("nursing", "level_2", at) for at in (LAST_CHANGE - 1, month))

    persons = _holders(book)
    book.depart("nursing", persons, ADD, cents=old - new, first=month, last=month)
    book.note("R27", True, "beneficiary", persons, "a month at the old rate", program="2102")
    book.note("R26", False, "beneficiary", persons, "R27's: at the old rate", program="2102")
    alone = book.family(TEKUN, (head(64, 79),), count=book.few())
    gap = amount("tekun", "rural", LAST_CHANGE - 1) - amount("tekun", "rural", month)
    book.depart("tekun", alone.heads, ADD, cents=gap, first=month)
    book.note("R27", True, "beneficiary", alone.heads, "tekun at the old standard", program="1302")
    home = book.family(DIBAO, COUPLE, count=book.few())
    book.certify(home.persons[1], 4, 4)
    gap = amount("living", "level_4", LAST_CHANGE - 1) - amount("living", "level_4", month)
    book.depart("living", home.persons[1], ADD, cents=gap, first=month, last=month)
    book.note("R27", True, "beneficiary", home.persons[1], "living allowance at the old rate",
              program="2101")  # fmt: skip
    persons = _holders(book)
    for action, cents in ((ADD, old - new), (EXTRA, new - old)):
        book.depart("nursing", persons, action, cents=cents, first=month, last=month, code=2102)
    book.note("R27", False, "beneficiary", persons, "at the old rate, topped up", program="2102")
    persons = _holders(book)
    book.depart("nursing", persons, ADD, cents=old - new, first=month, last=month)
    book.depart("nursing", persons, EXTRA, cents=new - old, first=month, last=month, code=2102,
                paid_on=start + 7)  # fmt: skip
    book.note_span("R27", "beneficiary", persons, "at the old rate, until topped up",
                   program="2102", ends=start + 7)  # fmt: skip
    persons = _holders(book)
    book.depart("nursing", persons, ADD, cents=old - new - 200, first=month, last=month)
    book.note("R27", False, "beneficiary", persons, "underpaid, not the old rate", program="2102")
    book.note("R26", True, "beneficiary", persons, "underpaid, not the old rate", program="2102")


def _old_standard(book: Casebook) -> None:
    old, new = (2 * amount("dibao", "rural", at) for at in (LAST_CHANGE - 1, LAST_CHANGE))
    table = book.world["households"]
    income = round(0.4 * new)
    for gap, approved_on, is_checked, is_match, reason in (
        (0, None, True, True, "the roll's amount follows from the old standard"),
        (100, None, True, True, "one yuan above what follows from the old standard"),
        (101, None, True, False, "1.01 yuan above what follows from the old standard"),
        (0, LAST_CHANGE.astype(DATE) + 9, True, False, "approved after the standard rose"),
        (0, None, False, False, "never checked: not judged"),
    ):
        home = book.family(DIBAO, COUPLE, count=book.few(), is_checked=False)
        if approved_on is not None:
            table["approved_on"][home.households] = approved_on
            table["first_paid_month"][home.households] = (LAST_CHANGE + 1).astype(DATE)
        if is_checked:
            yearly = np.full(len(home.heads), income * 12)
            book.check(home.households, book.start - 110, yearly)
        table["monthly_amount"][home.households] = old - income + gap
        book.note("R27", is_match, "beneficiary", home.households, reason, program="1201")


def _failed(book: Casebook) -> None:
    start, latest = book.start, book.latest
    month = latest - 2
    cents = amount("nursing", "level_2", month)

    def failing(action: int) -> np.ndarray:
        persons = _holders(book)
        book.depart("nursing", persons, action, first=month, last=month)
        return persons

    persons = failing(RETURN)
    book.note("R29", True, "beneficiary", persons, "returned and not sent again", program="2102")
    persons = failing(FAIL)
    book.depart("nursing", persons, EXTRA, first=month, last=month, code=2102, cents=cents)
    book.note("R29", False, "beneficiary", persons, "failed, paid by another row", program="2102")
    persons = failing(FAIL)
    book.depart("nursing", persons, EXTRA, first=month, last=month, code=2102, cents=cents,
                paid_on=start + 8)  # fmt: skip
    book.note_span("R29", "beneficiary", persons, "failed, until it is sent again",
                   program="2102", ends=start + 8)  # fmt: skip


def _shared_accounts(book: Casebook) -> None:
    count = book.few()
    accounts = book.world.shared_accounts

    def share(*persons: np.ndarray) -> None:
        for others in persons[1:]:
            accounts.update(zip(others.tolist(), persons[0].tolist(), strict=True))

    three = [_holders(book, count=count) for _ in range(3)]
    share(*three)
    two = [_holders(book, count=count) for _ in range(2)]
    share(*two)
    home = book.family(DIBAO, (*COUPLE, COUPLE[1]), count=count)
    for person in home.persons:
        book.certify(person, 4, 2)
    share(*home.persons)
    residents = []
    for _ in range(3):
        alone = book.family(TEKUN, (head(64, 85),), count=count)
        book.world["members"]["support_form"][alone.rows[0]] = 1
        residents.append(alone.heads)
    share(*residents)
    for groups, is_match, reason in (
        (three, True, "an account for three people in no common register"),
        (two, False, "an account for two people"),
        (list(home.persons), False, "an account for three members of a family"),
        (residents, False, "an account for three residents of an institution"),
    ):
        for person in groups:
            book.note("R29A", is_match, "person", person, reason)


def _late_and_uneven_offices(book: Casebook) -> None:
    """Whole offices that depart; `ledger` works out which offices match, these among them."""
    counties = np.unique(county_of(book.world.places.codes * 1000))
    latest = book.latest
    plan = book.world.offices.append
    for back, county in ((2, 1), (5, 2)):
        month = latest - back
        plan(OfficePlan(int(counties[county]), "key_child", month, month.astype(DATE) + 10))
    month = latest - 3
    plan(OfficePlan(int(counties[3]), "key_child", month, month.astype(DATE) + 9))
    month = latest + 1
    plan(OfficePlan(int(counties[4]), "tekun", month, month.astype(DATE) + 10))
    for back, county, per_mille in ((1, 5, 1010), (2, 6, 980), (3, 0, 1004), (-1, 7, 1020)):
        plan(OfficePlan(int(counties[county]), "orphan", latest - back, per_mille=per_mille))


def _late_first_payments(book: Casebook) -> None:
    """An application agreed to, and the first money a month later than promised."""
    decided_on = book.day(2, 10)
    if decided_on < LAST_CHANGE.astype(DATE):
        return
    home = book.family(DIBAO, COUPLE, count=book.few(), approved_on=decided_on)
    promised = book.latest - 1
    book.depart("dibao", home.heads, STOP, first=promised, last=promised)
    record_applications(book.world, book.rng, home.households)
    county = county_of(book.world["households"]["area"][home.households])
    offices = np.unique([f"{code}:dibao:{promised}" for code in county])
    book.note("R28", True, "office", offices, "a first payment later than the month after")
