"""A city's folder: its name, and how each of its departments hands over its tables.

Belongs here: connections and local spellings of tables and columns. Does not belong here:
amounts and limits (`dbt_project/seeds/policy`), secrets (a variable or file named here).
"""

from datetime import date
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import yaml
from pydantic import Field, ValidationError, model_validator

from pipelines.contracts.sources import Declared, Title
from pipelines.settings import DEPARTMENTS, PROJECT, Home, UsageError, secret

Form = Literal["files", "database", "api"]

SHIPPED = PROJECT / "data" / "cities"


class Connection(Declared):
    """How one department delivers.

    `url` is a SQLAlchemy URL; `{delivery}` stands for the delivery's folder, `{date}` for its
    date and `{password}` for the secret. `tables` and `columns` give the department's own
    spelling of a declared name.
    """

    form: Form = "files"
    url: str | None = None
    tables: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, dict[str, str]] = Field(default_factory=dict)
    password_variable: str | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> "Connection":
        if self.form == "database" and not self.url:
            raise ValueError("the form database needs a url")
        return self

    @property
    def is_per_delivery(self) -> bool:
        """Whether each delivery folder holds a database of its own."""
        return "{delivery}" in (self.url or "") or "{date}" in (self.url or "")

    def address(self, folder: Path, received_on: date) -> str:
        """The URL of one delivery, its secret filled in. Never to be shown."""
        filled = (self.url or "").replace("{delivery}", str(folder))
        return filled.replace("{date}", received_on.isoformat()).replace(
            "{password}", quote(self._password(), safe="")
        )

    def _password(self) -> str:
        if self.password_file is not None:
            try:
                return self.password_file.read_text(encoding="utf-8").strip()
            except OSError as fault:
                raise UsageError(
                    f"the password file {self.password_file} cannot be read: give its path and "
                    "permissions in the city's folder"
                ) from fault
        if self.password_variable is None:
            return ""
        password = secret(self.password_variable)
        if password is None:
            raise UsageError(f"set the variable {self.password_variable} to the database password")
        return password


class City(Declared):
    """One city: departments and the division prefixes that are no longer issued there."""

    code: str = Field(pattern=r"^\d{6}$")
    name: Title
    departments: dict[str, Connection]
    retired_divisions: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _knows_its_departments(self) -> "City":
        unknown = sorted(set(self.departments) - set(DEPARTMENTS))
        if unknown:
            raise ValueError(f"unknown department {', '.join(unknown)}")
        return self

    def connection(self, department: str) -> Connection:
        """How a department delivers; one that is not named drops files."""
        return self.departments.get(department, Connection())


def city_folders(home: Home | None = None) -> dict[str, Path]:
    """Known cities by code; a folder below the home goes before the one that is shipped."""
    places = [SHIPPED] if home is None else [SHIPPED, home.root / "cities"]
    return {
        path.parent.name: path.parent
        for place in places
        for path in sorted(place.glob("*/city.yml"))
    }


def load_city(code: str, home: Home | None = None) -> City:
    """Read one city's folder.

    Raises:
        UsageError: no such city, or its file does not hang together.
    """
    folders = city_folders(home)
    if code not in folders:
        known = ", ".join(sorted(folders)) or "none"
        raise UsageError(f"there is no city {code}: choose one of {known}, or make its folder")
    path = folders[code] / "city.yml"
    try:
        city = City.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError, OSError) as fault:
        raise UsageError(f"{path}: this city cannot be used: {fault}") from fault
    if city.code != code:
        raise UsageError(f"{path}: the folder must be named as its code {city.code}")
    return city
