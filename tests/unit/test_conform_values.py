"""Dates, months, amounts, flags and codes: every declared form is read, the rest is refused."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest import values

days = st.dates(date(1930, 1, 1), date(2100, 12, 31))
cents = st.integers(0, 10**13 - 1).map(lambda amount: Decimal(amount) / 100)


def one(result: pl.DataFrame) -> tuple[object, str | None]:
    return result.row(0)


def texts(text: str) -> pl.Series:
    return pl.Series([text])


def written(day: date, form: str) -> str:
    return {
        "iso": day.isoformat(),
        "compact": day.strftime("%Y%m%d"),
        "slash": f"{day.year}/{day.month}/{day.day}",
        "dot": f"{day.year}.{day.month}.{day.day}",
        "chinese": f"{day.year}年{day.month}月{day.day}日",
        "serial": str((day - date(1899, 12, 30)).days),
    }[form]


@given(days, st.sampled_from(["iso", "compact", "slash", "dot", "chinese", "serial"]))
def test_a_date_comes_back_from_every_form(day: date, form: str) -> None:
    assert one(values.parse_dates(texts(written(day, form)))) == (day, None)


@pytest.mark.parametrize(
    "text", ["2024-02-30", "2024-13-01", "2024-5/31", "20240532", "31.5.2024", "明天", "0001-01-01"]
)
def test_what_is_no_date_is_named(text: str) -> None:
    assert one(values.parse_dates(texts(text))) == (None, "bad_date")


@given(days, st.sampled_from(["iso", "slash", "chinese"]), st.times(), st.sampled_from(" T"))
def test_a_moment_comes_back(day: date, form: str, time: object, between: str) -> None:
    moment = datetime.combine(day, time).replace(microsecond=0)  # type: ignore[arg-type]
    text = f"{written(day, form)}{between}{moment:%H:%M:%S}"
    assert one(values.parse_datetimes(texts(text))) == (moment, None)


@pytest.mark.parametrize("text", ["2024-05-31", "2024-05-31 24:00", "2024-05-31 10:60", "10:20"])
def test_what_is_no_moment_is_named(text: str) -> None:
    assert one(values.parse_datetimes(texts(text))) == (None, "bad_date")


@given(days, st.sampled_from(["compact", "dash", "chinese"]))
def test_a_month_comes_back_as_its_first_day(day: date, form: str) -> None:
    text = {"compact": f"{day:%Y%m}", "dash": f"{day:%Y-%m}",
            "chinese": f"{day.year}年{day.month}月"}[form]  # fmt: skip
    assert one(values.parse_months(texts(text))) == (day.replace(day=1), None)


@pytest.mark.parametrize("text", ["202413", "2024-00", "24-05", "2024-05-02", "五月"])
def test_what_is_no_month_is_named(text: str) -> None:
    assert one(values.parse_months(texts(text))) == (None, "bad_month")


@given(cents, st.sampled_from(["{:.2f}", "{:,.2f}", "{}", "{:.4f}"]))
def test_an_amount_comes_back_to_the_fen(amount: Decimal, form: str) -> None:
    text = form.format(amount)
    if "E" not in text:
        assert one(values.parse_money(texts(text))) == (amount, None)


@given(cents)
def test_full_width_digits_are_digits(amount: Decimal) -> None:
    text = "".join(chr(ord(sign) + 0xFEE0) for sign in f"{amount:.2f}")
    assert one(values.parse_money(texts(text))) == (amount, None)


@pytest.mark.parametrize(
    "text", ["12.345", "1e5", "12,34", "1.2.3", "5元", "12.", "约100", "9" * 13]
)
def test_what_is_no_amount_is_named(text: str) -> None:
    assert one(values.parse_money(texts(text))) == (None, "bad_money")


@given(cents.filter(lambda amount: amount > 0))
def test_a_negative_amount_is_refused_where_none_is_allowed(amount: Decimal) -> None:
    assert one(values.parse_money(texts(f"-{amount:.2f}"))) == (None, "negative_amount")


@given(cents)
def test_a_negative_amount_is_read_where_it_is_allowed(amount: Decimal) -> None:
    assert one(values.parse_money(texts(f"-{amount:.2f}"), negative=True)) == (-amount, None)


@given(st.integers(0, 10**11))
def test_ten_thousands_of_yuan_are_exact(fen: int) -> None:
    text = f"{Decimal(fen) / 1_000_000:f}"
    assert one(values.parse_money(texts(text), factor=10_000)) == (Decimal(fen) / 100, None)


def test_ten_thousands_of_yuan_below_a_fen_are_refused() -> None:
    assert one(values.parse_money(texts("0.0000001"), factor=10_000)) == (None, "bad_money")


@pytest.mark.parametrize(
    ("text", "value"),
    [("是", True), ("否", False), ("1", True), ("0", False), ("Y", True), ("n", False),
     ("true", True), ("FALSE", False), ("１", True)],
)  # fmt: skip
def test_a_flag_is_read_in_every_spelling(text: str, value: bool) -> None:
    assert one(values.parse_flags(texts(text))) == (value, None)


def test_another_word_is_no_flag() -> None:
    assert one(values.parse_flags(texts("有"))) == (None, "bad_flag")


@pytest.mark.parametrize("text", ["02", "2", "户主", " 户 主 ", "２", "2.0"])
def test_a_code_is_read_by_number_and_label(text: str) -> None:
    codes = {"01": "本人", "02": "户主"}
    assert one(values.parse_codes(texts(text), codes)) == ("02", None)


@pytest.mark.parametrize("label", ["祖父母或外祖父母", "祖父母"])
def test_a_code_may_have_several_labels(label: str) -> None:
    codes = {"60": "祖父母或外祖父母 / 祖父母", "61": "祖父"}
    assert one(values.parse_codes(texts(label), codes)) == ("60", None)


def test_a_code_outside_the_list_is_named() -> None:
    assert one(values.parse_codes(texts("9"), {"1": "是"})) == (None, "unknown_code")


@pytest.mark.parametrize(
    ("text", "result"),
    [("371502", ("371502", None)), ("371502001", ("371502001", None)),
     ("371502001001", ("371502001001", None)), ("3715020", (None, "bad_area")),
     ("3.7E+11", (None, "bad_area"))],
)  # fmt: skip
def test_a_division_has_six_nine_or_twelve_digits(text: str, result: tuple[object, object]) -> None:
    assert one(values.parse_areas(texts(text))) == result


@pytest.mark.parametrize("text", ["-1", "1.5", "一", "99999999999"])
def test_what_is_no_count_is_named(text: str) -> None:
    assert one(values.parse_ints(texts(text))) == (None, "bad_int")


def test_a_repeated_text_is_read_as_a_single_one_is() -> None:
    column = pl.Series(["2024-05-01", None, "x", *["2024-05-02"] * 50])
    assert values.by_distinct(column, values.parse_dates).equals(values.parse_dates(column))


def test_the_serial_of_a_spreadsheet_counts_from_1899() -> None:
    assert one(values.parse_dates(texts("45443"))) == (date(2024, 5, 30) + timedelta(1), None)


def test_a_measure_with_binary_noise_is_rounded() -> None:
    assert one(values.parse_decimals(texts("6.800000000000001"))) == (Decimal("6.8"), None)


def test_a_measure_that_is_no_number_is_refused() -> None:
    assert one(values.parse_decimals(texts("6.8.1"))) == (None, "bad_money")


@pytest.mark.parametrize("text", ["6.800000000000001", "6.80000000000000001"])
def test_money_with_binary_noise_is_refused(text: str) -> None:
    assert one(values.parse_money(texts(text))) == (None, "bad_money")


def test_zeros_behind_the_decimals_are_no_decimals() -> None:
    assert one(values.parse_money(texts(f"5000.5{'0' * 17}"))) == (Decimal("5000.50"), None)


@pytest.mark.parametrize("parse", [values.parse_numbers_of_office, values.parse_record_numbers])
@pytest.mark.parametrize(
    "text", ["5.0012E+16", "9E+18", "9.99999e+18", "9007199254740993.0", "12345678901234567.0"]
)
def test_a_number_that_a_spreadsheet_shortened_is_nobodys(parse, text: str) -> None:
    assert one(parse(texts(text))) == (None, "id_lost_digits")


@pytest.mark.parametrize("parse", [values.parse_numbers_of_office, values.parse_record_numbers])
@pytest.mark.parametrize("number", ["0", "371502000012", "8999999999999999"])
def test_a_number_kept_as_floating_point_is_the_whole_number(parse, number: str) -> None:
    assert one(parse(texts(f"{number}.0"))) == (number, None)


@pytest.mark.parametrize("parse", [values.parse_numbers_of_office, values.parse_record_numbers])
@pytest.mark.parametrize("text", ["37E12", "E+16", "5.0012", "6228001234567890123", "A-5.0E+16"])
def test_a_number_with_letters_stays_as_it_is(parse, text: str) -> None:
    assert one(parse(texts(text))) == (text, None)
