"""Citizen numbers (GB 11643) and disability certificate numbers: read, checked, made one form.

Text in, an 18-character number or a reason out. Belongs here: what a number says by itself.
Does not belong here: pseudonyms (`identities`), who somebody is (the warehouse).
"""

from datetime import date

import polars as pl

from pipelines.ingest.values import compact, ordinary_width

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = list("10X98765432")
LONGEST_LIFE_YEARS = 150

LOST_DIGITS = r"^\d+(?:\.\d+)?E\+?\d+$|^\d{17,22}\.0+$"
"""Scientific notation, or a long number that was kept as a floating-point one."""

PLACEHOLDER = (
    r"^(?:" + "|".join(f"{sign}+" for sign in [*"0123456789X", r"\*", "-", "/", r"\?"]) + ")$"
    r"|^(?:无|没有|暂无|未知|不详|待补|空|NULL|NONE|NA|N/A|NAN)$|^1234567890?\d*$"
)
"""What offices write when they have no number."""

EMBEDDED_NUMBER = r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]?"
"""A run that reads like a citizen number of 17 or 18 characters inside another text."""


def check_character(body: pl.Expr) -> pl.Expr:
    """The check character of a number's first seventeen digits."""
    total = pl.sum_horizontal(
        body.str.slice(place, 1).cast(pl.Int32, strict=False) * weight
        for place, weight in enumerate(WEIGHTS)
    )
    characters = pl.lit(pl.Series(CHECK_CHARACTERS))
    return characters.gather((total % 11).cast(pl.UInt32))


def birth_date(number: pl.Expr) -> pl.Expr:
    """Birth date in characters 7 to 14; null where the calendar has no such day."""
    return number.str.slice(6, 8).str.to_date("%Y%m%d", strict=False)


def sex(number: pl.Expr) -> pl.Expr:
    """`M` for an odd sequence, `F` for an even one."""
    is_odd = number.str.slice(16, 1).cast(pl.Int32, strict=False) % 2 == 1
    return pl.when(is_odd).then(pl.lit("M")).when(~is_odd).then(pl.lit("F"))


def parse_citizen_numbers(texts: pl.Series, received_on: date) -> pl.DataFrame:
    """Numbers of 15, 18, 20 or 22 characters as `value` of 18 characters, or a `reason`.

    A number of 20 or 22 characters is a disability certificate's: its first 18 are the person.
    Whatever has the form of no number at all has the reason `bad_id_checksum`.
    """
    return (
        _plain(texts)
        .with_columns(
            body=pl.coalesce(
                pl.col("text").str.extract(r"^(\d{17})[\dX](?:[1-7][1-4](?:B\d)?)?$"),
                pl.concat_str(
                    pl.col("text").str.extract(r"^(\d{6})\d{9}$"),
                    pl.lit("19"),
                    pl.col("text").str.extract(r"^\d{6}(\d{9})$"),
                ),
            )
        )
        .with_columns(
            born=birth_date(pl.col("body")),
            check=check_character(pl.col("body")),
            given=pl.when(pl.col("text").str.len_chars() >= 18).then(
                pl.col("text").str.slice(17, 1)
            ),
        )
        .with_columns(reason=_fault_of_number(received_on))
        .select(
            value=pl.when(pl.col("reason").is_null()).then(
                pl.concat_str("body", "check", ignore_nulls=False)
            ),
            reason="reason",
        )
    )


def _plain(texts: pl.Series) -> pl.DataFrame:
    """Numbers as `text` in ordinary width and capitals, without blanks."""
    return compact(ordinary_width(texts)).str.to_uppercase().alias("text").to_frame()


def _fault_of_number(received_on: date) -> pl.Expr:
    is_possible_birth = pl.col("born").is_between(
        date(received_on.year - LONGEST_LIFE_YEARS, 1, 1), received_on
    )
    return (
        pl.when(pl.col("text").is_null())
        .then(None)
        .when(pl.col("text").str.contains(PLACEHOLDER))
        .then(pl.lit("id_placeholder"))
        .when(pl.col("text").str.contains(LOST_DIGITS))
        .then(pl.lit("id_lost_digits"))
        .when(pl.col("body").is_null())
        .then(pl.lit("bad_id_checksum"))
        .when(~is_possible_birth.fill_null(False))
        .then(pl.lit("bad_id_birth_date"))
        .when(pl.col("given") != pl.col("check"))
        .then(pl.lit("bad_id_checksum"))
    )


def with_right_check_character(texts: pl.Series) -> pl.Series:
    """Numbers, also those of certificates, as they would read with the right check character."""
    number = pl.col("text")
    body = number.str.extract(r"^(\d{17})[\dX]")
    return (
        _plain(texts)
        .select(
            pl.concat_str(body, check_character(body), number.str.slice(18), ignore_nulls=False)
        )
        .to_series()
        .alias(texts.name)
    )


def parse_certificates(texts: pl.Series, received_on: date) -> pl.DataFrame:
    """Certificate numbers of 20 or 22 characters as `value`, or a `reason`.

    The form of the certificate comes first (`bad_cert_no`), then the number of its bearer.
    Whether category and level agree with the row is asked where the row is known.
    """
    forms = _plain(texts).with_columns(
        person=pl.col("text").str.extract(r"^(\d{17}[\dX])[1-7][1-4](?:B\d)?$"),
        is_placeholder=pl.col("text").str.contains(PLACEHOLDER),
        is_lossy=pl.col("text").str.contains(LOST_DIGITS),
    )
    bearers = parse_citizen_numbers(forms["person"], received_on)
    return (
        forms.with_columns(bearers["reason"].alias("fault"))
        .with_columns(
            reason=pl.when("is_placeholder")
            .then(pl.lit("id_placeholder"))
            .when("is_lossy")
            .then(pl.lit("id_lost_digits"))
            .when(pl.col("text").is_not_null() & pl.col("person").is_null())
            .then(pl.lit("bad_cert_no"))
            .otherwise("fault")
        )
        .select(value=pl.when(pl.col("reason").is_null()).then("text"), reason="reason")
    )
