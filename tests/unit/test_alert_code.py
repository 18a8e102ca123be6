"""The code of an alert as people type it: one wrong character is always found."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts.alert_code import ALPHABET, check_character, is_well_formed, normalised

PAYLOADS = st.text(ALPHABET, min_size=10, max_size=10)


def coded(payload):
    return f"A{payload}{check_character(payload)}"


@given(PAYLOADS)
def test_a_code_with_its_check_character_is_well_formed(payload):
    assert is_well_formed(coded(payload))


@given(PAYLOADS, st.integers(1, 11), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_found(payload, place, other):
    code = coded(payload)
    mistyped = code[:place] + other + code[place + 1 :]
    assert is_well_formed(mistyped) == (mistyped == code)


@given(PAYLOADS)
def test_small_letters_blanks_and_hyphens_are_read_as_meant(payload):
    code = coded(payload)
    assert normalised(f" {code[:4].lower()}-{code[4:]} ") == code


def test_letters_that_codes_do_not_use_are_read_as_the_digits_they_look_like():
    assert normalised("AOIL") == "A011"


def test_a_text_of_another_length_or_beginning_is_no_code():
    assert not is_well_formed("") and not is_well_formed("B" + coded("0" * 10)[1:])
