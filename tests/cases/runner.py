"""Cases of rules as an analyst writes them, brought into one small city per day and built.

Belongs here: reading `tests/cases/<rule>.yml`, filling in what a case leaves out, delivering the
rows as departments do, building the day, and finding a case's alerts. What is expected stands in
the cases; how a rule judges stands in dbt. `README.md` beside this file tells how to write one.
"""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import yaml

from pipelines.contracts.city import load_city
from pipelines.contracts.sources import Contract, load_contracts
from pipelines.ingest import accepted_deliveries, load_receipts, receive
from pipelines.ingest.control import control_tables
from pipelines.settings import DEPARTMENTS, Home
from pipelines.vault import Vault
from pipelines.warehouse import history
from pipelines.warehouse.dbt import DbtProject
from pipelines.warehouse.kept_codes import with_kept
from pipelines.warehouse.work_database import open_shelves, work_database
from tests.unit.deliveries import Gate, number

FOLDER = Path(__file__).parent
CITY = load_city("371500").model_copy(update={"departments": {}})
CONTRACTS = {table: contract for (_, table), contract in load_contracts().items()}
DEFAULTS = yaml.safe_load((FOLDER / "defaults.yml").read_text(encoding="utf-8"))
USUAL_DAY = date(2024, 5, 16)
IN_FORCE = ("open", "held")

Row = dict[str, Any]
Given = dict[str, list[Row]]


@dataclass(frozen=True)
class Case:
    """One sentence of an analyst: what is given on a day, and which alerts of the rule follow.

    `earlier` holds deliveries of earlier days; `is_late` means that the facts were sent the day
    before and nothing came today, so that no rule may be judged.
    """

    rule: str
    name: str
    place: int
    on: date
    is_late: bool
    people: Mapping[str, str]
    given: Given
    earlier: Mapping[date, Given]
    expect: Sequence[Row]
    is_evaluated: bool

    @property
    def prefix(self) -> str:
        """What makes the case's own numbers unlike those of any other."""
        return f"{self.rule}-{self.place}-"


def read_cases() -> list[Case]:
    """All cases of all rules, in order of rule."""
    return [
        case for path in sorted(FOLDER.glob("R*.yml")) for case in _cases_of(path)
    ]  # fmt: skip


def _cases_of(path: Path) -> list[Case]:
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    unknown = set(told) - {"rule", "day", "people", "background", "earlier", "cases"}
    assert not unknown, f"{path.name}: {unknown} is no part of a file of cases"
    return [_case(path.name, told, place, row) for place, row in enumerate(told["cases"])]


def _case(file: str, told: Row, place: int, row: Row) -> Case:
    unknown = set(row) - {
        "case", "day", "late", "people", "given", "without", "earlier", "expect", "evaluated",
    }  # fmt: skip
    assert not unknown, f"{file}: {unknown} is no part of a case"
    background = {
        table: rows
        for table, rows in told.get("background", {}).items()
        if table not in row.get("without", [])
    }
    is_late = bool(row.get("late", False))
    return Case(
        rule=told["rule"],
        name=row["case"],
        place=place,
        on=row.get("day", told.get("day", USUAL_DAY)),
        is_late=is_late,
        people=told.get("people", {}) | row.get("people", {}),
        given=_over(background, row.get("given", {})),
        earlier=row.get("earlier", told.get("earlier", {})),
        expect=row["expect"],
        is_evaluated=row.get("evaluated", not is_late),
    )


def _over(background: Given, given: Given) -> Given:
    """The background's rows with the case's own values; rows beyond the background's are added."""
    tables = {}
    for table in [*background, *(set(given) - set(background))]:
        below, above = background.get(table, []), given.get(table, [])
        tables[table] = [
            (below[at] if at < len(below) else {}) | (above[at] if at < len(above) else {})
            for at in range(max(len(below), len(above)))
        ]
    return tables


@dataclass
class Written:
    """Rows of one day's city as departments send them, and the numbers given to people."""

    tables: dict[tuple[date, str], list[Row]] = field(default_factory=dict)
    numbers: dict[tuple[str, str], str] = field(default_factory=dict)
    born: Counter[str] = field(default_factory=Counter)

    def add(self, case: Case) -> None:
        """Take up a case's rows."""
        sent_on = case.on - timedelta(days=1) if case.is_late else case.on
        for day, given in [*case.earlier.items(), (sent_on, case.given)]:
            for table, rows in given.items():
                for row in rows:
                    told = self._row(case, CONTRACTS[table], row)
                    self.tables.setdefault((day, table), []).append(told)

    def fill(self, on: date) -> None:
        """See to it that every table comes on the day: one neutral row each."""
        nobody = Case("", "nobody", 0, on, False, {"A": "1980-01-01"}, {}, {}, [], True)
        for table, contract in CONTRACTS.items():
            past = {name: _before(value, on) for name, value in DEFAULTS[table].items()}
            row = self._row(nobody, contract, past)
            self.tables.setdefault((on, table), []).append(row)

    def _row(self, case: Case, contract: Contract, given: Row) -> Row:
        unknown = set(given) - set(contract.columns)
        assert not unknown, f"{case.prefix}: {contract.table} has no column {unknown}"
        row = DEFAULTS[contract.table] | given
        return {name: self._cell(case, contract, name, row[name]) for name in row}

    def _cell(self, case: Case, contract: Contract, name: str, value: Any) -> str:
        column = contract.columns[name]
        if value is None:
            return ""
        if column.kind == "id":
            return self.number(case, str(value))
        if column.kind == "certificate":
            person, level = str(value).split("/")
            return f"{self.number(case, person)}{level}"
        is_own = column.space or name in contract.key or name == "reissue_of"
        return f"{case.prefix}{value}" if is_own and column.kind == "text" else str(value)

    def number(self, case: Case, person: str) -> str:
        """The invented citizen number of a person of a case."""
        known = (case.prefix, person)
        if known not in self.numbers:
            born = str(case.people[person]).replace("-", "")
            self.numbers[known] = number(self.born[born], born)
            self.born[born] += 1
        return self.numbers[known]


def _before(value: Any, on: date) -> Any:
    """A default's date, moved before a day that lies earlier."""
    if isinstance(value, date) and value > on:
        return on - timedelta(days=300)
    if isinstance(value, str) and value[4:5] == "-" and value[:10] > on.isoformat():
        return f"{on - timedelta(days=300)}{value[10:]}"
    return value


@dataclass(frozen=True)
class Judged:
    """What became of a day: its alerts, what became of each rule, and who is who."""

    alerts: pl.DataFrame
    evaluations: pl.DataFrame
    people: Mapping[tuple[str, str], str]
    households: Mapping[str, str]

    @cached_property
    def evaluated(self) -> Mapping[str, bool]:
        """Of each rule whether it was judged."""
        return dict(self.evaluations.select("rule_id", "evaluated").iter_rows())

    def of(self, case: Case) -> list[Row]:
        """The alerts of the case's rule on the case's people, households and own numbers."""
        people = [key for (prefix, _), key in self.people.items() if prefix == case.prefix]
        homes = [key for name, key in self.households.items() if name.startswith(case.prefix)]
        counties = [row["county"] for row in case.expect if "county" in row]
        mine = (
            pl.col("person_key").is_in(people)
            | pl.col("household_key").is_in(homes)
            | pl.col("subject").str.starts_with(case.prefix)
            | pl.col("subject").str.slice(0, 6).is_in(counties)
        )
        return self.alerts.filter((pl.col("rule_id") == case.rule) & mine).to_dicts()


def judge(cases: Sequence[Case], root: Path, standing: Path) -> Judged:
    """Deliver the cases of one day and build it.

    Args:
        cases: all of one day.
        root: an empty folder that becomes the home.
        standing: the work database of any home: policy and views stand in it already.
    """
    on, is_late = cases[0].on, cases[0].is_late
    home, written = Home(root), Written()
    home.warehouse.mkdir(parents=True)
    shutil.copy(standing, work_database(home))
    for case in cases:
        written.add(case)
    if not is_late:
        written.fill(on)
    _deliver(home, written)
    vault = Vault.open(home)
    for department in DEPARTMENTS:
        for receipt in receive(home, CITY, department, on, vault, Gate()):  # type: ignore[arg-type]
            assert receipt.verdict == "accepted", receipt.message
            refused = {name: counts.reasons for name, counts in receipt.tables.items()}
            assert not any(refused.values()), f"rows of cases were refused: {refused}"
    contracts, receipts = load_contracts(), load_receipts(home, on)
    control = control_tables(contracts, receipts, CITY, home, on, vault)
    before = with_kept(home, on, history.earlier(home, on))
    accepted = accepted_deliveries(receipts)
    given = open_shelves(home, on, contracts, accepted, control | before)
    DbtProject(home).build(on, given)
    with duckdb.connect(str(work_database(home)), read_only=True) as connection:
        alerts = connection.sql("select * from marts.fct_alerts").pl()
        evaluations = connection.sql(
            f"select * from marts.quality_rule_evaluations where on_date = '{on}'"
        ).pl()
    return Judged(alerts, evaluations, _people(vault, written), _households(vault, written))


def _deliver(home: Home, written: Written) -> None:
    for (day, table), rows in written.tables.items():
        contract = CONTRACTS[table]
        folder = home.delivery(contract.department, day)
        folder.mkdir(parents=True, exist_ok=True)
        frame = pl.DataFrame(
            [
                {column.zh: row.get(name, "") for name, column in contract.columns.items()}
                for row in rows
            ]
        )
        (folder / f"{table}.csv").write_text(frame.write_csv(), encoding="utf-8")


def _people(vault: Vault, written: Written) -> dict[tuple[str, str], str]:
    keys = vault.pseudonyms("person", pl.Series(list(written.numbers.values())))
    return dict(zip(written.numbers, keys.bin.encode("hex"), strict=True))


def _households(vault: Vault, written: Written) -> dict[str, str]:
    found: dict[str, str] = {}
    for space, column in (
        ("household", "household_no"), ("relapse_watch_household", "monitor_no"),
    ):  # fmt: skip
        names = sorted(
            {row[column] for rows in written.tables.values() for row in rows if row.get(column)}
        )
        keys = vault.pseudonyms(space, pl.Series(names, dtype=pl.String)).bin.encode("hex")
        found |= dict(zip(names, keys, strict=True))
    return found


def faults(case: Case, judged: Judged) -> list[str]:
    """What the case expected and did not get, one sentence each; empty where all is as told."""
    alerts = judged.of(case)
    if judged.evaluated.get(case.rule, False) != case.is_evaluated:
        said = "was" if not case.is_evaluated else "was not"
        return [f"{case.rule} {said} evaluated on {case.on}"]
    expected = [
        {name: value for name, value in row.items() if name != "county"} for row in case.expect
    ]
    told = [_seen(case, judged, alert) for alert in alerts]
    left = list(told)
    missing = []
    for row in expected:
        fits = [alert for alert in left if _fits(row, alert)]
        if fits:
            left.remove(fits[0])
        else:
            missing.append(row)
    return [f"expected and not found: {row}" for row in missing] + [
        f"found and not expected: {_short(alert, expected)}" for alert in left
    ]


def _seen(case: Case, judged: Judged, alert: Row) -> Row:
    """An alert with the case's own names for its people."""
    names = {
        key: person for (prefix, person), key in judged.people.items() if prefix == case.prefix
    }
    return alert | {"person": names.get(alert["person_key"])}


def _fits(row: Row, alert: Row) -> bool:
    status = row.get("status")
    is_status = alert["status"] == status if status else alert["status"] in IN_FORCE
    return is_status and all(
        _text(alert[name]) == _text(value) for name, value in row.items() if name != "status"
    )


def _text(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) or hasattr(value, "quantize") else str(
        value
    )  # fmt: skip


def _short(alert: Row, expected: Sequence[Row]) -> Row:
    shown = {"level", "status", "amount_cny", "person", "program"}.union(*expected)
    return {name: alert[name] for name in sorted(shown)}
