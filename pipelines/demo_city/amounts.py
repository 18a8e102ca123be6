"""What the city pays per person and month, from `amounts.csv` beside this file.

Belongs here: reading amounts by date. Does not belong here: who is entitled. These are the
demo city's own truth; the pipeline judges by its own policy rows and never reads this file.
"""

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl


@cache
def _rows() -> pl.DataFrame:
    path = Path(__file__).with_name("amounts.csv")
    return pl.read_csv(path, try_parse_dates=True).sort("valid_from")


@cache
def amount(program: str, detail: str, month: np.datetime64) -> int:
    """The amount in force on the month's first day, in cents."""
    first = month.astype("datetime64[D]").astype(object)
    rows = _rows().filter(
        pl.col("program") == program, pl.col("detail") == detail, pl.col("valid_from") <= first
    )
    return int(rows["cny"][-1]) * 100


def standard(program: str, is_urban: np.ndarray, month: np.datetime64) -> np.ndarray:
    """The standard of the residence, in cents, one per flag."""
    urban, rural = (amount(program, residence, month) for residence in ("urban", "rural"))
    return np.where(is_urban.astype(bool), urban, rural)


def rates(program: str, prefix: str, values: np.ndarray, month: np.datetime64) -> np.ndarray:
    """Cents for each small whole number: `prefix_value` names the detail; unknown ones get 0."""
    known = _rows().filter(pl.col("program") == program)["detail"].unique().to_list()
    result = np.zeros(len(values), dtype=np.int64)
    for detail in known:
        number = int(detail.removeprefix(f"{prefix}_"))
        result[values == number] = amount(program, detail, month)
    return result
