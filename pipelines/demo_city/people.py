"""Everybody in the city: numbers, names, birth dates, homes, deaths.

Belongs here: what is true of one person wherever he appears. Does not belong here: registers.
Numbers carry the division 371599, which was never assigned, so none can belong to anybody.
"""

import numpy as np
import polars as pl

from pipelines.demo_city.names import draw_names, draw_surnames
from pipelines.demo_city.tables import DATE, NUMBER, Table

DIVISION = 371599
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECK_CHARACTERS = np.frombuffer(b"10X98765432", dtype=np.uint8)
_EARLIEST = np.datetime64("1890-01-01", "D")
_NUMBERS_PER_DAY = 500
_STEP = 211
"""Coprime to 500: neighbours in the registry do not get neighbouring sequence numbers."""


class People:
    """The registry of the city's people; a person is known by his position in it."""

    def __init__(self) -> None:
        self.table = Table(
            {"born_on": DATE, "is_male": NUMBER, "surname": NUMBER, "area": NUMBER,
             "died_on": DATE, "is_planted": NUMBER}
        )  # fmt: skip
        self._issued = np.zeros((60_000, 2), dtype=np.int32)
        self._numbers: list[pl.Series] = []
        self._names: list[pl.Series] = []

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.table[name]

    def add(
        self, rng: np.random.Generator, born_on: np.ndarray, is_male: np.ndarray,
        area: np.ndarray, surname: np.ndarray | None = None, is_planted: bool = False,
    ) -> np.ndarray:  # fmt: skip
        """Register people; returns their positions. A full birth date moves to one nearby."""
        count = len(born_on)
        born_on = np.asarray(born_on, dtype=DATE).copy()
        is_male = np.asarray(is_male).astype(bool)
        sequence = self._sequences(rng, born_on, is_male)
        if surname is None:
            surname = draw_surnames(rng, count)
        self._numbers.append(_citizen_numbers(born_on, sequence))
        birth_year = born_on.astype("datetime64[Y]").astype(np.int64) + 1970
        self._names.append(draw_names(rng, surname, is_male, birth_year))
        return self.table.append(
            count, born_on=born_on, is_male=is_male, surname=surname, area=area,
            is_planted=int(is_planted),
        )  # fmt: skip

    @property
    def numbers(self) -> pl.Series:
        """Citizen numbers by position."""
        return self._joined(self._numbers)

    @property
    def names(self) -> pl.Series:
        """Names by position."""
        return self._joined(self._names)

    def age(self, persons: np.ndarray, on_date: np.datetime64) -> np.ndarray:
        """Full years on a date."""
        return years_between(self["born_on"][persons], on_date)

    def is_alive(self, persons: np.ndarray, on_date: np.datetime64) -> np.ndarray:
        """Whether no death lies before the date."""
        died_on = self["died_on"][persons]
        return np.isnat(died_on) | (died_on >= on_date)

    @staticmethod
    def _joined(parts: list[pl.Series]) -> pl.Series:
        if not parts:
            return pl.Series([], dtype=pl.String)
        if len(parts) > 1:
            parts[:] = [pl.concat(parts, rechunk=True)]
        return parts[0]

    def _sequences(
        self, rng: np.random.Generator, born_on: np.ndarray, is_male: np.ndarray
    ) -> np.ndarray:
        """Three-digit sequence numbers, unique per birth date, odd for men; may move dates."""
        rank = np.empty(len(born_on), dtype=np.int64)
        open_rows = np.arange(len(born_on))
        while len(open_rows):
            slot = (born_on[open_rows] - _EARLIEST).astype(np.int64) * 2 + is_male[open_rows]
            order = np.argsort(slot, kind="stable")
            ordered = slot[order]
            starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
            lengths = np.diff(np.r_[starts, len(ordered)])
            within = np.arange(len(ordered)) - np.repeat(starts, lengths)
            issued = self._issued.reshape(-1)
            ranks = issued[ordered] + within
            fits = ranks < _NUMBERS_PER_DAY
            rank[open_rows[order]] = ranks
            np.add.at(issued, ordered[fits], 1)
            open_rows = np.sort(open_rows[order[~fits]])
            born_on[open_rows] += rng.integers(-45, 46, len(open_rows)).astype("timedelta64[D]")
        return (rank * _STEP) % _NUMBERS_PER_DAY * 2 + is_male


def years_between(start: np.ndarray, end: np.ndarray | np.datetime64) -> np.ndarray:
    """Full years from one date to another."""
    months = end.astype("datetime64[M]").astype(np.int64) - start.astype("datetime64[M]").astype(
        np.int64
    )
    day_start = (start - start.astype("datetime64[M]")).astype(np.int64)
    day_end = (end - end.astype("datetime64[M]")).astype(np.int64)
    return (months - (day_end < day_start)) // 12


def _citizen_numbers(born_on: np.ndarray, sequence: np.ndarray) -> pl.Series:
    """Eighteen characters: division, birth date, sequence, check character."""
    month = born_on.astype("datetime64[M]")
    year = month.astype("datetime64[Y]").astype(np.int64) + 1970
    day = (born_on - month).astype(np.int64) + 1
    born = year * 10_000 + (month.astype(np.int64) % 12 + 1) * 100 + day
    value = (DIVISION * 100_000_000 + born) * 1000 + sequence
    return with_check_character(value)


def with_check_character(value: np.ndarray) -> pl.Series:
    """Seventeen digits, given as whole numbers, with the check character of GB 11643 behind."""
    digits = value[:, None] // 10 ** np.arange(16, -1, -1, dtype=np.int64) % 10
    check = _CHECK_CHARACTERS[digits @ _WEIGHTS % 11]
    characters = np.hstack([(digits + ord("0")).astype(np.uint8), check[:, None]])
    return pl.Series(np.ascontiguousarray(characters).view("S18").ravel().astype("U18"))
