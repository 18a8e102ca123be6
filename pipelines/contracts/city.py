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
from pipelines.contracts.yaml_files import read_yaml, what_is_wrong
from pipelines.settings import DEPARTMENTS, PROJECT, Home, UsageError, secret

Form = Literal["files", "database", "api"]

SHIPPED = PROJECT / "data" / "cities"


class Interface(Declared):
    """How a department's interface over HTTP names the parts of its answers, and its bounds.

    An answer is a JSON object: a list of records in the field `rows`, the number of all records
    in `total` where it tells it. With paging by `cursor` it carries the next page's cursor in
    `next_cursor` (none: the last page), asked for by the parameter `cursor`; with paging by
    `page` pages are counted from `first_page` and end with the record that `total` told, else
    with the first empty one.
    `since` names the parameter that asks an append table for what is new since a date, `on` the
    one that names the date of the state; none: the interface has no such parameter.
    """

    paging: Literal["cursor", "page", "none"] = "cursor"
    rows: str = "data"
    total: str | None = "total"
    next_cursor: str = "next_cursor"
    cursor: str = "cursor"
    page: str = "page"
    first_page: int = 1
    size: str | None = "size"
    page_rows: int = Field(default=1000, ge=1)
    since: str | None = None
    on: str | None = None
    ca_file: Path | None = None
    answer_seconds: float = Field(default=30.0, gt=0)
    table_seconds: float = Field(default=1800.0, gt=0)
    attempts: int = Field(default=5, ge=1)
    longest_wait_seconds: float = Field(default=60.0, ge=0)
    most_pages: int = Field(default=100_000, ge=1)
    page_megabytes: float = Field(default=64.0, gt=0)


class Database(Declared):
    """Bounds of asking a department's database."""

    connect_seconds: int = Field(default=10, ge=1)
    table_seconds: float = Field(default=600.0, gt=0)
    attempts: int = Field(default=3, ge=1)
    first_wait_seconds: float = Field(default=1.0, ge=0)


class Connection(Declared):
    """How one department delivers.

    `url` is a SQLAlchemy URL, or the address of an interface in which `{table}` stands for the
    department's name of a table; `{delivery}` stands for the delivery's folder, `{date}` for its
    date and `{password}` for the secret. The secret of an interface goes out as its bearer
    token. `tables` and `columns` give the department's own spelling of a declared name;
    `changed_at` names, for an append table of a database, the department's column that tells
    when a row came or changed: only rows since the last accepted delivery are then asked for.
    `believed` lists the dates of deliveries in which a large loss of rows is true.
    """

    form: Form = "files"
    url: str | None = None
    tables: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, dict[str, str]] = Field(default_factory=dict)
    changed_at: dict[str, str] = Field(default_factory=dict)
    believed: tuple[date, ...] = ()
    interface: Interface = Interface()
    database: Database = Database()
    password_variable: str | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> "Connection":
        if self.form == "database" and not self.url:
            raise ValueError("the form database needs a url")
        if self.form == "api" and self.url and "{table}" not in self.url:
            raise ValueError("the url of an interface needs {table} where a table's name stands")
        return self

    @property
    def is_pulled(self) -> bool:
        """Whether we ask for a delivery, rather than find it in its folder."""
        if self.form == "files" or not self.url:
            return False
        return "{delivery}" not in self.url and (self.form == "api" or "{date}" not in self.url)

    @property
    def is_fetched(self) -> bool:
        """Whether what we ask for is first kept in the delivery's folder; a SQLite file is not."""
        return self.is_pulled and not (self.url or "").startswith("sqlite")

    def address(self, folder: Path, received_on: date) -> str:
        """The URL of one delivery, its secret filled in. Never to be shown."""
        filled = (self.url or "").replace("{delivery}", str(folder))
        return filled.replace("{date}", received_on.isoformat()).replace(
            "{password}", quote(self.password(), safe="")
        )

    def password(self) -> str:
        """The secret of the connection; empty where it has none. Never to be shown.

        Raises:
            UsageError: the file or variable that is named for it does not give one.
        """
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
            raise UsageError(
                f"set the variable {self.password_variable} to the connection's password"
            )
        return password


class City(Declared):
    """One city: departments and the division prefixes that are no longer issued there.

    `folder` is where it was read from; numbers and areas of its own stand there in `policy/` and
    `reference/`.
    """

    code: str = Field(pattern=r"^\d{6}$")
    name: Title
    departments: dict[str, Connection]
    retired_divisions: tuple[str, ...] = ()
    folder: Path | None = Field(default=None, exclude=True)

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
        told = read_yaml(path.read_text(encoding="utf-8"))
        city = City.model_validate({**told, "folder": path.parent})
    except (yaml.YAMLError, ValidationError, OSError, TypeError, UnicodeDecodeError) as fault:
        raise UsageError(f"{path}: this city cannot be used: {what_is_wrong(fault)}.") from fault
    if city.code != code:
        raise UsageError(f"{path}: the folder must be named as its code {city.code}")
    return city
