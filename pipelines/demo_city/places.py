"""Where people live: the city's 136 townships, invented villages, and who lives in which.

Belongs here: codes and names of places. Does not belong here: people.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.settings import DBT_PROJECT, REFERENCE

VILLAGES_PER_TOWNSHIP = 30
STREET_OFFICE = "街道"
_VILLAGE_NAMES = (
    np.array(list("前后东西南北大小上下新老")),
    np.array(list("王李张刘陈杨赵于孟崔许郭")),
)
_VILLAGE_ENDS = np.array(["庄", "屯", "营", "铺", "楼", "堂", "集", "寨"])


@dataclass(frozen=True)
class Places:
    """Townships with their relative weight; a place is its 12-digit code as a number."""

    townships: pl.DataFrame
    codes: np.ndarray
    weights: np.ndarray
    is_urban: np.ndarray

    def draw(self, rng: np.random.Generator, count: int, urban: np.ndarray | bool) -> np.ndarray:
        """Twelve-digit codes of homes; urban ones lie in street offices, rural ones elsewhere."""
        urban = np.broadcast_to(urban, count)
        result = np.empty(count, dtype=np.int64)
        for kind in (False, True):
            chosen = self.is_urban == kind
            weights = self.weights[chosen] / self.weights[chosen].sum()
            wanted = np.flatnonzero(urban == kind)
            township = rng.choice(self.codes[chosen], size=len(wanted), p=weights)
            village = rng.integers(0, VILLAGES_PER_TOWNSHIP, len(wanted)) + (1 if kind else 200)
            result[wanted] = township * 1000 + village
        return result


def load_places() -> Places:
    """The reference townships, each with a weight that is the same in every city."""
    path = DBT_PROJECT / REFERENCE / "townships.csv"
    townships = pl.read_csv(path, schema_overrides={"township_code": pl.String})
    codes = townships["township_code"].cast(pl.Int64).to_numpy()
    weights = 0.5 + np.random.default_rng(3715).gamma(4.0, 0.25, len(codes))
    is_urban = townships["township_name"].str.ends_with(STREET_OFFICE).to_numpy()
    return Places(townships, codes, weights, is_urban)


def county_of(area: np.ndarray) -> np.ndarray:
    """The county's six digits of a twelve-digit place."""
    return area // 1_000_000


def addresses(places: Places, area: np.ndarray, house: np.ndarray) -> pl.Series:
    """Invented postal addresses; the house number follows from the household's own number."""
    names = places.townships.select(
        pl.col("township_code").cast(pl.Int64).alias("code"),
        (pl.col("county_name") + pl.col("township_name")).alias("place"),
    )
    first, second = _VILLAGE_NAMES
    village = area % 1000 + (area // 1000) * 7
    frame = pl.DataFrame({
        "code": area // 1000,
        "first": first[village % len(first)], "second": second[village // 5 % len(second)],
        "end": _VILLAGE_ENDS[village // 3 % len(_VILLAGE_ENDS)], "house": house % 480 + 1,
    })  # fmt: skip
    return frame.join(names, on="code", how="left", maintain_order="left").select(
        pl.format("聊城市{}{}{}{}村{}号", "place", "first", "second", "end", "house").alias(
            "address"
        )
    )["address"]
