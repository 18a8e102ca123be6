"""How identities are shown on lists: enough to find the person, too little to use elsewhere.

Only polars expressions. What was unsealed stays unsealed as shortly as possible: callers mask
before they write.
"""

import polars as pl


def mask_name(name: pl.Expr) -> pl.Expr:
    """Star the middle characters of a name: 李*英; of two characters the last: 李*."""
    length = name.str.len_chars()
    first, last = name.str.slice(0, 1), name.str.slice(-1, 1)
    stars = pl.lit("*").repeat_by(length.cast(pl.Int64) - 2).list.join("")
    return (
        pl.when(name.is_null())
        .then(None)
        .when(length <= 1)
        .then(pl.lit("*"))
        .when(length == 2)
        .then(first + "*")
        .otherwise(first + stars + last)
    )


def mask_number(number: pl.Expr) -> pl.Expr:
    """Keep the first six and the last four characters: 371599****1234; shorter ones vanish."""
    return (
        pl.when(number.is_null())
        .then(None)
        .when(number.str.len_chars() < 15)
        .then(pl.lit("****"))
        .otherwise(number.str.slice(0, 6) + "****" + number.str.slice(-4, 4))
    )


def masked(
    frame: pl.DataFrame, names: tuple[str, ...] = ("name",), numbers: tuple[str, ...] = ("id_no",)
) -> pl.DataFrame:
    """The frame with the given name and number columns masked in place."""
    return frame.with_columns(
        *[mask_name(pl.col(column)).alias(column) for column in names],
        *[mask_number(pl.col(column)).alias(column) for column in numbers],
    )
