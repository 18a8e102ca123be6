"""The arithmetic of an alert, folded from its stored evidence with exact numbers.

Belongs here: reading the terms of an alert and checking that, step by step, they come to what
they state and to the number stored. Does not belong here: computing anything anew from the
departments' rows (the rules do), or how a card looks.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

FURTHER = {"plus", "minus", "times", "divided_by"}
STEPS = {"start", *FURTHER, "result", "compared_with"}


@dataclass(frozen=True)
class Term:
    """One term of the evidence; `step` is its place in the arithmetic, None for a mere fact."""

    source: str
    key: str | None
    field: str
    value: str | None
    as_of: str | None
    unit: str | None = None
    step: str | None = None

    @property
    def number(self) -> Decimal | None:
        """The value as an exact number; None where it is none."""
        try:
            number = Decimal(self.value or "")
        except InvalidOperation:
            return None
        return number if number.is_finite() else None


@dataclass(frozen=True)
class Comparison:
    """A result held against a line, in one unit; the distance is result less line."""

    result: Decimal
    line: Decimal
    unit: str | None
    field: str

    @property
    def distance(self) -> Decimal:
        """How far the result lies above the line; negative below it."""
        return self.result - self.line


@dataclass(frozen=True)
class Folded:
    """What the steps of an alert come to: stated results, comparisons, and what is wrong."""

    results: tuple[Term, ...]
    comparisons: tuple[Comparison, ...]
    faults: tuple[str, ...]


def read_terms(evidence: str) -> list[Term]:
    """The terms of an alert as published."""
    names = Term.__dataclass_fields__
    return [
        Term(**{name: term.get(name) for name in names}) for term in json.loads(evidence or "[]")
    ]


def fold(terms: Iterable[Term]) -> Folded:
    """Follow the steps from top to bottom, with fractions, and check every stated result.

    A result is right when the exact value, rounded half away from zero to the result's own
    decimals, is the result. What follows a result goes on from the exact value.
    """
    value: Fraction | None = None
    stated: Decimal | None = None
    results, comparisons, faults = [], [], []
    for line, term in enumerate((term for term in terms if term.step), start=1):
        number = term.number
        if term.step not in STEPS:
            faults.append(f"line {line}: the step {term.step} is not known")
        elif number is None:
            faults.append(f"line {line}: {term.field} is no number")
        elif term.step == "start":
            value, stated = Fraction(number), number
        elif value is None and term.step not in ("plus", "minus"):
            faults.append(f"line {line}: {term.field} has nothing to go on from")
        elif term.step == "divided_by" and not number:
            faults.append(f"line {line}: {term.field} is zero and cannot divide")
        elif term.step in FURTHER:
            value, stated = taken_further(value or Fraction(0), term.step, Fraction(number)), None
        elif term.step == "result":
            results.append(term)
            stated = number
            reached = rounded(value or Fraction(0), decimals_of(number))
            if reached != number:
                faults.append(
                    f"line {line}: {term.field} states {number}, the steps give {reached}"
                )
        else:
            reached = stated if stated is not None else rounded(value or Fraction(0), 2)
            comparisons.append(Comparison(reached, number, term.unit, term.field))
    return Folded(tuple(results), tuple(comparisons), tuple(faults))


def faults_of(
    terms: Sequence[Term], amount_cny: Decimal | None, ratio_to_standard: Decimal | None
) -> list[str]:
    """Where the terms do not add up, among themselves or to the stored numbers; empty if they do.

    Args:
        terms: the evidence.
        amount_cny: the alert's stored amount, if it has one.
        ratio_to_standard: the alert's stored ratio, if it has one.
    """
    folded = fold(terms)
    faults = list(folded.faults)
    stated = {result.number for result in folded.results}
    for name, number in (("amount_cny", amount_cny), ("ratio_to_standard", ratio_to_standard)):
        if number is not None and number not in stated:
            faults.append(f"no line comes to the stored {name}, {number}")
    return faults


def taken_further(value: Fraction, step: str, number: Fraction) -> Fraction:
    """The value after one step."""
    if step == "plus":
        return value + number
    if step == "minus":
        return value - number
    return value * number if step == "times" else value / number


def rounded(value: Fraction, decimals: int) -> Decimal:
    """Rounded half away from zero, exactly; of any length, unlike arithmetic on decimals."""
    scaled = abs(value) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    digits = tuple(int(digit) for digit in str(whole))
    return Decimal((int(value < 0 and whole > 0), digits, -decimals))


def decimals_of(number: Decimal) -> int:
    """How many decimals a number is written with."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
