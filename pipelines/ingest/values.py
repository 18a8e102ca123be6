"""Reads single values of every declared kind but identities: text in, value or reason out.

Each `parse_…` takes the distinct texts of a column and gives a frame of `value` and `reason`,
one row per text; an empty text is no value and no reason. Does not belong here: citizen numbers
and certificates (`identity`), what a fault means for its row (`conform`).
"""

from collections.abc import Callable, Mapping
from datetime import date

import polars as pl

from pipelines.contracts.sources import LAKE_TYPES

INVISIBLE = r"[\s\p{Z}\p{Cf}\p{Cc}]"
"""Blanks of every width, joiners, marks of direction, control characters."""

EXCEL_EPOCH = date(1899, 12, 30)

EXACT = pl.Decimal(38, 12)
"""The wide decimal in which amounts are multiplied before they are found exact."""

LONGEST_NOISE = 17
"""Decimals with which a binary number may be written, such as 6.800000000000001."""

LOST_DIGITS = r"^\d(?:\.\d+)?[Ee]\+\d{2,}$|^(?:9\d{15}|\d{17,})\.0$"
"""What a spreadsheet leaves of a number of more than 15 digits, and floating point of more than 16:
5.0012E+16, 371599195001010000.0."""

WHOLE = r"^(\d{1,15}|[1-8]\d{15})\.0$"
"""A whole number that floating point holds with all its digits."""

SAMPLE = 20_000
"""Rows whose repetition tells whether a column is worth reading by distinct text."""

Parser = Callable[[pl.Series], pl.DataFrame]


def ordinary_width(texts: pl.Series) -> pl.Series:
    """Full-width digits, letters and signs as ordinary ones; plain ASCII is left untouched."""
    is_ascii = (texts.str.len_bytes() == texts.str.len_chars()).all()
    return texts if is_ascii else texts.str.normalize("NFKC")


def trimmed(texts: pl.Series) -> pl.Series:
    """Texts without blanks and invisible characters at their ends; nothing left is null."""
    return _without(texts, rf"^{INVISIBLE}+|{INVISIBLE}+$")


def compact(texts: pl.Series) -> pl.Series:
    """Texts without any blank or invisible character; nothing left is null."""
    return _without(texts, INVISIBLE)


def _without(texts: pl.Series, unwanted: str) -> pl.Series:
    """Most columns hold nothing unwanted, and to ask costs a third of replacing."""
    if texts.str.contains(unwanted).any():
        texts = texts.str.replace_all(unwanted, "")
    is_empty = texts.str.len_bytes() == 0
    return texts.set(is_empty, None) if is_empty.any() else texts


def by_distinct(texts: pl.Series, parse: Parser) -> pl.DataFrame:
    """Parse each distinct text once and give every row its result, in the order of `texts`."""
    sample = texts.head(SAMPLE)
    if sample.n_unique() > len(sample) // 2:
        return parse(texts)
    # Numbers instead of texts: half of what looking each text up in a table of them costs.
    numbered = texts.cast(pl.Categorical(pl.Categories.random()))
    distinct = numbered.drop_nulls().unique()
    results = parse(distinct.cast(pl.String).gather(distinct.to_physical().arg_sort()))
    at = numbered.to_physical()
    return pl.DataFrame([
        (pl.repeat(None, len(at), dtype=result.dtype, eager=True)
         if result.null_count() == len(result) else result.gather(at)).alias(name)
        for name, result in (("value", results["value"]), ("reason", results["reason"]))
    ])  # fmt: skip


def _judged(texts: pl.Series, value: pl.Expr, reason: str) -> pl.DataFrame:
    """Value and reason of cleaned texts: one that yields no value has the reason."""
    return (
        texts.alias("_text")
        .to_frame()
        .lazy()
        .select("_text", value.alias("value"))
        .select(
            "value",
            pl.when(pl.col("_text").is_not_null() & pl.col("value").is_null())
            .then(pl.lit(reason))
            .alias("reason"),
        )
        .collect()
    )


def _iso_date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Date of three texts; null where the calendar has no such day or the year is not plausible."""
    iso = pl.concat_str(
        [year, month.str.zfill(2), day.str.zfill(2)], separator="-", ignore_nulls=False
    )
    parsed = iso.str.to_date("%Y-%m-%d", strict=False)
    return pl.when(parsed >= date(1900, 1, 1)).then(parsed)


def _date_of(text: pl.Expr) -> pl.Expr:
    """Date of a compact text in any declared form, else null."""
    written = text.str.extract_groups(
        r"^(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})"
        r"|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))$"
    ).struct
    month = pl.coalesce(*(written[str(group)] for group in (2, 4, 6, 8, 10)))
    day = pl.coalesce(*(written[str(group)] for group in (3, 5, 7, 9, 11)))
    serial = text.str.extract(r"^(\d{5})(?:\.0+)?$").cast(pl.Int32)
    counted = pl.lit(EXCEL_EPOCH) + pl.duration(days=serial)
    return pl.coalesce(_iso_date(written["1"], month, day), counted.cast(pl.Date))


def parse_dates(texts: pl.Series) -> pl.DataFrame:
    """Dates in every declared form; a clock time is let through only when it is midnight."""
    text = trimmed(ordinary_width(texts))
    day = text.str.replace(r"[T\s]+0?0:00(?::00(?:\.0+)?)?$", "").str.replace_all(INVISIBLE, "")
    return _judged(day, _date_of(pl.col("_text")), "bad_date")


def parse_datetimes(texts: pl.Series) -> pl.DataFrame:
    """A date in any form, a blank or T, then HH:MM or HH:MM:SS."""
    parts = (
        pl.col("_text")
        .str.extract_groups(r"^(.*?)(?:T|\s)\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?$")
        .struct
    )
    hour, minute = parts["2"].cast(pl.Int64), parts["3"].cast(pl.Int64)
    second = parts["4"].fill_null("0").cast(pl.Int64)
    moment = _date_of(parts["1"].str.replace_all(INVISIBLE, "")).cast(pl.Datetime("us")) + (
        pl.duration(hours=hour, minutes=minute, seconds=second)
    )
    value = pl.when((hour < 24) & (minute < 60) & (second < 60)).then(moment)
    text = trimmed(ordinary_width(texts))
    return _judged(text, value.cast(pl.Datetime("us")), "bad_date")


def parse_months(texts: pl.Series) -> pl.DataFrame:
    """Months as 202405, 2024-05 or 2024年5月; the value is the first day."""
    written = (
        pl.col("_text")
        .str.extract_groups(r"^(\d{4})(?:-(\d{1,2})|年(\d{1,2})月|(\d{2}))(?:\.0+)?$")
        .struct
    )
    month = pl.coalesce(written["2"], written["3"], written["4"])
    value = _iso_date(written["1"], month, pl.lit("01"))
    return _judged(compact(ordinary_width(texts)), value, "bad_month")


def _number(text: pl.Expr, decimals: int, factor: int, is_measure: bool) -> pl.Expr:
    """Decimal of a text times a factor; of more decimals a measure is rounded, money is null."""
    plain = rf"^[+-]?(?:\d{{1,14}}|\d{{1,3}}(?:,\d{{3}}){{1,4}})(?:\.\d{{1,{LONGEST_NOISE}}}0*)?$"
    digits = pl.when(text.str.contains(plain)).then(
        text.str.replace_all(",", "", literal=True)
        .str.strip_prefix("+")
        .str.replace(r"(\.\d*?)0+$", "${1}")
        .str.strip_suffix(".")
    )
    places = digits.str.extract(r"\.(\d+)$").str.len_chars().fill_null(0)
    exact = digits.cast(EXACT, strict=False) * factor
    rounded = exact.cast(pl.Decimal(38, decimals), strict=False)
    if is_measure:
        return rounded
    is_exact = (places <= decimals) if factor == 1 else (rounded.cast(EXACT) == exact)
    return pl.when(is_exact & (places <= EXACT.scale)).then(rounded)


def parse_money(texts: pl.Series, factor: int = 1, negative: bool = False) -> pl.DataFrame:
    """Yuan with at most two decimals; `factor` 10 000 where the header says 万元."""
    return _amounts(texts, LAKE_TYPES["money"], 2, factor, negative, is_measure=False)


def parse_decimals(texts: pl.Series, factor: int = 1, negative: bool = False) -> pl.DataFrame:
    """Measured quantities, rounded to four decimals."""
    return _amounts(texts, LAKE_TYPES["decimal"], 4, factor, negative, is_measure=True)


def _amounts(
    texts: pl.Series,
    lake_type: pl.DataType,
    decimals: int,
    factor: int,
    negative: bool,
    is_measure: bool,
) -> pl.DataFrame:
    text = compact(ordinary_width(texts)).str.replace_all("−", "-", literal=True)
    value = _number(pl.col("_text"), decimals, factor, is_measure).cast(lake_type, strict=False)
    amounts = _judged(text, value, "bad_money")
    if negative:
        return amounts
    below_zero = pl.col("value") < 0
    return amounts.select(
        value=pl.when(~below_zero).then("value"),
        reason=pl.when(below_zero).then(pl.lit("negative_amount")).otherwise("reason"),
    )


def parse_ints(texts: pl.Series) -> pl.DataFrame:
    """Counts and years: whole numbers from zero."""
    digits = pl.col("_text").str.extract(r"^\+?(\d{1,10})(?:\.0+)?$")
    value = digits.cast(pl.Int32, strict=False)
    return _judged(compact(ordinary_width(texts)), value, "bad_int")


def parse_flags(texts: pl.Series) -> pl.DataFrame:
    """是/否, 1/0, Y/N, true/false."""
    text = compact(ordinary_width(texts)).str.to_lowercase().str.replace(r"^([01])\.0+$", "${1}")
    value = (
        pl.when(pl.col("_text").is_in(["是", "1", "y", "true"]))
        .then(pl.lit(True))
        .when(pl.col("_text").is_in(["否", "0", "n", "false"]))
        .then(pl.lit(False))
    )
    return _judged(text, value, "bad_flag")


def parse_codes(texts: pl.Series, codes: Mapping[str, str]) -> pl.DataFrame:
    """The code of a label or a number; a leading zero that a spreadsheet lost is put back.

    A code of several labels has them with a stroke between them.
    """
    labels = pl.DataFrame({"name": list(codes.values()), "code": list(codes)})
    names = (
        labels.with_columns(pl.col("name").str.split(" / "))
        .explode("name")
        .select(pl.col("name").str.normalize("NFKC").str.replace_all(INVISIBLE, ""), "code")
    )
    width = max(len(code) for code in codes)
    numbers = pl.col("_text").str.replace(r"^(\d+)\.0+$", "${1}")
    value = (
        pl.when(numbers.is_in(list(codes)))
        .then(numbers)
        .when(numbers.str.zfill(width).is_in(list(codes)))
        .then(numbers.str.zfill(width))
        .otherwise(numbers.replace_strict(names["name"], names["code"], default=None))
    )
    return _judged(compact(ordinary_width(texts)), value, "unknown_code")


def parse_areas(texts: pl.Series) -> pl.DataFrame:
    """Divisions of six, nine or twelve digits; the form only."""
    value = pl.col("_text").str.extract(r"^([1-9]\d{5}(?:\d{3}){0,2})$")
    return _judged(compact(ordinary_width(texts)), value, "bad_area")


def parse_texts(texts: pl.Series) -> pl.DataFrame:
    """Text of ordinary width, trimmed; never at fault."""
    return _never_at_fault(trimmed(ordinary_width(texts)))


def parse_restricted(texts: pl.Series) -> pl.DataFrame:
    """Text for the vault: as it came, trimmed."""
    return _never_at_fault(trimmed(texts))


def parse_numbers_of_office(texts: pl.Series) -> pl.DataFrame:
    """Household and account numbers: ordinary width, no blanks anywhere."""
    return _unless_digits_are_lost(_without_fraction(compact(ordinary_width(texts))))


def parse_record_numbers(texts: pl.Series) -> pl.DataFrame:
    """Numbers by which a department knows its records: as `parse_texts`."""
    return _unless_digits_are_lost(_without_fraction(trimmed(ordinary_width(texts))))


def _without_fraction(numbers: pl.Series) -> pl.Series:
    """Numbers as they are; those that were kept as floating point as whole numbers."""
    if not numbers.str.ends_with(".0").any():
        return numbers
    return numbers.str.replace(WHOLE, "${1}")


def _unless_digits_are_lost(numbers: pl.Series) -> pl.DataFrame:
    """Numbers as they are; one in scientific notation stands for many, and is nobody's."""
    is_lost = numbers.str.contains(LOST_DIGITS)
    if not is_lost.any():
        return _never_at_fault(numbers)
    return (
        numbers.alias("_text")
        .to_frame()
        .select(
            value=pl.when(~pl.lit(is_lost)).then("_text"),
            reason=pl.when(pl.lit(is_lost)).then(pl.lit("id_lost_digits")),
        )
    )


def parse_names(texts: pl.Series) -> pl.DataFrame:
    """Names of people without blanks, with one kind of middle dot."""
    return _never_at_fault(compact(ordinary_width(texts)).str.replace_all("[•・‧∙⋅.]", "·"))


def _never_at_fault(values: pl.Series) -> pl.DataFrame:
    """Whatever is there is the value."""
    reasons = pl.repeat(None, len(values), dtype=pl.String(), eager=True).alias("reason")
    return pl.DataFrame([values.alias("value"), reasons])
