"""The arithmetic of an alert: what its steps come to, exactly, and when it is refused."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.reporting.arithmetic import Term, faults_of, fold, rounded

AMOUNTS = st.decimals(-99999, 99999, places=2)
DIVISORS = st.decimals(1, 999, places=4)
FURTHER = st.one_of(
    st.tuples(st.sampled_from(["plus", "minus", "times"]), AMOUNTS),
    st.tuples(st.just("divided_by"), DIVISORS),
)


def term(step, value, field="amount_cny", unit="yuan"):
    return Term("finance.payments", "P1", field, str(value), "2024-05-01", unit, step)


def exactly(start, steps):
    value = Fraction(start)
    for step, number in steps:
        other = Fraction(number)
        value = {
            "plus": value + other, "minus": value - other, "times": value * other,
            "divided_by": value / other if other else None,
        }[step]  # fmt: skip
    return value


@given(AMOUNTS, st.lists(FURTHER, max_size=6), st.integers(0, 4))
def test_steps_add_up_to_their_exactly_rounded_result(start, steps, decimals):
    result = rounded(exactly(start, steps), decimals)
    terms = [term("start", start), *(term(*step) for step in steps), term("result", result)]
    assert faults_of(terms, result, None) == []


@given(AMOUNTS, st.lists(FURTHER, max_size=6), st.sampled_from([1, -1]))
def test_a_result_one_fen_off_is_refused(start, steps, fen):
    result = rounded(exactly(start, steps), 2) + fen * Decimal("0.01")
    terms = [term("start", start), *(term(*step) for step in steps), term("result", result)]
    assert len(faults_of(terms, result, None)) == 1


@given(st.lists(AMOUNTS, min_size=1, max_size=8), st.randoms())
def test_the_order_of_what_is_added_changes_no_sum(amounts, chance):
    shuffled = chance.sample(amounts, len(amounts))
    terms = [term("plus", amount) for amount in shuffled]
    assert fold([*terms, term("result", sum(amounts))]).faults == ()


@given(st.lists(AMOUNTS, min_size=1, max_size=8), AMOUNTS, st.integers(0, 7))
def test_a_payment_split_in_two_changes_no_sum(amounts, part, place):
    place %= len(amounts)
    split = [*amounts[:place], part, amounts[place] - part, *amounts[place + 1 :]]
    terms = [term("plus", amount) for amount in split]
    assert fold([*terms, term("result", sum(amounts))]).faults == ()


@given(st.fractions(), st.integers(0, 6))
def test_rounding_is_half_away_from_zero_and_never_further_than_half_a_unit(value, decimals):
    number = Fraction(rounded(value, decimals))
    unit = Fraction(1, 10**decimals)
    assert abs(number - value) <= unit / 2
    assert rounded(-value, decimals) == rounded(value, decimals).copy_negate()
    if abs(number - value) == unit / 2:
        assert abs(number) > abs(value)


def test_what_follows_a_result_goes_on_from_the_exact_value():
    terms = [
        term("start", "10.00"), term("divided_by", 3), term("result", "3.33"), term("times", 3),
        term("result", "10.00"),
    ]  # fmt: skip
    assert fold(terms).faults == ()


def test_every_start_begins_anew():
    terms = [term("start", 5), term("times", 9), term("start", 2), term("plus", 1)]
    assert fold([*terms, term("result", 3)]).faults == ()


def test_the_distance_is_the_result_less_the_line():
    folded = fold([term("start", "24000"), term("result", "24000.00"), term("compared_with", 9000)])
    assert [compared.distance for compared in folded.comparisons] == [15000]


def test_facts_take_no_part_in_the_arithmetic():
    assert (
        faults_of([term(None, "no number at all"), term("plus", 1), term("result", 1)], 1, None)
        == []
    )


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ([term("plus", 1), term("result", 2)], "the steps give 1"),
        ([term("start", 1), term("divided_by", 0)], "zero"),
        ([term("times", 2)], "nothing to go on from"),
        ([term("start", None)], "no number"),
        ([term("start", "NaN")], "no number"),
        ([term("start", 1), term("guessed", 1)], "not known"),
    ],
)
def test_steps_that_cannot_be_followed_are_told(terms, told):
    assert told in " ".join(fold(terms).faults)


@pytest.mark.parametrize(("amount", "ratio"), [(Decimal("2.00"), None), (None, Decimal("0.5000"))])
def test_a_stored_number_that_no_line_comes_to_is_told(amount, ratio):
    terms = [term("start", 1), term("result", 1)]
    assert "no line comes to the stored" in " ".join(faults_of(terms, amount, ratio))
