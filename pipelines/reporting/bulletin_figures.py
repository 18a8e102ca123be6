"""The figures of the bulletin: counted from the published marts of one day, small cells hidden.

Belongs here: which counts the bulletin shows, in which order, what of them may be seen, and under
which names. Does not belong here: how a page, a chart or a map is drawn (`bulletin`, `charts`,
`map`), and any measure of its own: every figure is a count or a sum over a mart.
"""

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.contracts.policy_areas import areas_of
from pipelines.contracts.sources import load_contracts
from pipelines.contracts.working_days import unknown_years
from pipelines.reporting.card import words
from pipelines.reporting.policy_rows import look_up, policy_rows
from pipelines.reporting.suppression import Place, Shown, Table, hidden_cells, with_sums
from pipelines.settings import POLICY, REFERENCE, WenduError

DAYS_SHOWN = 30
"""How far back the trends go, in calendar days with the day itself."""

LEVELS = ("emergency", "red", "orange", "yellow")
LANES = ("support", "review", "payment", "process")
DUE = ("overdue", "today", "next", "later")
BALANCE = ("open_before", "new", "cleared", "closed", "open_now")
CHANGES = ("open_now", "new", "cleared", "closed")
ERRORS = ("exclusion", "leakage")
CATEGORIES = ("dibao", "tekun", "dibao_marginal", "relapse_watch", "others")
UNKNOWN = "unknown"

Row = dict[str, Any]


@dataclass(frozen=True)
class Name:
    """What something is called, in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Cell:
    """A count and what may be seen of it."""

    count: int
    shown: Shown = Shown.VALUE

    @property
    def value(self) -> int | None:
        """The count where it may be seen."""
        return self.count if self.shown is Shown.VALUE else None


@dataclass(frozen=True)
class Line:
    """A row of a table: what it is about, its counts by column, and what else stands in it."""

    key: str
    name: Name
    cells: Mapping[str, Cell]
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Counted:
    """A table: its lines and the sums below, whose cells may be hidden as well."""

    lines: Sequence[Line]
    total: Mapping[str, Cell]

    def of(self, key: str) -> Line:
        """The line of a key."""
        return next(line for line in self.lines if line.key == key)


NO_ERRORS = {
    f"{error}{part}": value
    for error in ERRORS
    for part, value in {"": 0, "_cny": 0, "_unknown": False}.items()
}


@dataclass(frozen=True)
class Trend:
    """One measure over the last days: `None` where it was not run or may not be seen.

    `small` has the days whose count is under the limit; they are not among `values`.
    """

    key: str
    name: Name
    values: Sequence[int | None]
    small: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Figures:
    """Everything the bulletin of a day says."""

    on_date: date
    city: Name
    small_under: int
    too_few_under: str
    balance: Counted
    moved: int
    levels: Counted
    lanes: Counted
    changes: Counted
    held: Sequence[Row]
    waiting: Sequence[Row]
    unknown_years: Sequence[int]
    coverage: Sequence[Row]
    departments: Sequence[Row]
    errors_by_family: Counted
    errors_by_county: Counted
    precision: Sequence[Row]
    counties: Counted
    miss_rates: Mapping[str, Row]
    control_totals: Sequence[Row]
    days: Sequence[date]
    city_trends: Sequence[Trend]
    county_trends: Sequence[Trend]


class Marts:
    """The marts of a day as Parquet, asked in SQL."""

    def __init__(self, folder: Path) -> None:
        self.connection = duckdb.connect()
        for file in sorted(folder.glob("*.parquet")):
            path = file.as_posix().replace("'", "''")
            self.connection.execute(f"create view {file.stem} as from read_parquet('{path}')")

    def rows(self, query: str, *values: Any) -> list[Row]:
        """The rows of a query by name."""
        asked = self.connection.execute(query, values)
        names = [column[0] for column in asked.description or ()]
        return [dict(zip(names, row, strict=True)) for row in asked.fetchall()]


class Names:
    """What counties, rules, departments and measures are called."""

    def __init__(self, project: Path) -> None:
        divisions = _csv(project / REFERENCE / "divisions.csv")
        self.areas = {row["area_code"]: Name(row["name_zh"], row["name_en"]) for row in divisions}
        self.areas[UNKNOWN] = Name("归属未明", "Area unknown")
        rules = policy_rows("rules", project / POLICY)
        self.rules = {row["rule_id"]: Name(row["name_zh"], row["name_en"]) for row in rules}
        self._in_force_from = {row["rule_id"]: row["effective_from"] for row in rules}
        self.answers = policy_rows("rule_answers", project / POLICY)

    def is_in_force(self, rule_id: str, on_date: date) -> bool:
        """Whether a rule may have alerts on a day."""
        return self._in_force_from.get(rule_id, "") <= on_date.isoformat()

    def can_err(self, family: str, error: str) -> bool:
        """Whether a rule of a family can find one of the two errors."""
        return any(
            row["error"] in (error, "by_amount") for row in self.answers if row["family"] == family
        )

    def area(self, code: str) -> Name:
        """A division; its code where nobody has named it."""
        return self.areas.get(code, Name(code, code))

    def rule(self, rule_id: str) -> Name:
        """A rule; its code where nobody has named it."""
        return self.rules.get(rule_id, Name(rule_id, rule_id))

    def word(self, kind: str, name: str) -> Name:
        """Any other word; the plain name where nobody has named it."""
        row = words().get((kind, name))
        return Name(row["zh"], row["en"]) if row else Name(name, name.replace("_", " "))

    def table(self, department: str, table: str) -> Name:
        """A department table, as its declaration calls it."""
        contract = load_contracts().get((department, table))
        return Name(contract.title.zh, contract.title.en) if contract else Name(table, table)


def figures_of(marts_folder: Path, on_date: date, city_code: str, project: Path) -> Figures:
    """Count what the bulletin of a day shows.

    Args:
        marts_folder: the marts of the day as Parquet.
        on_date: the day.
        city_code: six digits; names the city, and whose policy rows hold.
        project: the dbt project whose policy rows and names the day was judged with.

    Raises:
        WenduError: no policy row says from how many on a count may be shown.
    """
    marts, names = Marts(marts_folder), Names(project)
    under = _small_under(on_date, city_code, project)
    balance = _balance(marts, names, on_date, under)
    levels, lanes = _to_do(marts, names, under)
    sides = _sides(marts, names, on_date)
    unseen = _unseen_sides(sides, under)
    changes = _changes(marts, names, on_date, under, {side.rule_id for side in unseen})
    seen = {line.key: line.cells["open_now"].shown is Shown.VALUE for line in changes.lines}
    told_apart = {
        (side.family, side.error)
        for side in sides
        if side in unseen or not seen.get(side.rule_id, True)
    }
    counties = _counties(marts, names, on_date, under)
    by_family = _errors(marts, names, on_date, under, "rule_family", also=told_apart)
    by_county = _errors(
        marts, names, on_date, under, "county_code", [line.key for line in counties.lines]
    )
    balance, levels, lanes, changes = _agreed(
        [balance, levels, lanes, changes], [("open_now", "sum", "sum", "open_now")]
    )
    levels, lanes = _agreed([levels, lanes], [(due, due) for due in DUE])
    by_family, by_county = _agreed([by_family, by_county], [(each, each) for each in ERRORS])
    days, city_trends, county_trends = _trends(marts, names, on_date, under, balance)
    coverage = _coverage(marts, names)
    return Figures(
        on_date=on_date,
        city=names.area(city_code),
        small_under=under,
        too_few_under=parameter_in_force("performance_too_few_under", on_date, city_code, project)
        or "",
        balance=balance,
        moved=balance.total["new"].count - changes.total["new"].count,
        levels=levels,
        lanes=lanes,
        changes=changes,
        held=_held(marts, names),
        waiting=_waiting(marts, names, on_date),
        unknown_years=unknown_years(on_date),
        coverage=coverage,
        departments=_departments(coverage),
        errors_by_family=by_family,
        errors_by_county=by_county,
        precision=_precision(marts, names),
        counties=counties,
        miss_rates={row["county_code"]: row for row in marts.rows("from rpt_miss_rate")},
        control_totals=[
            row | {"name": names.word("measure", row["measure"])}
            for row in marts.rows("from rpt_control_totals order by measure")
        ],
        days=days,
        city_trends=city_trends,
        county_trends=county_trends,
    )


def _balance(marts: Marts, names: Names, on_date: date, under: int) -> Counted:
    rows = marts.rows(
        "select county_code as key, open_before, new, cleared, closed, open_now "
        "from rpt_alert_balance where on_date = ? order by county_code = 'unknown', county_code",
        on_date,
    )
    counts = [[row[column] for column in BALANCE] for row in rows]
    table = Table(
        [*counts, [sum(row[place] for row in counts) for place in range(len(BALANCE))]],
        row_signs=[1] * len(rows) + [-1],
        column_signs=[1, 1, -1, -1, -1],
        exact_rows=frozenset([len(rows)]),
    )
    return _counted(table, under, BALANCE, [(row["key"], names.area(row["key"])) for row in rows])


def _to_do(marts: Marts, names: Names, under: int) -> tuple[Counted, Counted]:
    rows = marts.rows(
        "select level, lane, case when is_overdue then 'overdue' when days_left <= 0 then 'today' "
        "when days_left = 1 then 'next' else 'later' end as due, count(*) as alerts "
        "from fct_alerts where status = 'open' group by all"
    )

    def counts(kind: str, keys: Sequence[str]) -> list[list[int]]:
        return [
            [
                sum(row["alerts"] for row in rows if row[kind] == key and row["due"] == due)
                for due in DUE
            ]
            for key in keys
        ]

    never_later = [(LEVELS.index("emergency"), DUE.index("later"))]  # it has a day, no more
    return (
        _counted(
            with_sums(
                counts("level", LEVELS),
                rows_add_up=True,
                exact_row_sums=True,
                known_zero=never_later,
            ),
            under,
            [*DUE, "sum"],
            [(level, names.word("level_of_alert", level)) for level in LEVELS],
        ),
        _counted(
            with_sums(counts("lane", LANES), rows_add_up=True),
            under,
            [*DUE, "sum"],
            [(lane, names.word("lane", lane)) for lane in LANES],
        ),
    )


@dataclass(frozen=True)
class Side:
    """Open clues of a rule that stand for one of the two errors, or for none."""

    rule_id: str
    family: str
    error: str
    open_now: int


def _sides(marts: Marts, names: Names, on_date: date) -> list[Side]:
    """Of every rule in force each error its clues may stand for, also those that none does."""
    counted = {
        (row["rule_id"], row["by_amount"]): row["alerts"]
        for row in marts.rows(
            "select rule_id, case when amount_cny > 0 then 'exclusion' when amount_cny < 0 then "
            "'leakage' else 'none' end as by_amount, count(*) as alerts "
            "from fct_alerts where status = 'open' group by all"
        )
    }
    sides = []
    for answer in names.answers:
        rule_id, family, error = answer["rule_id"], answer["family"], answer["error"]
        if not names.is_in_force(rule_id, on_date):
            continue
        of_rule = {side: count for (rule, side), count in counted.items() if rule == rule_id}
        if error != "by_amount":
            of_rule = {error: sum(of_rule.values())}
        sides += [Side(rule_id, family, side, count) for side, count in sorted(of_rule.items())]
    return sides


def _unseen_sides(sides: Sequence[Side], under: int) -> set[Side]:
    """Those to hide so that the sum of each error, which stands beside them, tells of none."""
    unseen: set[Side] = set()
    for error in (*ERRORS, "none"):
        of_error = [side for side in sides if side.error == error]
        marks = hidden_cells(with_sums([[side.open_now] for side in of_error] or [[0]]), under)
        unseen |= {
            side for side, (mark,) in zip(of_error, marks, strict=False) if mark is not Shown.VALUE
        }
    return unseen


def _changes(
    marts: Marts, names: Names, on_date: date, under: int, also: Collection[str]
) -> Counted:
    """Open clues by rule and what changed; those of `also` are not shown whatever they count.

    As in the balance: what was never open, because it was held, neither ends nor is closed.
    """
    rows = marts.rows(
        """
        with before as (
            -- Of one day's events what people said comes first; what the day said stands.
            select
                alert_id,
                max_by(
                    event,
                    cast(on_date as varchar)
                    || case
                        when event in ('released', 'closed') then 0
                        when event = 'reopened' then 1
                        else 2
                    end
                ) in ('opened', 'reopened', 'released') as was_open
            from fct_alert_events
            where on_date < $1
                and event in (
                    'opened', 'reopened', 'released', 'held', 'inhibited', 'cleared', 'closed'
                )
            group by alert_id
        ),
        today as (
            select
                alert_id,
                bool_or(event in ('opened', 'reopened', 'released')) as came,
                bool_or(event in ('cleared', 'inhibited')) as ended,
                bool_or(event = 'closed') as closed
            from fct_alert_events
            where on_date = $1
            group by alert_id
        ),
        events as (
            select
                rule_id,
                count(*) filter (came and status = 'open') as new,
                count(*) filter (was_open and ended) as cleared,
                count(*) filter (was_open and closed) as closed
            from today
            inner join fct_alerts using (alert_id)
            left join before using (alert_id)
            group by rule_id
        ),
        standing as (
            select rule_id, count(*) as open_now from fct_alerts where status = 'open' group by all
        )
        select
            rule_id as key,
            coalesce(open_now, 0) as open_now,
            coalesce(new, 0) as new,
            coalesce(cleared, 0) as cleared,
            coalesce(closed, 0) as closed
        from quality_rule_evaluations
        left join standing using (rule_id)
        left join events using (rule_id)
        where on_date = $1
        order by rule_id
        """,
        on_date,
    )
    rows = [row for row in rows if names.is_in_force(row["key"], on_date)]
    counts = [[row[column] for column in CHANGES] for row in rows]
    names_of_rows = [(row["key"], names.rule(row["key"])) for row in rows]
    unseen = [
        (place, CHANGES.index("open_now")) for place, row in enumerate(rows) if row["key"] in also
    ]
    return _counted(with_sums(counts or [[0] * 4]), under, CHANGES, names_of_rows, also=unseen)


def _held(marts: Marts, names: Names) -> list[Row]:
    rows = marts.rows(
        "select hold_id, rule_id, county_code, count(*) as alerts from fct_alerts "
        "where status = 'held' group by all order by all"
    )
    return [
        row | {"rule": names.rule(row["rule_id"]), "county": names.area(row["county_code"])}
        for row in rows
    ]


def _waiting(marts: Marts, names: Names, on_date: date) -> list[Row]:
    """Rules that were not evaluated although they are in force."""
    rows = marts.rows(
        "select rule_id, why_not from quality_rule_evaluations "
        "where on_date = ? and not evaluated order by rule_id",
        on_date,
    )
    return [
        row | {"rule": names.rule(row["rule_id"])}
        for row in rows
        if names.is_in_force(row["rule_id"], on_date)
    ]


def _coverage(marts: Marts, names: Names) -> list[Row]:
    rows = marts.rows(
        'select source, "table" as table_name, expected_by, received_on, "rows" as row_count, '
        "quarantined, freshness, rules_not_evaluated from rpt_coverage order by all"
    )
    return [
        row
        | {
            "department": names.word("department", row["source"]),
            "title": names.table(row["source"], row["table_name"]),
            "state": names.word("freshness", row["freshness"]),
        }
        for row in rows
    ]


def _departments(coverage: Sequence[Row]) -> list[Row]:
    """Coverage in brief: one row per department."""
    departments = []
    for source in dict.fromkeys(row["source"] for row in coverage):
        rows = [row for row in coverage if row["source"] == source]
        departments.append({
            "department": rows[0]["department"],
            "tables": len(rows),
            "in_time": sum(row["freshness"] == "on_time" for row in rows),
            "received_on": max((row["received_on"] for row in rows if row["received_on"]),
                               default=None),
            "row_count": sum(row["row_count"] or 0 for row in rows),
            "quarantined": sum(row["quarantined"] or 0 for row in rows),
        })  # fmt: skip
    return departments


def _errors(
    marts: Marts,
    names: Names,
    on_date: date,
    under: int,
    by: str,
    known: Sequence[str] = (),
    also: Collection[tuple[str, str]] = (),
) -> Counted:
    """Both errors by family or county; an amount is null where no case has a known one.

    Those that are `known` without a clue have a line as well; cells of `also`, by key and error,
    are not shown whatever they count.
    """
    sides = ", ".join(
        f"sum({error}_cases)::bigint as {error}, "
        f"case when sum({error}_cases) = 0 then 0 "
        f"else sum({error}_cny) filter ({error}_cases > 0) end as {error}_cny, "
        f"bool_or({error}_cny is null) as {error}_unknown"
        for error in ERRORS
    )
    rows = marts.rows(
        f"select {by} as key, {sides} from rpt_both_errors where on_date = ? group by {by}",
        on_date,
    )
    rows = [row for row in rows if by == "county_code" or row["exclusion"] or row["leakage"]]
    told = {row["key"] for row in rows}
    rows += [{"key": key} | NO_ERRORS for key in known if key not in told]
    rows.sort(key=lambda row: (row["key"] == "unknown", row["key"]))
    impossible = [
        (row, column)
        for row, counted in enumerate(rows)
        for column, error in enumerate(ERRORS)
        if by == "rule_family" and not names.can_err(counted["key"], error)
    ]
    table = with_sums(
        [[row[error] for error in ERRORS] for row in rows] or [[0, 0]], known_zero=impossible
    )
    named = [
        (
            row["key"],
            names.area(row["key"])
            if by == "county_code"
            else names.word("rule_family", row["key"]),
        )
        for row in rows
    ]
    unseen = [
        (row, column)
        for row, counted in enumerate(rows)
        for column, error in enumerate(ERRORS)
        if (counted["key"], error) in also and (row, column) not in table.known_zero
    ]
    return _counted(table, under, ERRORS, named, rows, also=unseen)


def _precision(marts: Marts, names: Names) -> list[Row]:
    rows = marts.rows("from rpt_rule_performance order by rule_id")
    return [row | {"rule": names.rule(row["rule_id"])} for row in rows]


def _counties(marts: Marts, names: Names, on_date: date, under: int) -> Counted:
    """Who is watched, by county: living families on a register, and persons without such one."""
    rows = marts.rows(
        """
        with watched as (
            select
                coalesce(county_code, 'unknown') as county_code,
                case
                    when category_registered in (
                        'dibao', 'tekun', 'dibao_marginal', 'relapse_watch'
                    ) then category_registered
                    else 'others'
                end as category
            from dim_households
            where members > 0
                and (approved_on is null or approved_on <= $1)
                and (ended_on is null or ended_on > $1)
        ),
        counties as (
            select county_code from rpt_alert_balance where on_date = $1
            union
            select county_code from watched
        )
        select county_code as key, category, count(category) as watched
        from counties left join watched using (county_code)
        group by county_code, category
        order by county_code = 'unknown', county_code
        """,
        on_date,
    )
    keys = list(dict.fromkeys(row["key"] for row in rows))
    counted = {(row["key"], row["category"]): row["watched"] for row in rows}
    counts = [[counted.get((key, category), 0) for category in CATEGORIES] for key in keys]
    return _counted(
        with_sums(counts or [[0] * len(CATEGORIES)], rows_add_up=True),
        under,
        [*CATEGORIES, "sum"],
        [(key, names.area(key)) for key in keys],
    )


def _trends(
    marts: Marts, names: Names, on_date: date, under: int, balance: Counted
) -> tuple[list[date], list[Trend], list[Trend]]:
    """The last days: the whole city by measure, and open alerts by county.

    The balance has a row for every calendar day; the record of evaluations only for days run.
    """
    days = [on_date - timedelta(days=back) for back in range(DAYS_SHOWN - 1, -1, -1)]
    evaluated = {
        row["on_date"]: row["waiting"]
        for row in marts.rows(
            "select on_date, count(*) filter (not evaluated and not starts_with("
            "coalesce(why_not, ''), 'not in force')) as waiting "
            "from quality_rule_evaluations where on_date between ? and ? group by all",
            days[0],
            on_date,
        )
    }
    rows = marts.rows(
        "select * from rpt_alert_balance where on_date between ? and ?", days[0], on_date
    )
    by_day = {
        day: {row["county_code"]: row for row in rows if row["on_date"] == day}
        for day in days
        if day in evaluated
    }
    refused = {
        row["received_on"]: row["quarantined"]
        for row in marts.rows(
            "select received_on, sum(quarantined)::bigint as quarantined from quality_deliveries "
            "where received_on between ? and ? group by all",
            days[0],
            on_date,
        )
    }

    def of_city(measure: str) -> list[int | None]:
        return [
            None
            if day not in by_day or (day == on_date and balance.total[measure].value is None)
            else sum(row[measure] for row in by_day[day].values())
            for day in days
        ]

    city = [
        *(Trend(measure, MEASURES[measure], of_city(measure)) for measure in BALANCE[:0:-1]),
        Trend("waiting", MEASURES["waiting"], [evaluated.get(day) for day in days]),
        Trend(
            "refused",
            MEASURES["refused"],
            [refused.get(day, 0) if day in evaluated else None for day in days],
        ),
    ]
    marks = {day: _marks_of(by_day[day], under) for day in by_day}
    for column, day in (("open_before", on_date - timedelta(days=1)), ("open_now", on_date)):
        if day in marks:
            marks[day] = {line.key: line.cells[column].shown for line in balance.lines}
    counties = []
    for line in balance.lines:
        seen = [marks[day].get(line.key, Shown.VALUE) if day in marks else None for day in days]
        counties.append(
            Trend(
                line.key,
                line.name,
                [
                    by_day[day][line.key]["open_now"]
                    if mark is Shown.VALUE and line.key in by_day[day]
                    else None
                    for day, mark in zip(days, seen, strict=True)
                ],
                frozenset(place for place, mark in enumerate(seen) if mark is Shown.SMALL),
            )
        )
    return days, city, counties


MEASURES = {
    "open_now": Name("待办", "Open"),
    "closed": Name("办结", "Closed"),
    "cleared": Name("消除", "Cleared"),
    "new": Name("新增", "New"),
    "waiting": Name("未评估规则", "Rules not evaluated"),
    "refused": Name("退回行数", "Rows refused"),
}


def _marks_of(balances: Mapping[str, Row], under: int) -> dict[str, Shown]:
    """What may be seen of the open alerts of each county on one day."""
    keys = sorted(balances)
    hidden = hidden_cells(with_sums([[balances[key]["open_now"]] for key in keys]), under)
    return {key: row[0] for key, row in zip(keys, hidden, strict=False)}


def _counted(
    table: Table,
    under: int,
    columns: Sequence[str],
    named: Sequence[tuple[str, Name]],
    more: Sequence[Row] | None = None,
    also: Iterable[Place] = (),
) -> Counted:
    """A table with its small cells hidden; its last row holds the sums."""
    hidden = hidden_cells(table, under, also)
    cells = [
        {
            column: Cell(count, shown)
            for column, count, shown in zip(columns, counts, marks, strict=True)
        }
        for counts, marks in zip(table.counts, hidden, strict=True)
    ]
    lines = [
        Line(key, name, cells[place], more[place] if more else {})
        for place, (key, name) in enumerate(named)
    ]
    return Counted(lines, cells[-1])


def _agreed(tables: Sequence[Counted], sums: Sequence[Sequence[str]]) -> list[Counted]:
    """Tables that share sums: one that is withheld in one of them is withheld in all."""
    totals = [dict(table.total) for table in tables]
    for columns in sums:
        shared = list(zip(totals, columns, strict=True))
        if any(total[column].shown is not Shown.VALUE for total, column in shared):
            for total, column in shared:
                total[column] = Cell(total[column].count, Shown.WITHHELD)
    return [Counted(table.lines, total) for table, total in zip(tables, totals, strict=True)]


def known_sum(counted: Counted, error: str) -> Decimal | None:
    """Yuan of all lines of a table, as far as they are known; `None` where none is."""
    known = [
        line.more[f"{error}_cny"] for line in counted.lines if line.more[f"{error}_cny"] is not None
    ]
    return sum(known, Decimal(0)) if known or not counted.lines else None


def parameter_in_force(name: str, on_date: date, city_code: str, project: Path) -> str | None:
    """The value of a parameter for a city on a day; `None` where no row is in force."""
    areas = areas_of(city_code)
    folder = project / POLICY
    return look_up("parameters", name, on_date.isoformat(), areas, folder).value


def _small_under(on_date: date, city_code: str, project: Path) -> int:
    value = parameter_in_force("bulletin_small_cell_under", on_date, city_code, project)
    if value is None:
        raise WenduError(
            f"No row of parameters.csv says what bulletin_small_cell_under is on {on_date} in "
            f"{city_code}, so no bulletin can be written; add the row to dbt_project/seeds/policy."
        )
    return int(Decimal(value))


def _csv(file: Path) -> list[Mapping[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))
