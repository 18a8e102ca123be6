"""Planted cases of the review lane: R01 paid after death, R03 exclusive benefits.

Belongs here: situations for rules that look at somebody who is paid. Nothing else.
"""

import numpy as np

from pipelines.demo_city.amounts import amount
from pipelines.demo_city.calendar import run_dates
from pipelines.demo_city.children import COMMUNITY, UNSUPPORTED, enrol
from pipelines.demo_city.families import GRANDCHILD, MALE, SPOUSE, head, uncovered
from pipelines.demo_city.payments import EXTRA, EXTRA_FAILED
from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.world import DIBAO, MARGINAL, TEKUN

COUPLE = (head(60, 78, MALE), SPOUSE)


def plant_review(book: Casebook) -> None:
    """All cases of R01 and R03."""
    _paid_after_death(book)
    _still_a_member(book)
    _not_paid_after_death(book)
    _exclusive_benefits(book)
    _not_exclusive(book)


def _paid_after_death(book: Casebook) -> None:
    month = book.latest
    died_on = book.day(2, 12)
    first = month - 1

    alone = book.family(TEKUN, (head(66, 88),))
    book.bury(alone.heads, died_on)
    book.depart("tekun", alone.heads, EXTRA, first=first, cents=amount("tekun", "rural", month),
                code=1302, households=alone.households)  # fmt: skip
    book.note("R01", True, "person", alone.heads, "tekun paid for months after the death")

    holders = book.citizens(50, 85)
    book.certify(holders, 4, 2, works=True)
    book.bury(holders, died_on)
    book.depart("nursing", holders, EXTRA, first=first, cents=amount("nursing", "level_2", month),
                code=2102)  # fmt: skip
    book.note("R01", True, "person", holders, "nursing allowance paid for months after the death")

    elders = book.citizens(82, 88)
    book.bury(elders, died_on)
    book.depart("elderly", elders, EXTRA, first=first, cents=amount("elderly", "under_90", month),
                code=6101)  # fmt: skip
    book.note("R01", True, "person", elders, "old-age allowance paid for months after the death")

    lone = book.family(DIBAO, (head(45, 57),))
    book.bury(lone.heads, died_on)
    book.depart("dibao", lone.heads, EXTRA, first=first, code=1201, households=lone.households,
                cents=book.world["households"]["monthly_amount"][lone.households])  # fmt: skip
    book.note(
        "R01", True, "person", lone.heads, "dibao paid to a household without a living member"
    )

    pair = book.family(DIBAO, COUPLE)
    book.certify(pair.persons[1], 4, 3)
    book.bury(pair.persons[1], died_on)
    book.depart("living", pair.persons[1], EXTRA, first=first,
                cents=amount("living", "level_3", month), code=2101)  # fmt: skip
    book.note("R01", True, "person", pair.persons[1], "living allowance paid after the death")
    book.note("R18", True, "person", pair.heads, "dibao, widowed and past sixty")


def _still_a_member(book: Casebook) -> None:
    pair = book.family(DIBAO, COUPLE)
    book.bury(pair.persons[1], book.start - 45)
    book.note("R01", True, "person", pair.persons[1], "dead for 45 days and still a member")
    book.note("R18", True, "person", pair.heads, "dibao, widowed and past sixty")

    edge = book.family(DIBAO, COUPLE)
    book.note("R18", True, "person", edge.heads, "dibao, widowed and past sixty")
    book.bury(edge.persons[1], book.start - 30)
    book.note("R01", False, "person", edge.persons[1], "member, dead for exactly 30 days",
              to_date=book.start)  # fmt: skip
    book.note("R01", True, "person", edge.persons[1], "member, dead for more than 30 days",
              from_date=book.start + 1)  # fmt: skip


def _not_paid_after_death(book: Casebook) -> None:
    alone = book.family(TEKUN, (head(66, 88),))
    died_on = book.day(0, 9)
    book.bury(alone.heads, died_on)
    table = book.world["households"]
    table["ended_on"][alone.households] = died_on
    table["end_reason"][alone.households] = "死亡"
    book.note("R01", False, "person", alone.heads, "paid for the month of death only")

    holders = book.citizens(50, 85)
    book.certify(holders, 6, 1, works=True)
    book.bury(holders, book.day(2, 20))
    cents = amount("nursing", "level_1", book.latest)
    for sign in (1, -1):
        book.depart("nursing", holders, EXTRA, last=book.latest, cents=sign * cents, code=2102)
    book.note("R01", False, "person", holders, "paid after the death and fully recovered")

    elders = book.citizens(83, 89)
    other = np.full(len(elders), "某同号人", dtype=object)
    book.world["elders"].append(len(elders), person=elders)
    book.bury(elders, book.day(3, 5), names=other)
    # Alive in truth: another person was cremated under the number.
    book.world.people["died_on"][elders] = np.datetime64("NaT")
    book.note("R01", False, "person", elders, "cremation record under the number has another name")

    elders = book.citizens(83, 89)
    book.bury(elders, book.day(2, 5))
    book.depart("elderly", elders, EXTRA_FAILED, last=book.latest, code=6101,
                cents=amount("elderly", "under_90", book.latest))  # fmt: skip
    book.note("R01", False, "person", elders, "the payment after the death failed")
    book.note("R29", True, "beneficiary", elders, "failed and not sent again, though after death",
              program="6101", from_date=run_dates(book.latest)[0] + 31)  # fmt: skip


def _exclusive_benefits(book: Casebook) -> None:
    first = book.latest - 2

    def extra(program: str, detail: str, persons: np.ndarray, code: int) -> None:
        book.depart(program, persons, EXTRA, first=first, code=code,
                    cents=amount(program, detail, book.latest))  # fmt: skip

    alone = book.family(TEKUN, (head(62, 85),))
    book.certify(alone.heads, 4, 3)
    extra("living", "level_3", alone.heads, 2101)
    book.note("R03", True, "person", alone.heads, "tekun and living allowance in one month")

    alone = book.family(TEKUN, (head(62, 85),))
    book.certify(alone.heads, 1, 1)
    book.world["members"]["support_form"][alone.rows[0]] = 2
    extra("nursing", "level_1", alone.heads, 2102)
    book.note("R03", True, "person", alone.heads, "tekun and nursing allowance in one month")

    for kind, reason in (
        (COMMUNITY, "orphan's and living allowance in one month"),
        (UNSUPPORTED, "unsupported child's and living allowance in one month"),
    ):
        home = book.family(DIBAO, (head(60, 72, MALE), GRANDCHILD))
        enrol(book.world, book.rng, home.persons[1], kind, home.heads,
              np.full(len(home.heads), book.start - 700))  # fmt: skip
        book.certify(home.persons[1], 4, 3)
        extra("living", "level_3", home.persons[1], 2101)
        book.note("R03", True, "person", home.persons[1], reason)

    child = book.family(TEKUN, (head(8, 14),))
    guardian = book.citizens(45, 60, len(child.heads))
    enrol(book.world, book.rng, child.heads, COMMUNITY, guardian,
          np.full(len(guardian), book.start - 700))  # fmt: skip
    book.depart("children", child.heads, EXTRA, first=first, code=3101,
                cents=amount("child", "kind_2", book.latest))  # fmt: skip
    book.note("R03", True, "person", child.heads, "orphan's allowance and tekun in one month")

    for category, reason in ((DIBAO, "two dibao households"), (TEKUN, "dibao and tekun")):
        pair = book.family(DIBAO, COUPLE)
        book.family(category, (head(60, 78),), unit=2 if category == DIBAO else 1,
                    persons=[pair.persons[1]])  # fmt: skip
        book.note("R03", True, "person", pair.persons[1], f"covered in {reason}")

    pair = book.family(DIBAO, COUPLE)

    def cover_again() -> None:
        second = book.family(DIBAO, (head(60, 78),), unit=2, persons=[pair.persons[1]],
                             approved_on=book.start + 7, is_checked=False)  # fmt: skip
        book.check(second.households, book.start + 1,
                   book.world["households"]["income"][second.households] * 12,
                   book.start + 7)  # fmt: skip

    book.later(book.start + 7, cover_again)
    book.note_span("R03", "person", pair.persons[1], "covered in two households later",
                   begins=book.start + 7)  # fmt: skip


def _not_exclusive(book: Casebook) -> None:
    alone = book.family(TEKUN, (head(62, 85),))
    book.certify(alone.heads, 4, 4)
    cents = amount("living", "level_4", book.latest)
    for sign in (1, -1):
        book.depart("living", alone.heads, EXTRA, first=book.latest, last=book.latest,
                    cents=sign * cents, code=2101)  # fmt: skip
    book.note("R03", False, "person", alone.heads, "living allowance recovered in the same month")

    pair = book.family(DIBAO, COUPLE)
    book.certify(pair.persons[1], 6, 2)
    book.note("R03", False, "person", pair.persons[1], "living and nursing allowance go together")

    before = book.family(DIBAO, (head(58, 75),), unit=2)
    moved_on = book.day(3, 10)
    book.world["households"]["ended_on"][before.households] = moved_on
    book.world["households"]["end_reason"][before.households] = "转为特困"
    book.certify(before.heads, 4, 3)
    book.family(TEKUN, (head(58, 75),), approved_on=moved_on, persons=[before.heads])
    book.note("R03", False, "person", before.heads, "living allowance before tekun, not with it")

    pair = book.family(DIBAO, COUPLE)
    second = book.family(DIBAO, (head(60, 78),), unit=2, persons=[pair.persons[1]])
    book.world["households"]["ended_on"][second.households] = book.day(4, 15)
    book.world["households"]["end_reason"][second.households] = "重复认定"
    book.note("R03", False, "person", pair.persons[1], "covered twice once, but not any more")

    pair = book.family(MARGINAL, (head(60, 75, MALE), uncovered(SPOUSE)))
    book.certify(pair.persons[1], 5, 2)
    book.family(DIBAO, (head(60, 78),), unit=2, persons=[pair.persons[1]])
    book.note("R03", False, "person", pair.persons[1], "dibao alone inside a marginal family")
    book.note("R13", False, "person", pair.persons[1], "already helped by dibao alone")

    if book.latest - 12 >= np.datetime64("2023-01"):
        old = book.family(TEKUN, (head(66, 85),))
        book.certify(old.heads, 4, 2)
        month = book.latest - 12
        book.depart("nursing", old.heads, EXTRA, first=month, last=month, code=2102,
                    cents=amount("nursing", "level_2", month))  # fmt: skip
        book.note("R03", False, "person", old.heads, "both paid, in a month before the window")
