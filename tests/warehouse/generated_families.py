"""Families drawn by hypothesis, as the rows four departments would send of them.

Belongs here: drawing, and changing what was drawn. No test stands here. A family's rows depend on
nothing but its own draw and its place in the list; every number carries the prefix 371599.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from tests.unit.deliveries import number

DAY = date(2025, 11, 13)
"""No parameter and no standard changes in the year before it, nor in the two years after it."""

AREAS = ("371502001200", "371523001200", "371581001200")
ASSISTANCE = {
    ("dibao", 1): "110", ("dibao", 2): "120", ("tekun", 1): "131", ("tekun", 2): "132",
    ("marginal", 1): "600", ("marginal", 2): "600",
}  # fmt: skip
PROGRAMMES = {"110": "1101", "120": "1201", "131": "1301", "132": "1302"}
MONTHS_PAID = (7, 8, 9, 10)

Row = dict[str, str]
Rows = dict[tuple[str, str], list[Row]]


@dataclass(frozen=True)
class Person:
    """A member of a family, and what other departments know of it."""

    birth_year: int
    health: str
    labour: str
    employment: str
    is_covered: bool
    disability_level: str | None
    wage: int | None
    allowance: int | None


@dataclass(frozen=True)
class Family:
    """A family on a roll or on the watch."""

    register: str
    residence: int
    area: str
    approved: tuple[int, int]
    monthly_amount: int
    incomes: tuple[int, int]
    is_at_risk: bool
    paid: tuple[int, ...]
    members: tuple[Person, ...]


people = st.builds(
    Person,
    birth_year=st.integers(1935, 2020),
    health=st.sampled_from("1234"),
    labour=st.sampled_from("1234"),
    employment=st.sampled_from("1346"),
    is_covered=st.booleans(),
    disability_level=st.sampled_from([None, None, "1", "2", "3", "4"]),
    wage=st.sampled_from([None, None, None, 1500, 3200]),
    allowance=st.sampled_from([None, None, 0, 120, 147, 163]),
)
families = st.builds(
    Family,
    register=st.sampled_from(["dibao", "dibao", "tekun", "marginal", "marginal", "watched"]),
    residence=st.sampled_from([1, 2]),
    area=st.sampled_from(AREAS),
    approved=st.tuples(st.integers(2023, 2025), st.integers(1, 6)),
    monthly_amount=st.integers(50, 950),
    incomes=st.tuples(st.integers(0, 40_000), st.integers(0, 40_000)),
    is_at_risk=st.booleans(),
    paid=st.tuples(*(st.integers(-1, 1) for _ in MONTHS_PAID)),
    members=st.lists(people, min_size=1, max_size=4).map(tuple),
)


def number_of(place: int, at: int, person: Person, years: int = 0) -> str:
    """The citizen number of a member: unique by the family's place and the member's."""
    return number(at, f"{person.birth_year + years}{place // 28 % 12 + 1:02d}{place % 28 + 1:02d}")


def rows_of(drawn: list[Family], first_place: int = 0, years: int = 0) -> Rows:
    """What the departments send of families; `years` moves every date.

    `first_place` keeps the numbers of one list apart from those of another.
    """
    rows: Rows = {}
    for place, family in enumerate(drawn, start=first_place):
        for table, row in _family_rows(family, place, years):
            rows.setdefault(table, []).append(row)
    return rows


def _family_rows(family: Family, place: int, years: int) -> Iterator[tuple[tuple[str, str], Row]]:
    number_of_members = [
        number_of(place, at, person, years) for at, person in enumerate(family.members)
    ]
    if family.register == "watched":
        yield from _watched_rows(family, place, years, number_of_members)
    else:
        yield from _assisted_rows(family, place, years, number_of_members)
    for at, (person, id_no) in enumerate(zip(family.members, number_of_members, strict=True)):
        if person.disability_level:
            yield ("disabled_federation", "certificates"), {
                "cert_no": f"{id_no}4{person.disability_level}", "name": "张某", "category": "4",
                "level": person.disability_level, "issued_on": f"{2022 + years}-03-01",
                "expires_on": f"{2032 + years}-03-01", "status": "1", "area_code": family.area,
            }  # fmt: skip
            for month in MONTHS_PAID if person.allowance is not None else ():
                program = "2102" if person.disability_level in "12" else "2101"
                yield ("finance", "payments"), _payment(
                    f"Y{place}-{at}-{month}", program, id_no, f"Z{place}-{at}", "",
                    person.allowance, month, years,
                )  # fmt: skip
        if person.wage:
            yield ("finance", "payroll"), {
                "id_no": id_no, "name": "张某", "employer": "某局",
                "monthly_wage": str(person.wage), "since": f"{2015 + years}-01-01",
            }  # fmt: skip


def _assisted_rows(
    family: Family, place: int, years: int, numbers: list[str]
) -> Iterator[tuple[tuple[str, str], Row]]:
    year, month = family.approved
    assistance = ASSISTANCE[family.register, family.residence]
    yield ("civil_affairs", "households"), {
        "household_no": f"J{place}", "head_id": numbers[0], "head_name": "张某",
        "assistance": assistance, "unit": "1", "residence": str(family.residence),
        "area_code": family.area, "approved_on": f"{year + years}-{month:02d}-10",
        "reviewed_on": f"{2025 + years}-07-01", "review_class": "12",
        "covered_persons": str(len(numbers)),
        "monthly_amount": str(family.monthly_amount) if family.register == "dibao" else "",
        "account_no": f"Z{place}",
    }  # fmt: skip
    for at, (person, id_no) in enumerate(zip(family.members, numbers, strict=True)):
        yield ("civil_affairs", "members"), {
            "household_no": f"J{place}", "id_no": id_no, "name": "张某",
            "relation": "02" if at == 0 else "80", "covered": "1" if person.is_covered else "0",
            "labour": person.labour, "employment": person.employment, "health": person.health,
            "student": "0", "self_care": "1", "support_form": "2",
        }  # fmt: skip
    for at, income in enumerate(family.incomes):
        yield ("civil_affairs", "economic_checks"), {
            "check_no": f"H{place}-{at}", "household_no": f"J{place}",
            "checked_on": f"{2025 + years}-{3 + 5 * at:02d}-15", "wage_income": str(income),
            "business_income": "0", "property_income": "0", "transfer_income": "0",
            "medical_expense": "1000", "education_expense": "0", "disability_expense": "0",
            "financial_assets": "2000", "vehicles": "0", "homes": "1", "business_registered": "0",
        }  # fmt: skip
    if family.register in ("dibao", "tekun"):
        for change, month in zip(family.paid, MONTHS_PAID, strict=True):
            yield ("finance", "payments"), _payment(
                f"D{place}-{month}", PROGRAMMES[assistance], numbers[0], f"Z{place}", f"J{place}",
                family.monthly_amount + 10 * change, month, years,
            )  # fmt: skip


def _watched_rows(
    family: Family, place: int, years: int, numbers: list[str]
) -> Iterator[tuple[tuple[str, str], Row]]:
    yield ("agriculture", "monitored_households"), {
        "monitor_no": f"F{place}", "kind": "1", "area_code": family.area,
        "identified_on": f"{2023 + years}-05-10", "risks": "因病" if family.is_at_risk else "",
        "risk_removed": "0", "net_income_per_capita": str(family.incomes[1]),
        "wage_income": str(family.incomes[1]), "no_labour": "0",
    }  # fmt: skip
    for at, id_no in enumerate(numbers):
        yield ("agriculture", "monitored_members"), {
            "monitor_no": f"F{place}", "id_no": id_no, "name": "张某",
            "relation": "02" if at == 0 else "80", "labour_skill": "1",
        }  # fmt: skip


def _payment(
    payment_no: str, program: str, id_no: str, account: str, household: str, amount: int,
    month: int, years: int,
) -> Row:  # fmt: skip
    return {
        "payment_no": payment_no, "batch_no": f"B{month}", "program": program, "id_no": id_no,
        "name": "张某", "account_no": account, "household_no": household,
        "period": f"{2025 + years}{month:02d}", "amount": f"{amount}.00",
        "paid_on": f"{2025 + years}-{month:02d}-08", "status": "1",
    }  # fmt: skip


def with_more_income(drawn: list[Family], extra: list[int]) -> list[Family]:
    """The same families, the latest income of each higher by an amount of yuan."""
    return [
        replace(family, incomes=(family.incomes[0], family.incomes[1] + more))
        for family, more in zip(drawn, extra, strict=True)
    ]


def with_split_payments(rows: Rows) -> Rows:
    """The same rows, every payment above a yuan in two parts."""
    parts = []
    for row in rows.get(("finance", "payments"), []):
        amount = Decimal(row["amount"])
        first = (amount / 3).quantize(Decimal("0.01"))
        if amount <= 1:
            parts.append(row)
            continue
        parts.append(row | {"amount": str(first)})
        parts.append(row | {"amount": str(amount - first), "payment_no": f"{row['payment_no']}-2"})
    return rows | {("finance", "payments"): parts}
