"""A few cases for rules that are not among the first eight.

Belongs here: cheap, plain cases; the rules' own modules deepen them later.
"""

import numpy as np

from pipelines.demo_city.amounts import amount
from pipelines.demo_city.assistance import days
from pipelines.demo_city.families import MALE, SPOUSE, head, uncovered
from pipelines.demo_city.payments import EXTRA
from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.registers import add_relief, employ, moments, record_marriages
from pipelines.demo_city.watch import add_machinery
from pipelines.demo_city.world import DIBAO, TEKUN

COUPLE = (head(44, 57, MALE), SPOUSE)


def plant_others(book: Casebook) -> None:
    """Cases of R02, R04, R05, R06, R07, R08, R10, R12, R14, R18, R22."""
    _income(book)
    _property_and_family(book)
    _certificates(book)
    _relief(book)


def _income(book: Casebook) -> None:
    for is_match, wage, reason in (
        (True, 5200, "wage on the public payroll passes the line"),
        (False, 500, "on the public payroll, income still below the line"),
    ):
        home = book.family(DIBAO, COUPLE)
        since = book.start - days(np.full(len(home.heads), 300))
        employ(book.world, book.rng, home.heads, np.full(len(home.heads), wage), since)
        book.note("R02", is_match, "household", home.households, reason)
    for is_match, ratio, reason in (
        (True, 0.97, "declared income from 0.9 x the line"),
        (False, 0.89, "declared income below 0.9 x the line"),
    ):
        home = book.family(DIBAO, COUPLE, ratio=ratio)
        book.note("R04", is_match, "household", home.households, reason)

    alone = book.family(DIBAO, (head(30, 50), uncovered(SPOUSE)), unit=2)
    book.certify(alone.heads, 4, 2, works=True)
    book.note("R08", True, "person", alone.heads, "dibao alone, and at work")

    pair = book.family(TEKUN, (head(62, 75, MALE), uncovered(SPOUSE)))
    employ(book.world, book.rng, pair.persons[1], np.full(len(pair.heads), 3500),
           book.start - days(np.full(len(pair.heads), 400)))  # fmt: skip
    book.note("R10", True, "person", pair.heads, "wife on the public payroll")

    old = book.family(DIBAO, (head(66, 85),))
    book.note("R18", True, "person", old.heads, "alone, past sixty, no kin on record")


def _property_and_family(book: Casebook) -> None:
    home = book.family(DIBAO, COUPLE)
    checks = book.world["economic_checks"]
    checks["vehicles"][np.isin(checks["household"], home.households)] = 1
    book.note("R05", True, "household", home.households, "a vehicle in the last check")
    home = book.family(DIBAO, COUPLE)
    bought = book.start - days(np.full(len(home.heads), 200))
    add_machinery(book.world, book.rng, home.heads, bought, book.start,
                  np.full(len(home.heads), 5_000_000))  # fmt: skip
    book.note("R05", True, "household", home.households, "machinery for exactly 50 000 yuan")

    home = book.family(DIBAO, (head(28, 45, MALE),))
    table = book.world["households"]
    table["reviewed_on"][home.households] = book.start - 90
    wives = book.citizens(26, 40, len(home.heads), male_share=0)
    record_marriages(book.world, home.heads, wives, 1,
                     book.start - days(np.full(len(wives), 45)), book.start)  # fmt: skip
    book.note("R06", True, "household", home.households, "married after the last review")


def _certificates(book: Casebook) -> None:
    lapsed = book.citizens(25, 70)
    book.certify(lapsed, 4, 2, works=True, expires_on=book.day(1, 15))
    book.depart(
        "nursing", lapsed, EXTRA, cents=amount("nursing", "level_2", book.latest), code=2102
    )
    book.note("R07", True, "person", lapsed, "nursing allowance after the certificate expired")

    idle = book.citizens(25, 55)
    book.certify(idle, 6, 1)
    book.note("R14", True, "person", idle, "severely disabled, no work, in no assisted family")


def _relief(book: Casebook) -> None:
    # Few of them: the published number of relief cases includes them.
    persons = book.citizens(30, 60, book.count(3))
    for days_ago in (70, 20):
        applied_at = moments(book.rng, np.full(len(persons), book.start - days_ago))
        add_relief(
            book.world, book.rng, applied_at, np.full(len(persons), 60_000), book.start,
            persons=persons, kind=np.full(len(persons), 2), cause=np.full(len(persons), 1),
        )  # fmt: skip
    book.note("R12", True, "person", persons, "two cases of one cause in a calendar year")
    book.note("R22", True, "person", persons, "two granted cases in a year, nobody assisted")
