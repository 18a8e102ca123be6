"""What the natural course of the city itself brings under a rule, noted day by day.

Belongs here: certificates that expire or are newly issued, children who come of age, offices
whose sums depart. Does not belong here: planted cases. Written from the published text of the
rules, apart from the pipeline's own reading.
"""

from dataclasses import dataclass, field

import numpy as np

from pipelines.demo_city.entitlements import Due
from pipelines.demo_city.ledger import Ledger, checkable
from pipelines.demo_city.people import years_between
from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.planted.families import months_before
from pipelines.demo_city.world import DIBAO, TEKUN, World

EXPIRES_WITHIN, ISSUED_WITHIN, TERM_WITHIN = 60, 60, 60
ADULT = 18
_REASONS = {
    "R07S": "a paid person's certificate expires within 60 days",
    "R20": "a person outside assistance was newly certified as severely disabled",
    "R09": "a child on the roll turns eighteen within 60 days",
    "R28": "an office paid more than a hundredth of a month after the tenth",
    "R30": "allocation, payments and dues of an office differ by more than half a hundredth",
}


@dataclass
class Diary:
    """Persons by rule, with the days on which they came under it."""

    ledger: Ledger = field(default_factory=Ledger)
    paid: dict[np.datetime64, np.ndarray] = field(default_factory=dict)
    seen: dict[str, list[tuple[np.datetime64, np.ndarray]]] = field(default_factory=dict)

    def owe(self, world: World, month: np.datetime64, due: dict[str, Due]) -> None:
        """Remember who is paid an allowance on a certificate for a month."""
        self.ledger.owe(world, month, due)
        self.paid[month] = np.union1d(due["living"].person, due["nursing"].person)

    def write(self, world: World, day: np.datetime64) -> None:
        """Look round on the evening of a day."""
        self.ledger.judge(day)
        for rule, persons in (
            ("R07S", self._expiring(world, day)),
            ("R20", _newly_disabled(world, day)),
            ("R09", _coming_of_age(world, day)),
        ):
            natural = persons[world.people["is_planted"][persons] == 0]
            self.seen.setdefault(rule, []).append((day, natural))

    def note(self, book: Casebook) -> None:
        """Enter everything seen as natural matches, in spans of days."""
        for rule, entries in self.seen.items():
            persons = np.concatenate([persons for _, persons in entries])
            on_days = np.concatenate([np.full(len(persons), day) for day, persons in entries])
            _note_spans(book, rule, "person", persons, on_days)
        self._note_offices(book)

    def _note_offices(self, book: Casebook) -> None:
        """Offices that were planned to depart, or nearly, and those that depart by themselves."""
        known = {
            (case.rule, office) for case in book.cases if case.kind == "office"
            for office in case.subjects.tolist()
        }  # fmt: skip
        for plan in book.world.offices:
            rule = "R30" if plan.paid_on is None else "R28"
            office = f"{plan.county}:{plan.program}:{plan.month}"
            on_days = self.ledger.found.get((rule, office), [])
            subject = np.array([office])
            if on_days:
                reason = "allocated another sum" if rule == "R30" else "paid after the tenth"
                book.note(rule, True, "office", subject, reason,
                          from_date=on_days[0], to_date=on_days[-1])  # fmt: skip
            elif self.ledger.has_paid(office):
                reason = "allocated nearly the sum" if rule == "R30" else "paid on the tenth"
                book.note(rule, False, "office", subject, reason)
            known.add((rule, office))
        for rule in ("R28", "R30"):
            found = [
                (office, day) for (name, office), on_days in sorted(self.ledger.found.items())
                for day in on_days if name == rule and (rule, office) not in known
            ]  # fmt: skip
            if found:
                offices = np.array([office for office, _ in found])
                _note_spans(book, rule, "office", offices, np.array([day for _, day in found]))

    def _expiring(self, world: World, day: np.datetime64) -> np.ndarray:
        table = world["certificates"]
        paid = self.paid.get(checkable(day)[1], np.empty(0, dtype=np.int64))
        expires_on = table["expires_on"]
        is_near = (
            (table["status"] == 1) & (table["is_removed"] != 1)
            & (expires_on >= day) & (expires_on <= day + EXPIRES_WITHIN)
        )  # fmt: skip
        persons = np.intersect1d(table["person"][is_near], paid)
        return persons[world.people.is_alive(persons, day)]


def _newly_disabled(world: World, day: np.datetime64) -> np.ndarray:
    table = world["certificates"]
    is_severe = (table["status"] == 1) & (table["is_removed"] != 1) & (table["level"] <= 2)
    is_new = (
        is_severe & (table["issued_on"] <= day) & (table["issued_on"] >= day - ISSUED_WITHIN)
        & ((table["expires_on"] >= day) | np.isnat(table["expires_on"]))
    )  # fmt: skip
    members, households = world["members"], world["households"]
    household = members["household"]
    is_helped = (
        (members["covered"] == 1) & np.isin(households["category"][household], (DIBAO, TEKUN))
        & world.is_active(household, day)
    )  # fmt: skip
    persons = np.setdiff1d(table["person"][is_new], members["person"][is_helped])
    return persons[world.people.is_alive(persons, day)]


def _coming_of_age(world: World, day: np.datetime64) -> np.ndarray:
    roll, members = world["children"], world["members"]
    person = roll["person"]
    approved_at = years_between(world.people["born_on"][person], roll["approved_on"])
    is_near = (
        (roll["kind"] <= 4) & (approved_at < ADULT)
        & (np.isnat(roll["ended_on"]) | (roll["ended_on"] >= day))
        & (world.people["born_on"][person] <= months_before(day + TERM_WITHIN, 12 * ADULT))
    )  # fmt: skip
    is_student = np.isin(members["student"], (2, 3)) & (members["is_removed"] != 1)
    return np.setdiff1d(person[is_near], members["person"][is_student])


def _note_spans(
    book: Casebook, rule: str, kind: str, subjects: np.ndarray, on_days: np.ndarray
) -> None:
    """One note for all subjects with the same first and last day; a gap starts another span."""
    order = np.lexsort((on_days, subjects))
    subjects, on_days = subjects[order], on_days[order]
    if not len(subjects):
        return
    starts = np.r_[
        True,
        (subjects[1:] != subjects[:-1]) | (np.diff(on_days) > np.timedelta64(1, "D")),
    ]
    first = np.flatnonzero(starts)
    last = np.r_[first[1:], len(subjects)] - 1
    spans = np.stack([on_days[first].astype(np.int64), on_days[last].astype(np.int64)])
    for begins, ends in np.unique(spans, axis=1).T:
        chosen = subjects[first][(spans[0] == begins) & (spans[1] == ends)]
        book.note_natural(
            rule, kind, chosen, _REASONS[rule],
            np.datetime64(int(begins), "D"), np.datetime64(int(ends), "D"),
        )  # fmt: skip
