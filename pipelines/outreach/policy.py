"""The policy rows a list stands on: how many lines a day, what is near due, what the rows say.

Reads the rows of the dbt project that judged the day, so that a replay writes with the rows of
then. Does not belong here: numbers that a rule computes with (the warehouse reads those).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from pipelines.contracts.policy_areas import EVERYWHERE, areas_of
from pipelines.settings import WenduError


@dataclass(frozen=True)
class Policy:
    """The policy rows of one day: `folder` is `seeds/policy` of a dbt project."""

    folder: Path
    on_date: date

    def table(self, name: str) -> pl.DataFrame:
        """All rows of a policy file, as text; read once."""
        if name not in self._tables:
            self._tables[name] = pl.read_csv(self.folder / f"{name}.csv", infer_schema=False)
        return self._tables[name]

    @cached_property
    def _tables(self) -> dict[str, pl.DataFrame]:
        return {}

    @cached_property
    def in_force(self) -> pl.DataFrame:
        """Parameters in force on the day: `name`, `area_code`, `value`, `effective_from`."""
        rows = self.table("parameters").filter(pl.col("effective_from") <= self.on_date.isoformat())
        return (
            rows.sort("effective_from")
            .unique(["name", "area_code"], keep="last", maintain_order=True)
            .select("name", "area_code", "value", "effective_from")
        )

    @cached_property
    def _values(self) -> Mapping[tuple[str, str], str]:
        return {(name, area): value for name, area, value, _ in self.in_force.iter_rows()}

    def number(self, name: str, office: str) -> int | None:
        """A whole number in force at an office; the row of the most specific area holds.

        For an office whose place is not known, any area's row. None where no row is in force.

        Raises:
            WenduError: the value is no whole number.
        """
        areas = areas_of(office)
        if areas == [EVERYWHERE]:
            areas += sorted(area for known, area in self._values if known == name)
        value = next((self._values[name, a] for a in areas if (name, a) in self._values), None)
        try:
            return None if value is None else int(value)
        except ValueError as fault:
            raise WenduError(
                f"The value of {name} for {office} on {self.on_date} is no whole number; add a "
                f"row that mends it to {self.folder / 'parameters.csv'}."
            ) from fault
