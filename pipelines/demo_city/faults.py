"""Damage on the way: what `--messy` does to rows, and the list of everything it did.

Belongs here: faults of form, each with the reason the pipeline must give. Does not belong here:
cases for the rules (`planted`). A damaged row carries one fault only.
"""

import re
import zlib
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.contracts.sources import Column, Contract
from pipelines.demo_city.people import with_check_character
from pipelines.demo_city.writers import PAGE_ROWS, WORKBOOK_ROWS
from pipelines.settings import Home

FAULT_SCHEMA = pl.Schema({
    "delivery": pl.String(), "received_on": pl.Date(), "table": pl.String(), "file": pl.String(),
    "line": pl.Int64(), "field": pl.String(), "reason": pl.String(), "severity": pl.String(),
})  # fmt: skip

_FIRST_CHINESE, _UNDECODABLE = re.compile(rb"[\x81-\xfe][\x40-\xfe]"), b"\xff\xff"
"""A character's two bytes in GB18030, and two bytes that are none."""

_FEWEST_ROWS = 30
"""Smaller tables stay whole: a snapshot must not lose all it has."""

Spoil = Callable[[pl.Series, date], pl.Series]


def _constant(text: str) -> Spoil:
    return lambda values, _: pl.Series([text] * len(values))


def _missing(values: pl.Series, _: date) -> pl.Series:
    return pl.Series([None] * len(values), dtype=pl.String)


def _wrong_check(values: pl.Series, _: date) -> pl.Series:
    last = values.str.slice(17, 1)
    other = last.replace_strict({"X": "0", "9": "X", **{str(n): str(n + 1) for n in range(9)}})
    return values.str.slice(0, 17) + other + values.str.slice(18)


def _wrong_birth_date(values: pl.Series, _: date) -> pl.Series:
    digits = values.str.slice(0, 10) + "1332" + values.str.slice(14, 3)
    return with_check_character(digits.cast(pl.Int64).to_numpy()) + values.str.slice(18)


def _other_level(values: pl.Series, _: date) -> pl.Series:
    level = values.str.slice(19, 1).replace_strict({"1": "4", "2": "3", "3": "2", "4": "1"})
    return values.str.slice(0, 19) + level + values.str.slice(20)


def _cut_short(values: pl.Series, _: date) -> pl.Series:
    return values.str.slice(0, 19)


def _far_ahead(values: pl.Series, received_on: date) -> pl.Series:
    ahead = received_on + timedelta(days=400)
    has_dashes = (values.str.contains("-")).fill_null(True)
    plain, dashed = pl.lit(f"{ahead:%Y%m%d}"), pl.lit(ahead.isoformat())
    if len(values) and values.str.contains(":").any():
        dashed = pl.lit(f"{ahead.isoformat()} 09:00:00")
    return pl.select(pl.when(has_dashes).then(dashed).otherwise(plain)).to_series()


SPOILS: dict[str, dict[str, Spoil]] = {
    "id": {
        "bad_id_checksum": _wrong_check, "bad_id_birth_date": _wrong_birth_date,
        "id_lost_digits": _constant("3.71599E+17"), "id_placeholder": _constant("0" * 18)},
    "certificate": {
        "bad_cert_no": _cut_short, "cert_id_mismatch": _other_level,
        "bad_id_checksum": _wrong_check},
    "date": {"bad_date": _constant("2024-02-31")},
    "datetime": {"bad_date": _constant("2024-02-31 10:00:00")},
    "month": {"bad_month": _constant("202413")},
    "money": {"bad_money": _constant("约五百元"), "negative_amount": _constant("-50.00")},
    "decimal": {"bad_money": _constant("若干亩")},
    "area": {"bad_area": _constant("3715")},
    "flag": {"bad_flag": _constant("也许")},
    "int": {"bad_int": _constant("两个")},
    "code": {"unknown_code": _constant("ZZ")},
}  # fmt: skip
"""By kind of column: reasons, and how a value comes to deserve them."""


class Vandal:
    """Damages a share of every table's rows and keeps the list; without a share, does nothing."""

    def __init__(self, seed: int, share: float) -> None:
        self.seed, self.share = seed, share
        self._found: list[pl.DataFrame] = []

    def damage(
        self, frame: pl.DataFrame, contract: Contract, day: np.datetime64, file: str | None = None
    ) -> pl.DataFrame:
        """The table as it arrives: some rows spoiled in one field, some keys said twice."""
        if self.share == 0 or frame.height < _FEWEST_ROWS:
            return frame
        rng = self._chance(contract, day, file or "")
        choices = _choices(contract)
        count = max(round(frame.height * self.share), 1)
        rows = np.sort(rng.permutation(frame.height)[:count])
        kinds = rng.integers(0, len(choices), count)
        received_on = day.astype(object)
        for number, (field, reason, spoil) in enumerate(choices):
            chosen = rows[kinds == number]
            if not len(chosen):
                continue
            values = frame[field]
            if values.dtype.is_float():  # as it is written where nothing is spoiled
                values = values.round(2)
            values = values.cast(pl.String)
            chosen = chosen[values.gather(chosen).is_not_null().to_numpy()]
            if not len(chosen):
                continue
            spoiled = spoil(values.gather(chosen), received_on)
            frame = frame.with_columns(values.scatter(chosen, spoiled).alias(field))
            self._note(contract, received_on, file, chosen, field, reason)
        return self._say_twice(frame, contract, rng, received_on, file, rows)

    def tear(self, path: Path, contract: Contract, day: np.datetime64) -> None:
        """Faults of a text file's bytes: a row with too many fields, a name no code page knows."""
        if self.share == 0:
            return
        lines = path.read_bytes().splitlines(keepends=True)
        if len(lines) < 4 * _FEWEST_ROWS:
            return
        rng = self._chance(contract, day, f"{path.name}:bytes")
        count = max(round(len(lines) * self.share * 0.05), 1)
        spoiled = {
            int(line) - 1
            for found in self._found
            for line in found.filter(pl.col("file") == path.name)["line"].to_list()
        }
        free = [n for n in rng.permutation(np.arange(1, len(lines))).tolist() if n not in spoiled]
        ragged = np.array(free[:count])
        for line in ragged:
            lines[line] = lines[line].rstrip(b"\n") + b",,1\n"
        garbled = np.array(free[count : 2 * count])
        for line in garbled:
            lines[line] = _FIRST_CHINESE.sub(_UNDECODABLE, lines[line], count=1)
        path.write_bytes(b"".join(lines))
        self._note(contract, day.astype(object), path.name, garbled - 1, "name", "undecodable_text")
        self._note(contract, day.astype(object), path.name, ragged - 1, "", "ragged_row")

    def report(self, home: Home, department: str, day: np.datetime64) -> None:
        """Put down what was done to a delivery, before the delivery appears."""
        if self.share == 0:
            return
        folder = home.truth / "faults"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = pl.concat([pl.DataFrame(schema=FAULT_SCHEMA), *self._found])
        self._found.clear()
        found.write_parquet(folder / f"{day}_{department}.parquet")

    def _say_twice(
        self, frame: pl.DataFrame, contract: Contract, rng: np.random.Generator, received_on: date,
        file: str | None, spoiled: np.ndarray,
    ) -> pl.DataFrame:  # fmt: skip
        """The same key again with other content: every row of the key is in doubt."""
        field = _changeable(contract)
        if field is None:
            return frame
        free = np.setdiff1d(np.arange(frame.height), spoiled)
        chosen = np.sort(rng.permutation(free)[: max(round(frame.height * self.share * 0.02), 1)])
        values = frame[field].cast(pl.String)
        again = pl.Series(["甲某"] * len(chosen))
        frame = frame.with_columns(values)
        copies = frame[chosen].with_columns(again.alias(field))
        first = np.arange(frame.height, frame.height + len(chosen))
        for lines in (chosen, first):
            self._note(contract, received_on, file, lines, "", "duplicate_key")
        return pl.concat([frame, copies])

    def _note(
        self, contract: Contract, received_on: date, file: str | None, rows: np.ndarray,
        field: str, reason: str,
    ) -> None:  # fmt: skip
        column = contract.columns.get(field)
        is_row = column is None or column.required or field in contract.key
        files, lines = _places(contract, file, rows)
        self._found.append(
            pl.DataFrame({
                "delivery": [contract.department] * len(rows), "received_on": received_on,
                "table": contract.table, "file": files, "line": lines, "field": field,
                "reason": reason, "severity": "row" if is_row else "value",
            }, schema=FAULT_SCHEMA)
        )  # fmt: skip

    def _chance(self, contract: Contract, day: np.datetime64, what: str) -> np.random.Generator:
        name = f"{contract.department}/{contract.table}/{what}"
        return np.random.default_rng([self.seed, zlib.crc32(name.encode()), int(day.astype(int))])


def _choices(contract: Contract) -> list[tuple[str, str, Spoil]]:
    """Every fault the table's columns allow: field, reason, and how to make it."""
    found: list[tuple[str, str, Spoil]] = []
    for field, column in contract.columns.items():
        for reason, spoil in SPOILS.get(column.kind, {}).items():
            if not (reason == "negative_amount" and column.negative):
                found.append((field, reason, spoil))
        if column.event:
            found.append((field, "future_date", _far_ahead))
        if column.required:
            found.append((field, "missing_required", _missing))
    return found


def _changeable(contract: Contract) -> str | None:
    """A text beside the key whose change leaves the row well formed."""

    def is_free(name: str, column: Column) -> bool:
        return name not in contract.key and column.kind in ("name", "text")

    return next((name for name, column in contract.columns.items() if is_free(name, column)), None)


def _places(contract: Contract, file: str | None, rows: np.ndarray) -> tuple[list[str], np.ndarray]:
    """File and line of rows, by the form the department sends; headers count as a line."""
    if contract.department == "civil_affairs":
        return ["civil_affairs.sqlite"] * len(rows), rows + 1
    if contract.department == "agriculture":
        pages = rows // PAGE_ROWS + 1
        return [f"{contract.table}_page_{page:04d}.ndjson" for page in pages], rows % PAGE_ROWS + 1
    if contract.department == "disabled_federation":
        return [f"{contract.table}.xlsx"] * len(rows), rows % WORKBOOK_ROWS + 2
    return [file or f"{contract.table}.csv"] * len(rows), rows + 2
