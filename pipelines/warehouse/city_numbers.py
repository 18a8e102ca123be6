"""A new city's folder, and every number that is still missing in it.

The shipped city is the pattern of what is asked: each amount and each number. Numbers that the
product assumes anywhere are offered as such; what a city decides for itself is left empty, and
empty means missing. An amount of 0 says that the city has no such benefit. Does not belong here:
how departments deliver (`contracts.city` checks that), putting the project together.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from pipelines.contracts.city import City, city_folders
from pipelines.settings import DBT_PROJECT, Home, UsageError
from pipelines.warehouse.city_project import (
    POLICY_BY_AREA,
    REFERENCE_OF_CITY,
    areas_above,
    has_rows_of_its_own,
    rows_of,
    write_rows,
)
from pipelines.warehouse.policy_form import misfits

SEEDS = DBT_PROJECT / "seeds"
NAME_OF_PATTERN = "聊城"
STANDARD = ("programme", "residence", "class")
FROM_WHEN = ("area_code", "effective_from")
Name = tuple[str, ...]
"""What names an amount: the values of these."""

LEVELS_OF_AREAS = ("province", "city", "county")
UNITS, PERIODS = ("yuan", "10k_yuan"), ("month", "year")
LEAP = 10
"""How many times another an amount of one name cannot be: a year taken for a month makes it twelve
times as much, ten thousand yuan for one yet more. Default of 2026-11-28."""

FROM_START = "2023-01-01"
READ_BY_AREA = (
    "marginal_line_multiple", "audit_households_per_county", "list_daily_quota_households",
    "list_near_due_working_days",
)  # fmt: skip
"""Numbers that a county or a township may have of its own; all others hold for a city."""
DAYS_OF_MONTH = tuple(str(day) for day in range(1, 32))
COUNTABLE = {"r29a_persons": (2, 3)}
"""Numbers of which a rule knows only these values."""

CITY_FILE = """\
# {name}: how its four departments deliver. Amounts, limits and areas stand beside this file, in
# policy/ and reference/; `wendu check` names what is missing there.
code: "{code}"
name: {{en: {quoted}, zh: {quoted}}}
departments:
  # form: files (CSV, XLSX, XLS, NDJSON, Parquet in landing/<department>/<date>/), database or api.
  # A database needs url: a SQLAlchemy URL, e.g. postgresql://reader:{{password}}@host/base, with
  # password_file or password_variable; an interface url: https://host/path/{{table}}.
  # tables: {{payments: V_PAY}} where a table has another name there;
  # columns: {{payments: {{amount: 发放额}}}} where a header is spelt otherwise.
  civil_affairs: {{form: files}}
  finance: {{form: files}}
  agriculture: {{form: files}}
  disabled_federation: {{form: files}}
# Prefixes of division codes under which numbers were issued and no longer are; they stay valid.
retired_divisions: []
"""


def make_city(home: Home, code: str, name: str) -> Path:
    """Make a city's folder below the home, with everything that is to be filled in; the folder.

    Args:
        home: gets `cities/<code>/`.
        code: the city's division code, six digits.
        name: as it stands on lists and pages.

    Raises:
        UsageError: no such code, or there is such a city already.
    """
    if not re.fullmatch(r"[1-9]\d{3}00", code):
        raise UsageError(f"{code!r} is no code of a city: six digits that end in 00, as 370100.")
    if not name.isprintable() or not name.strip():
        raise UsageError("The name of a city is one line of text; write it as --name 济南市.")
    if code in city_folders(home):
        raise UsageError(f"{city_folders(home)[code]} is there already; edit it, or remove it.")
    folder = home.root / "cities" / code
    for place in ("policy", "reference"):
        (folder / place).mkdir(parents=True)
    for table, asked in (
        ("assistance_standards", _standards(code)), ("parameters", _parameters(code)),
    ):  # fmt: skip
        write_rows(folder / "policy" / f"{table}.csv", list(asked[0]), asked)
    divisions = rows_of(SEEDS / "reference" / "divisions.csv")
    own = [dict.fromkeys(divisions[0], "") | {
        "area_code": code, "name_zh": name, "name_en": name, "level": "city",
        "parent_code": f"{code[:2]}0000", "current_code": code,
    }]  # fmt: skip
    own.insert(0, next(
        (row for row in divisions if row["area_code"] == f"{code[:2]}0000"),
        dict.fromkeys(divisions[0], "") | {
            "area_code": f"{code[:2]}0000", "level": "province", "current_code": f"{code[:2]}0000",
        },
    ))  # fmt: skip
    write_rows(folder / "reference" / "divisions.csv", list(own[0]), own)
    for table in REFERENCE_OF_CITY[1:]:
        columns = list(rows_of(SEEDS / "reference" / f"{table}.csv")[0])
        write_rows(folder / "reference" / f"{table}.csv", columns, [])
    quoted = json.dumps(name, ensure_ascii=False)  # as YAML reads it, too
    text = CITY_FILE.format(code=code, name=name, quoted=quoted)
    (folder / "city.yml").write_text(text, encoding="utf-8")
    return folder


def missing_numbers(city: City) -> list[str]:
    """Everything a city's folder lacks or says wrongly, one sentence each.

    Of a shipped city, which lacks nothing, what its rows say wrongly. Of files with other columns,
    or values that cannot be read, that alone.
    """
    if unreadable := [*misfits(SEEDS), *_misfits_of_its_own(city)]:
        return unreadable
    if not has_rows_of_its_own(city):
        standards, parameters = _shipped_standards(), _shipped_units()
        return [
            *_wrong_standards(city.code, SEEDS, standards),
            *_wrong_parameters(city.code, SEEDS, parameters),
        ]
    assert city.folder is not None
    return [
        *_missing_standards(city.code, city.folder),
        *_missing_parameters(city.code, city.folder),
        *_missing_areas(city.code, city.folder / "reference"),
        *_wrong_totals(city.folder / "reference" / "published_totals.csv"),
    ]


def _misfits_of_its_own(city: City) -> Iterator[str]:
    if city.folder is None or not has_rows_of_its_own(city):
        return
    for place, tables in (("policy", POLICY_BY_AREA), ("reference", REFERENCE_OF_CITY)):
        for table in tables:
            if not (file := city.folder / place / f"{table}.csv").is_file():
                yield f"{file} is missing; it may be empty but for its header."
    yield from misfits(city.folder)


def _standards(code: str) -> list[dict[str, str]]:
    """Each amount that there is, once, without its number."""
    asked = {
        tuple(row[name] for name in STANDARD): row
        for row in rows_of(SEEDS / "policy" / "assistance_standards.csv")
    }
    return [
        row | {"area_code": code, "amount": "", "effective_from": "", "reference": "",
               "is_default": "false"}
        for row in asked.values()
    ]  # fmt: skip


def _parameters(code: str) -> list[dict[str, str]]:
    """Each number: what is assumed anywhere as it is, what a city decides without its value."""
    rows = []
    for row in _newest_parameters():
        is_local = NAME_OF_PATTERN in row["reference"]
        empty = {"value": "", "effective_from": "", "reference": ""} if is_local else {}
        rows.append(row | {"area_code": code} | empty)
    return rows


def _newest_parameters() -> list[dict[str, str]]:
    rows = rows_of(SEEDS / "policy" / "parameters.csv")
    in_order = sorted(rows, key=lambda row: row["effective_from"])
    newest = {row["name"]: row for row in in_order}
    return [newest[name] for name in dict.fromkeys(row["name"] for row in rows)]


def _missing_standards(code: str, folder: Path) -> Iterator[str]:
    file = folder / "policy" / "assistance_standards.csv"
    asked = {_name_of(row): _called(row) for row in _standards(code)}
    told = [(_name_of(row), row["area_code"]) for row in rows_of(file)]
    for name, called in asked.items():
        areas = {area for known, area in told if known == name}
        yield from _unheld(file, called, areas, code, folder)
    yield from _wrong_standards(code, folder, asked)


def _missing_parameters(code: str, folder: Path) -> Iterator[str]:
    file = folder / "policy" / "parameters.csv"
    asked = {row["name"]: row["unit"] for row in _newest_parameters()}
    told = [(row["name"], row["area_code"]) for row in rows_of(file)]
    for name in asked:
        areas = {area for known, area in told if known == name}
        yield from _unheld(file, name, areas, code, folder)
    yield from _wrong_parameters(code, folder, asked)


def _unheld(
    file: Path, called: str, areas: Collection[str], code: str, folder: Path
) -> Iterator[str]:
    """Where no row of a name holds: nowhere, or in counties that neither have one nor the city."""
    if not areas:
        yield f"{file}: there is no row for {called}."
    elif not {code, *areas_above(code)}.intersection(areas):
        divisions = rows_of(folder / "reference" / "divisions.csv")
        for county in (row["area_code"] for row in divisions if _is_county_in_use(row)):
            if county not in areas:
                yield f"{file}: no row for {called} holds in {county}; give it one, or the city."


def _wrong_standards(code: str, folder: Path, known: Collection[Name]) -> Iterator[str]:
    file = folder / "policy" / "assistance_standards.csv"
    rows, places = rows_of(file), _places(folder, code, "divisions")
    for line, row in enumerate(rows, start=2):
        where = f"{file}, line {line}, {_called(row)}"
        if _name_of(row) not in known:
            yield f"{where}: no rule reads an amount of this programme, residence and class."
        yield from _faults_of(where, row, "amount", code, places)
        if row["unit"] not in UNITS or row["period"] not in PERIODS:
            yield (
                f"{where}: the unit must be one of {', '.join(UNITS)} and the period one of "
                f"{', '.join(PERIODS)}."
            )
    yield from _told_twice(file, rows, (*STANDARD, *FROM_WHEN))
    yield from _leaps(file, rows)


def _leaps(file: Path, rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Amounts of one name so far apart that the unit or period of one must be wrong."""
    found: dict[Name, list[tuple[Decimal, int]]] = {}
    for line, row in enumerate(rows, start=2):
        if row["amount"] and Decimal(row["amount"]):
            found.setdefault(_name_of(row), []).append((_a_month(row), line))
    for name, amounts in found.items():
        (low, line_of_low), (high, line) = min(amounts), max(amounts)
        if high >= LEAP * low:
            yield (
                f"{file}, line {line}, {' '.join(filter(None, name))}: {high:.2f} yuan a month is "
                f"{high / low:.0f} times line {line_of_low}; look at unit and period of both."
            )


def _a_month(row: Mapping[str, str]) -> Decimal:
    """An amount in yuan a month, as loading converts it."""
    times = 10_000 if row["unit"] == "10k_yuan" else 1
    return Decimal(row["amount"]) * times / (12 if row["period"] == "year" else 1)


def _wrong_parameters(code: str, folder: Path, units: Mapping[str, str]) -> Iterator[str]:
    file = folder / "policy" / "parameters.csv"
    rows, places = rows_of(file), _places(folder, code, "divisions", "townships")
    for line, row in enumerate(rows, start=2):
        where = f"{file}, line {line}, {row['name']}"
        if row["name"] not in units:
            yield f"{where}: no rule reads this number."
            continue
        yield from _faults_of(f"{where} ({row['unit']})", row, "value", code, places)
        yield from unread_by_area(where, row)
        yield from _uncountable_value(where, row)
        if row["unit"] != units[row["name"]]:
            yield f"{where}: its unit must be {units[row['name']]}."
    yield from _told_twice(file, rows, ("name", *FROM_WHEN))


def _shipped_standards() -> set[Name]:
    """The amounts that there are: each has held from the start; a later first row is misspelt."""
    rows = rows_of(SEEDS / "policy" / "assistance_standards.csv")
    return {_name_of(row) for row in rows if row["effective_from"] == FROM_START}


def _shipped_units() -> dict[str, str]:
    """The unit of each number, as its first row says."""
    rows = rows_of(SEEDS / "policy" / "parameters.csv")
    return {row["name"]: row["unit"] for row in reversed(rows)}


def _places(folder: Path, code: str, *tables: str) -> set[str]:
    """The areas that rows can be for: those above a city, itself, and its parts that are in use."""
    codes = {*areas_above(code), code}
    for table in tables:
        for row in rows_of(folder / "reference" / f"{table}.csv"):
            if not row.get("valid_to"):
                codes.add(row.get("area_code") or row.get("township_code") or code)
    return codes


def _told_twice(
    file: Path, rows: Iterable[Mapping[str, str]], name: Sequence[str]
) -> Iterator[str]:
    """Two rows of one name: nobody can say which of them holds."""
    lines: dict[tuple[str, ...], int] = {}
    for line, row in enumerate(rows, start=2):
        key = tuple(row[column] for column in name)
        if key[-1] and lines.setdefault(key, line) != line:
            called = " ".join(part for part in key if part)
            yield f"{file}, line {line}, {called}: line {lines[key]} says this already; keep one."


def unread_by_area(where: str, row: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a row of parameters.csv for a part of a city, where nobody looks there."""
    area = row["area_code"]
    is_part_of_a_city = len(area) > len("371500") or not area.endswith("00")
    if is_part_of_a_city and row["name"] not in READ_BY_AREA:
        yield f"{where}: this number is read for the whole city, not for {area}; give it the city."


def _uncountable_value(where: str, row: Mapping[str, str]) -> Iterator[str]:
    if row["unit"] == "day_of_month" and row["value"] not in {"", *DAYS_OF_MONTH}:
        yield f"{where}: {row['value']} is no day of a month."
    known = COUNTABLE.get(row["name"])
    if known and row["value"] and float(row["value"]) not in known:
        told = " or ".join(str(value) for value in known)
        yield f"{where}: its rule counts with {told} only, not with {row['value']}."


def _faults_of(
    where: str, row: dict[str, str], number: str, code: str, places: Collection[str]
) -> Iterator[str]:
    lacks = [
        what
        for column, what in (
            (number, f"the {number}"),
            ("effective_from", f"since when it holds (effective_from, as {FROM_START})"),
            ("reference", "its source (reference)"),
        )
        if not row[column].strip()
    ]
    if lacks:
        yield f"{where}: missing: {', '.join(lacks)}."
    if row["area_code"] not in places:
        yield f"{where}: the area {row['area_code']} does not lie in {code}, or not any more."


def _missing_areas(code: str, folder: Path) -> Iterator[str]:
    divisions = rows_of(folder / "divisions.csv")
    townships = rows_of(folder / "townships.csv")
    counties = {row["area_code"] for row in divisions if _is_county_in_use(row)}
    if not counties:
        yield f"{folder / 'divisions.csv'}: the counties are missing."
    if not townships:
        yield f"{folder / 'townships.csv'}: the townships are missing."
    in_use = {row["area_code"] for row in divisions if not row["valid_to"]}
    for line, row in enumerate(divisions, start=2):
        where, area = f"{folder / 'divisions.csv'}, line {line}", row["area_code"]
        if not row["name_zh"]:
            yield f"{where}: {area} has no name."
        if row["level"] not in LEVELS_OF_AREAS:
            yield f"{where}: the level of {area} must be one of {', '.join(LEVELS_OF_AREAS)}."
        if row["current_code"] not in ({area} if area in in_use else in_use):
            yield f"{where}: the current_code of {area} must be {_current_code_of(row)}."
        if area in counties and area[:4] != code[:4]:
            yield f"{where}: {area} does not lie in {code}."
        elif area in counties and row["parent_code"] != code:
            yield f"{where}: the parent_code of {area} must be {code}, whose amounts hold there."
    for line, row in enumerate(townships, start=2):
        where = f"{folder / 'townships.csv'}, line {line}"
        if not re.fullmatch(r"\d{9}", row["township_code"], re.ASCII):
            yield f"{where}: {row['township_code']!r} is no code of a township: nine digits."
        elif row["county_code"] not in counties or row["township_code"][:6] != row["county_code"]:
            yield f"{where}: {row['township_code']} lies in no county of divisions.csv."
    yield from _told_twice(folder / "divisions.csv", divisions, ("area_code",))
    yield from _told_twice(folder / "townships.csv", townships, ("township_code",))


def _wrong_totals(file: Path) -> Iterator[str]:
    known = {
        row["measure"]: row["unit"] for row in rows_of(SEEDS / "reference" / "published_totals.csv")
    }
    for line, row in enumerate(rows_of(file), start=2):
        where = f"{file}, line {line}, {row['measure']}"
        if row["measure"] not in known:
            yield f"{where}: nothing computes this; choose one of {', '.join(known)}."
        elif row["unit"] != known[row["measure"]]:
            yield f"{where}: its unit must be {known[row['measure']]}."
        if lacks := [name for name in ("published", "tolerance", "as_of") if not row[name]]:
            yield f"{where}: missing: {', '.join(lacks)}."


def _is_county_in_use(row: Mapping[str, str]) -> bool:
    return row["level"] == "county" and not row["valid_to"]


def _current_code_of(row: Mapping[str, str]) -> str:
    if row["valid_to"]:
        return "that of the area in use that follows it"
    return f"{row['area_code']} itself, or its valid_to be filled in"


def _name_of(row: Mapping[str, str]) -> Name:
    return tuple(row[column] for column in STANDARD)


def _called(row: dict[str, str]) -> str:
    return " ".join(part for part in (row[name] for name in STANDARD) if part)
