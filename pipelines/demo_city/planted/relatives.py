"""Planted cases of rules that ask who belongs to whom: R10, R11, R18, R19.

Belongs here: tekun persons and their kin, lonely dibao persons, children of two parents.
"""

import numpy as np

from pipelines.demo_city.amounts import amount
from pipelines.demo_city.children import LEFT_BEHIND, UNSUPPORTED, enrol
from pipelines.demo_city.disability import add_services
from pipelines.demo_city.families import CHILD, MALE, SPOUSE, Settled, head, uncovered
from pipelines.demo_city.payments import EXTRA
from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.planted.families import months_before, on_payroll
from pipelines.demo_city.registers import DIVORCED, MARRIED, record_marriages
from pipelines.demo_city.watch import add_monitored, add_monitored_members
from pipelines.demo_city.world import DIBAO, TEKUN

PARENTS = (head(36, 40, MALE), SPOUSE, CHILD)


def plant_relatives(book: Casebook) -> None:
    """All cases of the four rules."""
    _supporters(book)
    _institution(book)
    _tekun_candidates(book)
    _unsupported_children(book)


def watch_over(
    book: Casebook, persons: list[np.ndarray], relations: list[int], *, removed: int = 0,
    identified_on: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Watched households of people who exist, well off enough to be nobody's case."""
    count = len(persons[0])
    monitors = add_monitored(
        book.world, book.rng, book.world.people["area"][persons[0]],
        net_income=np.full(count, 2_600_000), risks=np.full(count, "因学", dtype=object),
        risk_removed=np.full(count, removed), no_labour=0, identified_on=identified_on,
    )  # fmt: skip
    for person, relation in zip(persons, relations, strict=True):
        add_monitored_members(book.world, book.rng, monitors, person, np.full(count, relation))
    return monitors


def _supporters(book: Casebook) -> None:
    count, start = book.few(), book.start
    members = book.world["members"]

    pair = book.family(TEKUN, (head(62, 75, MALE), uncovered(SPOUSE)))
    on_payroll(book, pair.persons[1], 3500)
    book.note("R10", True, "person", pair.heads, "wife on the public payroll")
    book.note("R02", True, "household", pair.households,
              "tekun, never checked: the wife's wage alone passes the line")  # fmt: skip

    def with_child(labour: int) -> Settled:
        home = book.family(TEKUN, (head(62, 74, MALE), uncovered(CHILD)), count=count)
        members["labour"][home.rows[1]] = labour
        return home

    home = with_child(1)
    book.note("R10", True, "person", home.heads, "a grown child is registered as able")
    home = with_child(3)
    book.note("R10", False, "person", home.heads, "the grown child is not able to work")
    home = with_child(1)
    book.bury(home.persons[1], start - 12)
    book.note("R10", False, "person", home.heads, "the able child has died")
    book.note("R01", True, "person", home.persons[1], "member, dead for more than 30 days",
              from_date=start + 19)  # fmt: skip
    home = with_child(3)
    book.change(start + 8, "members", home.rows[1], labour=1)
    book.note_span("R10", "person", home.heads, "the child is found able later", begins=start + 8)

    alone = book.family(TEKUN, (head(64, 75, MALE),), count=count)
    child = book.born(np.datetime64("1990-03-04"), count)
    watch_over(book, [alone.heads, child], [2, 20])
    skill = book.rows_of("monitored_members", "person", child)
    book.world["monitored_members"]["labour_skill"][skill] = 2
    book.note("R10", True, "person", alone.heads, "an able child in agriculture's register")

    for divorced, reason in ((False, "married to a payee"), (True, "divorced from a payee")):
        alone = book.family(TEKUN, (head(61, 70, MALE),), count=count)
        wives = book.citizens(50, 58, count, male_share=0)
        on_payroll(book, wives, 4000)
        record_marriages(book.world, alone.heads, wives, MARRIED,
                         np.full(count, start - 320), start)  # fmt: skip
        if divorced:
            record_marriages(book.world, alone.heads, wives, DIVORCED,
                             np.full(count, start - 130), start)  # fmt: skip
        book.note("R10", not divorced, "person", alone.heads, f"{reason} by the marriage register")


def _institution(book: Casebook) -> None:
    count, start = book.few(), book.start
    members = book.world["members"]

    def resident(support_form: int = 1) -> Settled:
        alone = book.family(TEKUN, (head(62, 85),), count=count)
        members["support_form"][alone.rows[0]] = support_form
        book.certify(alone.heads, 4, 2)
        return alone

    def serve(alone: Settled, kind: int, on_day: np.datetime64) -> None:
        rows = add_services(
            book.world, book.rng, alone.heads, np.full(count, on_day - 9),
            np.full(count, on_day), max(start, on_day), kind=np.full(count, kind),
        )  # fmt: skip
        book.world["services"]["personal_cost"][rows] = 20_000

    alone = resident()
    book.depart("nursing", alone.heads, EXTRA, code=2102,
                cents=amount("nursing", "level_2", book.latest))  # fmt: skip
    book.note("R11", True, "person", alone.heads, "in an institution, nursing allowance paid")
    book.note("R03", True, "person", alone.heads, "in an institution, tekun and nursing in a month")
    for support_form, kind, on_day, is_match, reason in (
        (1, 3, start - 30, True, "in an institution and in day care"),
        (1, 3, months_before(start, 12) - 1, False, "day care more than 12 months ago"),
        (1, 1, start - 30, False, "in an institution, rehabilitation only"),
        (2, 3, start - 30, False, "living at home, in day care"),
    ):
        alone = resident(support_form)
        serve(alone, kind, on_day)
        book.note("R11", is_match, "person", alone.heads, reason)
    alone = resident()
    serve(alone, 3, months_before(start, 12))
    book.note("R11", True, "person", alone.heads, "day care 12 months ago, the last day",
              to_date=start)  # fmt: skip
    alone = resident()
    serve(alone, 3, start + 6)
    book.note_span("R11", "person", alone.heads, "day care begins later", begins=start + 6)


def _tekun_candidates(book: Casebook) -> None:
    count, start = book.few(), book.start

    def lone(low: int, high: int, category: int = 0, level: int = 0) -> np.ndarray:
        heads = book.family(DIBAO, (head(low, high),), count=count).heads
        if level:
            book.certify(heads, category, level)
        return heads

    old = book.family(DIBAO, (head(66, 85),))
    book.note("R18", True, "person", old.heads, "alone, past sixty, no kin on record")
    for low, high, category, level, is_match, reason in (
        (9, 14, 0, 0, True, "under sixteen"),
        (30, 50, 5, 3, True, "level 3, intellectual"),
        (30, 50, 6, 2, True, "level 2, mental"),
        (30, 50, 4, 2, True, "level 2, physical"),
        (30, 50, 1, 1, True, "level 1, visual"),
        (30, 50, 1, 2, False, "level 2, visual"),
        (30, 50, 4, 3, False, "level 3, physical"),
        (30, 50, 2, 1, False, "level 1, hearing"),
        (56, 58, 0, 0, False, "not yet sixty"),
    ):
        heads = lone(low, high, category, level)
        book.note("R18", is_match, "person", heads, f"dibao alone, {reason}")

    turning = book.born(months_before(start + 4, 12 * 60), count)
    book.family(DIBAO, (head(59, 59),), persons=[turning])
    book.note_span("R18", "person", turning, "turns sixty", begins=start + 4)

    heads = lone(66, 80)
    wives = book.citizens(60, 75, count, male_share=0)
    record_marriages(book.world, heads, wives, MARRIED, np.full(count, start - 400), start)
    book.note("R18", False, "person", heads, "a wife in the marriage register")
    heads = lone(66, 80)
    child = book.born(np.datetime64("1985-06-07"), count)
    watch_over(book, [heads, child], [2, 20])
    book.note("R18", False, "person", heads, "a child in agriculture's register")

    dibao = book.family(DIBAO, (head(66, 85),), count=count)
    book.change(start + 11, "households", dibao.households, ended_on=start + 11,
                end_reason="转为特困")  # fmt: skip

    def approve() -> None:
        new = book.family(TEKUN, (head(66, 85),), persons=[dibao.heads], approved_on=start + 11)
        book.world["households"]["monthly_amount"][new.households] = amount(
            "tekun", "rural", start.astype("datetime64[M]")
        )

    book.later(start + 11, approve)
    book.note_span("R18", "person", dibao.heads, "alone and old, until tekun is approved",
                   ends=start + 11)  # fmt: skip


def _unsupported_children(book: Casebook) -> None:
    count, start = book.few(), book.start
    members = book.world["members"]

    def home() -> Settled:
        family = book.family(DIBAO, PARENTS, count=count)
        for row in family.rows[:2]:
            members["employment"][row], members["labour"][row] = 6, 3
        return family

    for first, second, is_match, reason in (
        ((4, 1), (2, 2), True, "both parents severely disabled"),
        ((5, 3), (6, 4), True, "both parents intellectually or mentally disabled"),
        ((4, 2), (4, 3), False, "one parent severely, the other physically at level 3"),
    ):
        family = home()
        book.certify(family.heads, *first)
        book.certify(family.persons[1], *second)
        book.note("R19", is_match, "person", family.persons[2], reason)

    family = home()
    book.bury(family.heads, start - 10)
    book.certify(family.persons[1], 4, 2)
    book.note("R19", True, "person", family.persons[2], "one parent dead, the other severe")
    book.note("R01", True, "person", family.heads, "member, dead for more than 30 days",
              from_date=start + 21)  # fmt: skip
    family = home()
    book.certify(family.heads, 4, 1)
    book.certify(family.persons[1], 4, 1)
    enrol(book.world, book.rng, family.persons[2], UNSUPPORTED, family.heads,
          np.full(count, start - 200))  # fmt: skip
    book.note("R19", False, "person", family.persons[2], "on the children's roll already")
    family = home()
    book.certify(family.heads, 4, 1)
    book.certify(family.persons[1], 4, 1)
    enrol(book.world, book.rng, family.persons[2], LEFT_BEHIND, family.heads,
          np.full(count, start - 200))  # fmt: skip
    book.note("R19", True, "person", family.persons[2], "on the roll only as left behind")
    single = book.family(DIBAO, (head(36, 40, MALE), CHILD), count=count)
    book.certify(single.heads, 4, 1)
    book.note("R19", False, "person", single.persons[1], "the mother is on no record: not judged")
    family = home()
    book.certify(family.heads, 4, 2)
    rows = book.certify(family.persons[1], 4, 2, issued_on=start + 4)
    hide_until(book, rows, start + 4)
    book.note_span("R19", "person", family.persons[2], "the second parent's certificate is issued",
                   begins=start + 4)  # fmt: skip
    family = home()
    book.certify(family.heads, 4, 2)
    book.certify(family.persons[1], 6, 2)

    def take_in() -> None:
        enrol(book.world, book.rng, family.persons[2], UNSUPPORTED, family.heads,
              np.full(count, start + 12))  # fmt: skip

    book.later(start + 12, take_in)
    book.note_span("R19", "person", family.persons[2], "both severe, until taken onto the roll",
                   ends=start + 13)  # fmt: skip


def hide_until(book: Casebook, rows: np.ndarray, day: np.datetime64) -> None:
    """Certificates that the federation's register shows only from a day on."""
    book.world["certificates"]["is_removed"][rows] = 1
    book.change(day, "certificates", rows, is_removed=0)
