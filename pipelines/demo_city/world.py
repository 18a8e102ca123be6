"""The whole state of the city: one table per register, filled by the other modules.

Belongs here: what each register remembers, in the city's own terms. Does not belong here: how
rows come about (the modules named after registers) and how they are delivered (`deliveries`).
Tables named in `APPENDED` only grow; each of their rows knows the day it is sent on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from pipelines.demo_city.people import People
from pipelines.demo_city.places import Places, load_places
from pipelines.demo_city.tables import DATE, MOMENT, NUMBER, TEXT, Table

DIBAO, TEKUN, MARGINAL, RIGID = 1, 2, 6, 7

LAYOUT: dict[str, dict[str, str]] = {
    "households": {
        "head": NUMBER, "category": NUMBER, "unit": NUMBER, "is_urban": NUMBER, "area": NUMBER,
        "approved_on": DATE, "first_paid_month": DATE, "ended_on": DATE, "end_reason": TEXT,
        "grace_until": DATE, "reviewed_on": DATE, "review_class": NUMBER,
        "covered_persons": NUMBER, "monthly_amount": NUMBER, "income": NUMBER,
        "next_amount": NUMBER, "is_planted": NUMBER},
    "members": {
        "household": NUMBER, "person": NUMBER, "relation": NUMBER, "covered": NUMBER,
        "labour": NUMBER, "employment": NUMBER, "unemployed_since": DATE,
        "unemployment_insured": NUMBER, "health": NUMBER, "student": NUMBER,
        "self_care": NUMBER, "support_form": NUMBER, "is_removed": NUMBER},
    "economic_checks": {
        "household": NUMBER, "checked_on": DATE, "wage_income": NUMBER,
        "business_income": NUMBER, "property_income": NUMBER, "transfer_income": NUMBER,
        "medical_expense": NUMBER, "education_expense": NUMBER, "disability_expense": NUMBER,
        "financial_assets": NUMBER, "vehicles": NUMBER, "homes": NUMBER,
        "business_registered": NUMBER, "sent_on": DATE},
    "applications": {
        "applicant": NUMBER, "household": NUMBER, "category": NUMBER, "is_urban": NUMBER,
        "area": NUMBER, "accepted_on": DATE, "investigated_on": DATE, "notice_from": DATE,
        "notice_to": DATE, "decided_on": DATE, "decision": NUMBER, "refusal_notified_on": DATE,
        "first_paid_month": DATE, "special_case": NUMBER, "official_relative": NUMBER},
    "temporary_relief": {
        "person": NUMBER, "area": NUMBER, "kind": NUMBER, "cause": NUMBER, "applied_at": MOMENT,
        "granted_at": MOMENT, "amount": NUMBER, "form": NUMBER, "advance": NUMBER,
        "documents_completed_on": DATE, "sent_on": DATE},
    "children": {
        "person": NUMBER, "kind": NUMBER, "guardian": NUMBER, "area": NUMBER,
        "approved_on": DATE, "ended_on": DATE, "visited_on": DATE, "agreement_signed": NUMBER},
    "cremations": {
        "person": NUMBER, "name": TEXT, "died_on": DATE, "cremated_on": DATE, "sent_on": DATE},
    "marriages": {
        "kind": NUMBER, "husband": NUMBER, "wife": NUMBER, "registered_on": DATE,
        "sent_on": DATE},
    "vagrants": {"station": NUMBER, "received_on": DATE, "left_on": DATE, "sent_on": DATE},
    "payroll": {
        "person": NUMBER, "employer": NUMBER, "monthly_wage": NUMBER, "since": DATE,
        "until": DATE, "is_removed": NUMBER},
    "monitored_households": {
        "kind": NUMBER, "area": NUMBER, "identified_on": DATE, "risks": TEXT,
        "risk_removed": NUMBER, "removed_on": DATE, "net_income_per_capita": NUMBER,
        "wage_income": NUMBER, "business_income": NUMBER, "business_cost": NUMBER,
        "property_income": NUMBER, "transfer_income": NUMBER, "no_labour": NUMBER},
    "monitored_members": {
        "monitor": NUMBER, "person": NUMBER, "relation": NUMBER, "health": TEXT,
        "labour_skill": NUMBER, "dibao": TEXT, "tekun": TEXT},
    "farm_incomes": {
        "person": NUMBER, "kind": NUMBER, "year": NUMBER, "amount": NUMBER, "area_mu": NUMBER,
        "sent_on": DATE},
    "machinery": {
        "person": NUMBER, "machine": NUMBER, "price": NUMBER, "subsidy": NUMBER,
        "purchased_on": DATE, "sent_on": DATE},
    "certificates": {
        "person": NUMBER, "category": NUMBER, "level": NUMBER, "details": TEXT,
        "issued_on": DATE, "expires_on": DATE, "status": NUMBER, "area": NUMBER,
        "changed_on": DATE, "losses": NUMBER, "is_removed": NUMBER},
    "employment": {"person": NUMBER, "status": NUMBER, "employer": NUMBER, "since": DATE},
    "services": {
        "person": NUMBER, "kind": NUMBER, "applied_on": DATE, "delivered_on": DATE,
        "personal_cost": NUMBER, "sent_on": DATE},
    "elders": {"person": NUMBER},
}  # fmt: skip
"""Registers and their columns. Persons, households and monitors are positions; money is cents."""


@dataclass(frozen=True)
class OfficePlan:
    """One programme and month of a county: its day of payment, or its allocation in thousandths."""

    county: int
    program: str
    month: np.datetime64
    paid_on: np.datetime64 | None = None
    per_mille: int = 1000


@dataclass
class World:
    """The city: its people, its registers, and the arguments that it follows from."""

    seed: int
    scale: float
    start: np.datetime64
    places: Places = field(default_factory=load_places)
    people: People = field(default_factory=People)
    registers: dict[str, Table] = field(
        default_factory=lambda: {name: Table(columns) for name, columns in LAYOUT.items()}
    )

    plans: list[tuple[np.datetime64, Callable[[], None]]] = field(default_factory=list)
    """What is to happen on a later day, planned when the city is founded."""
    shared_accounts: dict[int, int] = field(default_factory=dict)
    """People whose money goes to another person's account."""
    offices: list["OfficePlan"] = field(default_factory=list)
    """County offices that pay a month late, or get another sum than they pay."""
    late_deliveries: dict[str, date] = field(default_factory=dict)
    """The day on which a department's delivery is missing."""

    def __getitem__(self, register: str) -> Table:
        return self.registers[register]

    def chance(self, *stream: int) -> np.random.Generator:
        """A random stream of its own for every purpose and day."""
        return np.random.default_rng([self.seed, round(self.scale * 1_000_000), *stream])

    def scaled(self, number: float) -> int:
        """A city-wide number at this city's scale, to the nearest whole."""
        return round(number * self.scale)

    def covered(self, category: int, on_date: np.datetime64) -> np.ndarray:
        """Positions of the living, covered member rows of a category's active households."""
        members = self["members"]
        household = members["household"]
        wanted = (
            (self["households"]["category"][household] == category)
            & self.is_active(household, on_date)
            & (members["covered"] == 1)
            & (members["is_removed"] != 1)
            & np.isnat(self.people["died_on"][members["person"]])
        )
        return np.flatnonzero(wanted)

    def watched(self) -> np.ndarray:
        """Flags by household: agriculture watches one of its members."""
        members = self["members"]
        is_watched = np.zeros(len(self.people), dtype=bool)
        is_watched[self["monitored_members"]["person"]] = True
        flags = np.zeros(len(self["households"]), dtype=bool)
        flags[members["household"][is_watched[members["person"]]]] = True
        return flags

    def is_active(self, households: np.ndarray, on_date: np.datetime64) -> np.ndarray:
        """Whether each household is recognised on a date."""
        table = self["households"]
        ended_on = table["ended_on"][households]
        return (table["approved_on"][households] <= on_date) & (
            np.isnat(ended_on) | (ended_on > on_date)
        )


def new_world(seed: int, scale: float, start: date) -> World:
    """An empty city."""
    return World(seed=seed, scale=scale, start=np.datetime64(start, "D"))
