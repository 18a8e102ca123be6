"""Which division codes are known, and which prefixes of numbers are no longer issued.

Both give soft flags only: a code is kept as it was sent. Codes come from the reference seed or
the city's folder, retired prefixes from the city's folder.
"""

from dataclasses import dataclass

import polars as pl

from pipelines.contracts.city import City
from pipelines.settings import DBT_PROJECT, REFERENCE

TOWNSHIPS = DBT_PROJECT / REFERENCE / "townships.csv"

PROVINCES = tuple(
    str(code)
    for block in (range(11, 16), range(21, 24), range(31, 38), range(41, 47), range(50, 55),
                  range(61, 66), (71, 81, 82, 83, 91))
    for code in block
)  # fmt: skip
"""First two digits of every division ever issued (GB/T 2260)."""


@dataclass(frozen=True)
class Divisions:
    """The divisions of one city."""

    townships: frozenset[str]
    counties: frozenset[str]
    retired: tuple[str, ...]

    def flag_of_area(self, code: pl.Expr, must_be_here: bool) -> pl.Expr:
        """`unknown_division` for a code the reference does not hold, else null.

        A code outside the city is remarkable only where the column must lie within it.
        """
        county, township = code.str.head(6), code.str.head(9)
        stops_at_county = (code.str.len_chars() == 6) | (township.str.slice(6) == "000")
        cities = sorted({known[:4] for known in self.counties})
        is_city = county.is_in([f"{known}00" for known in cities])
        is_known = (
            pl.when(stops_at_county)
            .then(county.is_in(sorted(self.counties)) | is_city)
            .otherwise(township.is_in(sorted(self.townships)))
        )
        is_asked = pl.lit(True) if must_be_here else code.str.head(4).is_in(cities)
        return pl.when(is_asked & ~is_known).then(pl.lit("unknown_division"))

    def flag_of_number(self, number: pl.Expr) -> pl.Expr:
        """`retired_division` or `unknown_division` for the first digits of a number."""
        retired = pl.any_horizontal(
            pl.lit(False), *(number.str.starts_with(prefix) for prefix in self.retired)
        )
        return (
            pl.when(retired)
            .then(pl.lit("retired_division"))
            .when(~number.str.head(2).is_in(PROVINCES))
            .then(pl.lit("unknown_division"))
        )


def load_divisions(city: City) -> Divisions:
    """The reference divisions with the city's retired prefixes.

    A city whose folder has townships of its own is read from there.
    """
    own = city.folder / "reference" / "townships.csv" if city.folder else None
    townships = pl.read_csv(own if own and own.is_file() else TOWNSHIPS, infer_schema=False)
    return Divisions(
        frozenset(townships["township_code"]),
        frozenset(townships["county_code"]),
        city.retired_divisions,
    )
