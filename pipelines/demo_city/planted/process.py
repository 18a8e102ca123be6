"""Planted cases of the process lane: R09 terms that end, R32 steps that take too long.

Belongs here: birthdays, terms, files and cases of civil affairs' offices.
"""

import numpy as np

from pipelines.demo_city.calendar import add_working_days
from pipelines.demo_city.children import COMMUNITY, KEY, LEFT_BEHIND, enrol
from pipelines.demo_city.families import MALE, SPOUSE, head
from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.planted.distress import relief
from pipelines.demo_city.planted.families import months_after, months_before
from pipelines.demo_city.registers import URGENT
from pipelines.demo_city.tables import MOMENT, NO_NUMBER
from pipelines.demo_city.world import DIBAO, MARGINAL, RIGID, TEKUN

COUPLE = (head(44, 57, MALE), SPOUSE)
REFUSED, WITHDRAWN = 2, 3
COUNTED_ON = 30
"""Days for which a step that was completed late is still told."""


def plant_process(book: Casebook) -> None:
    """All cases of the two rules."""
    _coming_of_age(book)
    _terms(book)
    _files(book)
    _open_files(book)
    _urgent_relief(book)
    _reviews(book)


def _coming_of_age(book: Casebook) -> None:
    count, start = book.few(), book.start

    def turning(day: np.datetime64) -> np.ndarray:
        return book.born(months_before(day, 12 * 18), count)

    def child(day: np.datetime64, kind: int) -> np.ndarray:
        persons = turning(day)
        enrol(book.world, book.rng, persons, kind, book.citizens(45, 60, count),
              np.full(count, start - 900))  # fmt: skip
        return persons

    for kind in (KEY, COMMUNITY):
        book.note("R09", True, "person", child(start + 60, kind), "turns eighteen in 60 days")
    book.note_span("R09", "person", child(start + 63, KEY), "turns eighteen in 63 days",
                   begins=start + 3)  # fmt: skip
    book.note("R09", True, "person", child(start - 3, KEY), "is eighteen, still on the roll")
    book.note("R09", False, "person", child(start + 20, LEFT_BEHIND), "left behind only")
    persons = child(start + 30, KEY)
    rows = book.rows_of("children", "person", persons)
    book.change(start + 9, "children", rows, ended_on=start + 9)
    book.note_span("R09", "person", persons, "turns eighteen, until taken off the roll",
                   ends=start + 10)  # fmt: skip

    for student, is_match, reason in (
        (0, True, "tekun child turns eighteen"),
        (2, False, "tekun child turns eighteen at upper secondary school"),
    ):
        persons = turning(start + 40)
        home = book.family(TEKUN, (head(17, 17),), persons=[persons])
        book.world["members"]["student"][home.rows[0]] = student
        book.note("R09", is_match, "person", persons, reason)


def _terms(book: Casebook) -> None:
    count, start = book.few(), book.start
    table = book.world["households"]

    for term, reason in (
        (start + 60, "rigid, twelve months end in 60 days"),
        (start + 64, "rigid, twelve months end in 64 days"),
        (start - 20, "rigid, twelve months have passed"),
    ):
        home = book.family(RIGID, COUPLE, count=count, approved_on=months_before(term, 12))
        table["reviewed_on"][home.households] = start - 60
        book.note_span("R09", "household", home.households, reason,
                       begins=start + 4 if term > start + 60 else None)  # fmt: skip
    for term, reason in (
        (start + 60, "grace ends in 60 days"),
        (start + 65, "grace ends in 65 days"),
        (start - 5, "grace has passed, still active"),
    ):
        home = book.family(DIBAO, COUPLE, count=count)
        table["grace_until"][home.households] = term
        book.note_span("R09", "household", home.households, reason,
                       begins=start + 5 if term > start + 60 else None)  # fmt: skip
    home = book.family(DIBAO, COUPLE, count=count)
    table["grace_until"][home.households] = start - 5
    book.change(start + 11, "households", home.households, ended_on=start + 11,
                end_reason="渐退期满")  # fmt: skip
    book.note_span("R09", "household", home.households, "grace has passed, until the family leaves",
                   ends=start + 11)  # fmt: skip


def file(
    book: Casebook, accepted_on: np.datetime64, *, investigated: int = 2, notice: int = 1,
    notice_days: int = 7, decided: int = 2, told: int = 2, special: int = 0,
    decision: int = REFUSED,
) -> tuple[np.ndarray, dict[str, np.datetime64]]:  # fmt: skip
    """Files with steps so many working days after the one before; nothing is granted on them."""
    count = book.few()
    steps = {"accepted_on": accepted_on}

    def after(step: str, number: int) -> np.datetime64:
        return add_working_days(np.array([steps[step]]), number)[0]

    steps["investigated_on"] = after("accepted_on", investigated)
    steps["notice_from"] = after("investigated_on", notice)
    steps["notice_to"] = steps["notice_from"] + notice_days
    steps["decided_on"] = after("notice_to", decided)
    if decision == REFUSED:
        steps["refusal_notified_on"] = after("decided_on", told)
    persons = book.citizens(45, 60, count)
    rows = book.world["applications"].append(
        count, applicant=persons, household=-1, category=MARGINAL, is_urban=0,
        area=book.world.people["area"][persons], decision=decision, special_case=special,
        official_relative=0, **{name: np.full(count, day) for name, day in steps.items()},
    )  # fmt: skip
    return rows, steps


def _files(book: Casebook) -> None:
    """Files that were closed before the first day."""
    opened = add_working_days(np.array([book.start - 45]), 0)[0]

    def note(rows: np.ndarray, completed_on: np.datetime64, reason: str) -> None:
        book.note_span("R32", "application", rows, reason, ends=completed_on + COUNTED_ON + 1)

    recent = add_working_days(np.array([book.start - 28]), 0)[0]
    rows, steps = file(book, recent, investigated=4)
    note(rows, steps["investigated_on"], "investigated on the fourth working day")
    rows, _ = file(book, recent, investigated=3)
    book.note("R32", False, "application", rows, "investigated on the third working day")
    rows, steps = file(book, recent, decided=4)
    note(rows, steps["decided_on"], "decided on the fourth working day after the notice")
    rows, steps = file(book, recent, notice_days=6)
    note(rows, steps["notice_to"], "notice of six days")
    rows, steps = file(book, recent, told=4)
    note(rows, steps["refusal_notified_on"], "refusal told on the fourth working day")
    rows, _ = file(book, recent, told=3, decided=3)
    book.note("R32", False, "application", rows, "decided and told on the third working day")
    for total, special, is_match, reason in (
        (21, 0, True, "decided after 21 working days"),
        (20, 0, False, "decided after exactly 20 working days"),
        (30, 1, False, "special case, decided after exactly 30 working days"),
        (31, 1, True, "special case, decided after 31 working days"),
    ):
        rows, steps = file(book, opened if total < 30 else opened - 14)
        table = book.world["applications"]
        decided_on = add_working_days(np.array([steps["accepted_on"]]), total)[0]
        notice_to = add_working_days(np.array([steps["accepted_on"]]), total - 2)[0]
        table["notice_from"][rows], table["notice_to"][rows] = notice_to - 7, notice_to
        table["decided_on"][rows], table["special_case"][rows] = decided_on, special
        table["refusal_notified_on"][rows] = add_working_days(np.array([decided_on]), 1)[0]
        if is_match:
            note(rows, decided_on, reason)
        else:
            book.note("R32", False, "application", rows, reason)
    rows, _ = file(book, recent, investigated=6, decision=WITHDRAWN)
    book.note("R32", False, "application", rows, "withdrawn")


def _open_files(book: Casebook) -> None:
    """Files that are opened later and wait: yellow first, orange after the limit."""
    opened = add_working_days(np.array([book.start + 7]), 0)[0]
    nearly = add_working_days(np.array([opened]), 3)[0]
    rows, _ = file(book, opened, investigated=9)
    book.note_span("R32", "application", rows, "not investigated: yellow on the third working day",
                   begins=nearly)  # fmt: skip
    rows, _ = file(book, opened, investigated=2)
    book.note("R32", False, "application", rows, "opened later, investigated in time",
              to_date=opened + 9)  # fmt: skip


def _urgent_relief(book: Casebook) -> None:
    start, hour = book.start, np.timedelta64(1, "h")
    table = book.world["temporary_relief"]

    def urgent(on_day: np.datetime64, hours: float | None, cause: int = 2) -> np.ndarray:
        persons = book.citizens(30, 60, book.few(3))
        rows = relief(book, persons, on_day, 900, cause)
        table["kind"][rows] = URGENT
        seconds = np.timedelta64(0 if hours is None else round(hours * 3600), "s")
        table["granted_at"][rows] = (
            np.datetime64("NaT") if hours is None else table["applied_at"][rows] + seconds
        )
        return rows

    rows = urgent(start + 2, 24)
    book.note("R32", False, "case", rows, "urgent, helped after exactly 24 hours")
    rows = urgent(start + 2, 24 + 1 / 3600)
    book.note_span("R32", "case", rows, "urgent, helped a second later", begins=start + 3,
                   ends=start + 3 + COUNTED_ON + 1)  # fmt: skip
    rows = urgent(start + 3, None)
    book.note_span("R32", "case", rows, "urgent, not helped", begins=start + 4)
    rows = relief(book, book.citizens(30, 60, book.few(3)), start + 3, 900, 2)
    table["granted_at"][rows] += 96 * hour
    book.note("R32", False, "case", rows, "not urgent, helped after four days")

    for working_days, is_match, reason in (
        (11, True, "advance, papers on the eleventh working day"),
        (10, False, "advance, papers on the tenth working day"),
        (None, True, "advance, papers missing"),
    ):
        rows = urgent(start + 1, 3)
        granted_on = (start + 1).astype(MOMENT).astype("datetime64[D]")
        table["advance"][rows] = 1
        late = add_working_days(np.array([granted_on]), 11)[0]
        if working_days is not None:
            table["documents_completed_on"][rows] = add_working_days(
                np.array([granted_on]), working_days
            )[0]
        # From four fifths of the limit on a missing paper is yellow already.
        nearly = add_working_days(np.array([granted_on]), 8)[0]
        book.note("R32", False, "case", rows, f"not yet: {reason}", to_date=nearly - 1)
        if is_match:
            book.note("R32", True, "case", rows, reason, from_date=nearly,
                      to_date=late + COUNTED_ON if working_days else None)  # fmt: skip
        else:
            done = add_working_days(np.array([granted_on]), 10)[0]
            book.note("R32", True, "case", rows, f"yellow while awaited: {reason}",
                      from_date=nearly, to_date=done - 1)  # fmt: skip
            book.note("R32", False, "case", rows, reason, from_date=done)


def _reviews(book: Casebook) -> None:
    count, start = book.few(), book.start
    table = book.world["households"]

    for category, review_class, reviewed_on, is_later, reason in (
        (DIBAO, 12, months_before(start, 12) - 9, False, "review overdue, once a year"),
        (DIBAO, 6, months_before(start, 6) - 2, False, "review overdue, twice a year"),
        (MARGINAL, 12, months_before(start, 12), True, "review due today"),
        (MARGINAL, 6, months_before(start, 6) + 5, True, "review due in five days"),
        (TEKUN, NO_NUMBER, months_before(start, 12) - 9, False, "tekun without class, overdue"),
        (RIGID, 12, months_before(start, 12) - 3, False, "rigid, review overdue"),
    ):
        slots = (head(64, 80),) if category == TEKUN else COUPLE
        home = book.family(category, slots, count=count, approved_on=reviewed_on - 500)
        if category == RIGID:
            book.note("R09", True, "household", home.households, "rigid, long past twelve months")
        table["reviewed_on"][home.households] = reviewed_on
        table["review_class"][home.households] = review_class
        book.note_span(
            "R32", "household", home.households, reason,
            begins=months_after(reviewed_on, review_class) + 1 if is_later else None,
        )  # fmt: skip
    home = book.family(DIBAO, COUPLE, count=count)
    table["reviewed_on"][home.households] = months_before(start, 12) - 40
    table["ended_on"][home.households] = start - 10
    table["end_reason"][home.households] = "自愿退出"
    book.note("R32", False, "household", home.households, "review overdue, family has left")
    home = book.family(DIBAO, COUPLE, count=count)
    table["reviewed_on"][home.households] = months_before(start, 12) - 20
    book.change(start + 9, "households", home.households, reviewed_on=start + 9)
    book.note("R32", True, "household", home.households, "review overdue, until it is done",
              to_date=start + 8)  # fmt: skip
