"""Planted cases of the payment lane: R26 amount differs, R29 failed and not sent again.

Belongs here: departures of what was paid from what was due. Nothing else.
"""

import numpy as np

from pipelines.demo_city.children import UNSUPPORTED, add_children
from pipelines.demo_city.families import MALE, SPOUSE, head
from pipelines.demo_city.payments import ADD, EXTRA, FAIL, LATER, RECOVER, STOP
from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.tables import NO_NUMBER
from pipelines.demo_city.world import DIBAO, TEKUN

COUPLE = (head(44, 57, MALE), SPOUSE)


def plant_payment(book: Casebook) -> None:
    """All cases of R26, and R29's where they are the same fault."""
    _nursing(book)
    _other_programs(book)
    _household_benefits(book)


def _holders(book: Casebook, level: int = 2) -> np.ndarray:
    persons = book.citizens(22, 74)
    book.certify(persons, 4, level, works=True)
    return persons


def _nursing(book: Casebook) -> None:
    latest = book.latest
    for is_match, reason, action, cents, first, last in (
        (True, "underpaid since three months", ADD, -5000, latest - 3, None),
        (True, "overpaid in the last month", ADD, 3300, latest, latest),
        (True, "one month missing in the year", STOP, 0, latest - 4, latest - 4),
        (True, "underpaid by 1.01 yuan", ADD, -101, latest, latest),
        (False, "underpaid by exactly 1 yuan", ADD, -100, latest, latest),
        (False, "overpaid by exactly 1 yuan", ADD, 100, latest, latest),
        (False, "one month paid with the next month's run", LATER, 0, latest - 3, latest - 3),
    ):
        persons = _holders(book)
        book.depart("nursing", persons, action, cents=cents, first=first, last=last)
        book.note("R26", is_match, "beneficiary", persons, reason, program="2102")

    persons = _holders(book)
    for sign in (1, -1):
        book.depart("nursing", persons, EXTRA, last=latest, cents=sign * 5000, code=2102)
    book.note("R26", False, "beneficiary", persons, "overpaid and recovered", program="2102")

    persons = _holders(book)
    book.depart("nursing", persons, RECOVER, first=latest - 2, last=latest - 2)
    book.note("R26", True, "beneficiary", persons, "recovered though due", program="2102")

    persons = _holders(book)
    book.depart("nursing", persons, FAIL, first=latest - 2, last=latest - 2)
    book.note("R29", True, "beneficiary", persons, "failed and not sent again", program="2102")
    book.note(
        "R26", False, "beneficiary", persons, "the failed month belongs to R29", program="2102"
    )


def _other_programs(book: Casebook) -> None:
    latest = book.latest
    for program, code, action, cents, reason in (
        ("tekun", "1302", ADD, -1000, "tekun underpaid by 10 yuan"),
        ("tekun_care", "1303", STOP, 0, "care fee not paid"),
    ):
        alone = book.family(TEKUN, (head(64, 79),))
        book.depart(program, alone.heads, action, cents=cents)
        book.note("R26", True, "beneficiary", alone.heads, reason, program=code)

    rows = add_children(book.world, book.rng, book.count(), UNSUPPORTED,
                        np.full(book.count(), book.start - 500), is_planted=True)  # fmt: skip
    children = book.world["children"]["person"][rows]
    book.depart("children", children, ADD, cents=-20_000)
    book.note("R26", True, "beneficiary", children, "child's allowance underpaid", program="3102")

    home = book.family(DIBAO, COUPLE)
    book.certify(home.persons[1], 4, 3)
    book.depart("living", home.persons[1], ADD, cents=2500, first=latest - 1)
    book.note(
        "R26", True, "beneficiary", home.persons[1], "living allowance overpaid", program="2101"
    )

    alone = book.family(TEKUN, (head(64, 79),))
    book.world["members"]["self_care"][alone.rows[0]] = NO_NUMBER
    book.note(
        "R26",
        False,
        "beneficiary",
        alone.heads,
        "care level unknown: nothing is due or undue",
        program="1303",
    )


def _household_benefits(book: Casebook) -> None:
    """Dibao is compared only from the month of the first roll that was received."""
    latest = book.latest
    first_roll = book.start.astype("datetime64[M]")
    if latest == first_roll:
        for is_match, reason, action, cents in (
            (True, "dibao underpaid by 1.01 yuan", ADD, -101),
            (True, "dibao not paid", STOP, 0),
            (False, "dibao underpaid by exactly 1 yuan", ADD, -100),
        ):
            home = book.family(DIBAO, COUPLE)
            book.depart("dibao", home.heads, action, cents=cents, last=latest)
            book.note("R26", is_match, "beneficiary", home.households, reason, program="1201")
        home = book.family(DIBAO, COUPLE)
        table = book.world["households"]
        book.depart(
            "dibao",
            home.heads,
            EXTRA,
            last=latest,
            code=1201,
            households=home.households,
            cents=table["monthly_amount"][home.households],
        )
        book.note("R26", True, "beneficiary", home.households, "dibao paid twice", program="1201")
    home = book.family(DIBAO, COUPLE)
    before = first_roll - 1
    book.depart("dibao", home.heads, ADD, cents=-8000, first=before, last=before)
    book.note(
        "R26",
        False,
        "beneficiary",
        home.households,
        "a month before the first roll: due unknown",
        program="1201",
    )
