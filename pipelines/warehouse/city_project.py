"""The dbt project of one city: the models of all, with the numbers and areas of that city.

A city without rows of its own in its folder is judged with the project as it is shipped. One
that has them (`policy/`, `reference/`) gets a copy below its home: of the shipped policy only
the nation's and its province's rows stay, and its own are added; townships, divisions and
published totals are its own. Does not belong here: what a number means (`seeds/policy/README.md`),
which numbers are missing (`city_numbers`).
"""

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path

from pipelines.contracts.city import City
from pipelines.settings import DBT_PROJECT, Home, UsageError, put_in_place
from pipelines.warehouse.project_files import copy_project, hash_of_files

NATION = "000000"
POLICY_BY_AREA = ("assistance_standards", "parameters")
"""Policy tables with rows by area."""

REFERENCE_OF_CITY = ("divisions", "townships", "published_totals")
"""Reference tables that are a city's own."""

STAMP = "made_of.txt"


def has_rows_of_its_own(city: City) -> bool:
    """Whether a city's folder brings numbers and areas."""
    return city.folder is not None and (city.folder / "policy").is_dir()


def project_of(home: Home, city: City) -> Path:
    """The dbt project that judges a city, made anew below the home when anything changed.

    Raises:
        UsageError: a file of the city's folder is missing or has other columns.
    """
    if not has_rows_of_its_own(city):
        return DBT_PROJECT
    assert city.folder is not None
    place = home.warehouse / "city_project"
    stamp = hash_of_files(DBT_PROJECT, city.folder)
    if (place / STAMP).is_file() and (place / STAMP).read_text(encoding="utf-8") == stamp:
        return place
    unfinished = place.with_name(f".{place.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    copy_project(DBT_PROJECT, unfinished)
    for table in POLICY_BY_AREA:
        file = Path("policy") / f"{table}.csv"
        shipped = rows_of(DBT_PROJECT / "seeds" / file)
        columns = list(shipped[0])
        above = [row for row in shipped if row["area_code"] in areas_above(city.code)]
        own = rows_of(city.folder / file, columns)
        write_rows(unfinished / "seeds" / file, columns, above + own)
    for table in REFERENCE_OF_CITY:
        file = Path("reference") / f"{table}.csv"
        columns = list(rows_of(DBT_PROJECT / "seeds" / file)[0])
        write_rows(unfinished / "seeds" / file, columns, rows_of(city.folder / file, columns))
    (unfinished / STAMP).write_text(stamp, encoding="utf-8")
    shutil.rmtree(place, ignore_errors=True)
    put_in_place(unfinished, place)
    return place


def areas_above(code: str) -> tuple[str, str]:
    """The areas whose rows hold for a city, too: its province and the nation."""
    return f"{code[:2]}0000", NATION


def rows_of(file: Path, columns: Sequence[str] | None = None) -> list[dict[str, str]]:
    """The rows of a CSV file, as text.

    Args:
        file: with a header.
        columns: those it must have, in this order; any where none are told.

    Raises:
        UsageError: it is missing, no CSV file in UTF-8, or has other columns, or a line has not
            one value for each.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = list(reader)
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not in UTF-8; save it as CSV in UTF-8.") from None
    except (OSError, csv.Error) as fault:
        raise UsageError(
            f"{file} cannot be read ({type(fault).__name__}); make it with `wendu new-city`."
        ) from None
    header = list(reader.fieldnames or [])
    if columns is not None and header != list(columns):
        raise UsageError(
            f"{file}, line 1: the columns must be {','.join(columns)}, not {','.join(header)}."
        )
    for line, row in enumerate(rows, start=2):
        values = list(row.values())
        if None in row or None in values or any("\n" in value for value in values):
            raise UsageError(
                f"{file}, line {line}: this is no row with a value for each of the {len(header)} "
                "columns; look for a comma too many or too few, or a quote that is not closed."
            )
    return rows


def write_rows(file: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    """Write a CSV file of these columns."""
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
