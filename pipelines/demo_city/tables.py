"""A growing table of typed columns: how the city keeps its state in memory.

Belongs here: storage. Does not belong here: what any table means, or how it is delivered.
Absent values are `NaT` for dates and moments, `NO_NUMBER` for whole numbers and cents,
`None` for text.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

NO_NUMBER = np.iinfo(np.int64).min
"""A whole number or an amount in cents that nobody wrote down."""

DATE, MOMENT, NUMBER, TEXT = "datetime64[D]", "datetime64[ms]", "int64", "object"

ABSENT: dict[str, Any] = {
    DATE: np.datetime64("NaT", "D"), MOMENT: np.datetime64("NaT", "ms"),
    NUMBER: NO_NUMBER, TEXT: None,
}  # fmt: skip


class Table:
    """Equally long, mutable columns; a row is known by its position and never moves."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.kinds = dict(columns)
        self._columns = {name: np.empty(0, dtype=kind) for name, kind in columns.items()}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, name: str) -> np.ndarray:
        return self._columns[name][: self._length]

    def append(self, count: int, **values: Any) -> np.ndarray:
        """Add rows; columns not named are absent. Returns the positions of the new rows."""
        unknown = set(values) - set(self.kinds)
        if unknown:
            raise KeyError(f"unknown columns {sorted(unknown)}")
        start, end = self._length, self._length + count
        for name, kind in self.kinds.items():
            column = self._columns[name]
            if len(column) < end:
                grown = np.full(max(end, len(column) * 3 // 2), ABSENT[kind], dtype=kind)
                grown[:start] = column[:start]
                self._columns[name] = column = grown
            column[start:end] = values.get(name, ABSENT[kind])
        self._length = end
        return np.arange(start, end)
