"""Citizen and certificate numbers: what is read, what is refused, and with which reason."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.identity import birth_date, parse_certificates, parse_citizen_numbers, sex
from tests.unit.deliveries import number

TODAY = date(2024, 4, 30)
births = st.dates(date(1900, 1, 1), TODAY).map(lambda day: day.strftime("%Y%m%d"))
numbers = st.builds(number, st.integers(0, 999), births)


def parsed(text: str | None) -> tuple[str | None, str | None]:
    return parse_citizen_numbers(pl.Series([text], dtype=pl.String), TODAY).row(0)


def parsed_certificate(text: str) -> tuple[str | None, str | None]:
    return parse_certificates(pl.Series([text]), TODAY).row(0)


@given(numbers)
def test_a_right_number_is_read_as_it_is(text: str) -> None:
    assert parsed(text) == (text, None)


@given(numbers, st.sampled_from(["lower", "wide", "blanks", "invisible"]))
def test_width_blanks_and_case_do_not_matter(text: str, way: str) -> None:
    written = {
        "lower": text.lower(),
        "wide": "".join(chr(ord(sign) + 0xFEE0) for sign in text),
        "blanks": f" {text[:6]} {text[6:]}　",
        "invisible": f"\ufeff{text[:10]}\u200b{text[10:]}",
    }[way]
    assert parsed(written) == (text, None)


@given(st.integers(0, 999), st.dates(date(1900, 1, 1), date(1999, 12, 31)))
def test_a_number_of_15_digits_and_its_long_form_are_one_person(sequence: int, born: date) -> None:
    text = number(sequence, born.strftime("%Y%m%d"))
    assert parsed(text[:6] + text[8:17]) == (text, None)


@given(numbers, st.integers(1, 7), st.integers(1, 4), st.sampled_from(["", "B1", "B2"]))
def test_a_certificate_number_stands_for_its_bearer(
    text: str, category: int, level: int, reissue: str
) -> None:
    assert parsed(f"{text}{category}{level}{reissue}") == (text, None)


@given(numbers, st.integers(1, 10))
def test_a_wrong_check_character_is_named(text: str, steps: int) -> None:
    characters = "0123456789X"
    wrong = text[:17] + characters[(characters.index(text[17]) + steps) % 11]
    assert parsed(wrong) == (None, "bad_id_checksum")


@given(st.integers(0, 999), st.integers(1, 20_000))
def test_a_birth_after_the_received_date_is_named(sequence: int, days: int) -> None:
    born = (TODAY + timedelta(days=days)).strftime("%Y%m%d")
    assert parsed(number(sequence, born)) == (None, "bad_id_birth_date")


@pytest.mark.parametrize("born", ["19990231", "19991301", "19990100", "00010101", "19000229"])
def test_a_birth_date_the_calendar_does_not_have_is_named(born: str) -> None:
    assert parsed(number(1, born)) == (None, "bad_id_birth_date")


def test_a_birth_on_the_received_date_is_possible() -> None:
    text = number(1, TODAY.strftime("%Y%m%d"))
    assert parsed(text) == (text, None)


@pytest.mark.parametrize("text", ["3.71502E+17", "3.71599195001011e+17", "371599195001011000.0"])
def test_a_number_that_lost_digits_has_its_own_reason(text: str) -> None:
    assert parsed(text) == (None, "id_lost_digits")


@pytest.mark.parametrize("text", ["0", "0" * 18, "1" * 18, "111", "无", "123456789012345678", "-"])
def test_placeholders_are_no_identity(text: str) -> None:
    assert parsed(text) == (None, "id_placeholder")


@pytest.mark.parametrize("text", ["", "  ", "\u3000", None])
def test_nothing_is_neither_a_number_nor_a_fault(text: str | None) -> None:
    assert parsed(text) == (None, None)


@given(st.text(max_size=30))
def test_any_text_gives_a_number_or_a_reason_or_nothing(text: str) -> None:
    value, reason = parsed(text)
    assert value is None or (len(value) == 18 and reason is None)


@pytest.mark.parametrize(("sequence", "expected"), [(1, "M"), (2, "F"), (0, "F"), (999, "M")])
def test_an_odd_sequence_is_a_man(sequence: int, expected: str) -> None:
    assert pl.DataFrame({"n": [number(sequence)]}).select(sex(pl.col("n"))).item() == expected


@given(st.dates(date(1900, 1, 1), TODAY))
def test_the_birth_date_comes_back(born: date) -> None:
    frame = pl.DataFrame({"n": [number(1, born.strftime("%Y%m%d"))]})
    assert frame.select(birth_date(pl.col("n"))).item() == born


@given(numbers, st.integers(1, 7), st.integers(1, 4), st.sampled_from(["", "B1", "B3"]))
def test_a_right_certificate_is_read_as_it_is(
    text: str, category: int, level: int, reissue: str
) -> None:
    certificate = f"{text}{category}{level}{reissue}"
    assert parsed_certificate(certificate) == (certificate, None)


@pytest.mark.parametrize("tail", ["", "4", "84", "05", "45", "43B", "43C1", "430"])
def test_a_certificate_of_wrong_form_is_named(tail: str) -> None:
    assert parsed_certificate(number(1) + tail) == (None, "bad_cert_no")


def test_a_certificate_of_a_wrong_number_has_the_reason_of_the_number() -> None:
    wrong = number(1)[:17] + ("0" if number(1)[17] != "0" else "1")
    assert parsed_certificate(wrong + "43") == (None, "bad_id_checksum")
