"""The life of an alert: every transition of the table, walked by the models themselves.

A desk of handmade days: findings, evaluated rules, replies and signatures go in, the state of
every alert comes out and is handed to the next day, as a run does it. All cases share the days.
"""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from filelock import FileLock

from pipelines.contracts.replies import OUTCOMES
from pipelines.contracts.signatures import releases, write_signature
from pipelines.contracts.sources import load_contracts
from pipelines.defs.one_day import require_rules
from pipelines.ingest.control import HANDED_OVER, calendar, handed_over
from pipelines.settings import DBT_PROJECT, Home, UsageError
from pipelines.warehouse import history
from pipelines.warehouse.dbt import DbtProject
from pipelines.warehouse.holds import held_batches, held_sentences, sign
from pipelines.warehouse.kept_codes import with_kept
from pipelines.warehouse.work_database import open_shelves, work_database
from tests.commands import Ran

POLICY = DBT_PROJECT / "seeds" / "policy"
MODELS = (
    "alert_transitions", "outcomes", "rules", "divisions", "stg_control__run",
    "stg_control__calendar", "stg_control__alerts", "stg_control__kept_codes",
    "stg_control__alert_events", "stg_control__alert_balance", "stg_control__openings",
    "stg_control__evaluations", "stg_control__outcomes", "stg_control__releases",
    "stg_control__handed_over", "int_rules__previous_findings", "int_rules__alert_signals",
    "int_rules__alerts",
    "int_rules__alert_events", "int_rules__alert_balance", "rule_answers",
    "stg_control__both_errors", "int_rules__both_errors",
)  # fmt: skip
FINDING = pl.Schema({
    "rule_id": pl.String(), "unit": pl.String(), "subject": pl.String(), "programme": pl.String(),
    "level": pl.String(), "household_key": pl.Binary(), "person_key": pl.Binary(),
    "county_code": pl.String(), "township_code": pl.String(), "area_code": pl.String(),
    "amount_cny": pl.Decimal(14, 2), "ratio_to_standard": pl.Decimal(10, 4),
    "reason_zh": pl.String(), "reason_en": pl.String(), "evidence": pl.String(),
    "unknown_zh": pl.String(), "inhibited_by": pl.String(), "is_judged": pl.Boolean(),
    "entered_by": pl.String(), "is_speaking": pl.Boolean(),
})  # fmt: skip

TRANSITIONS = list(csv.DictReader((POLICY / "alert_transitions.csv").open(encoding="utf-8")))
STATUSES = ("none", "open", "held", "inhibited", "cleared", "closed")
SIGNALS = (
    "found", "found_urgent", "found_in_flood", "found_in_cool_down", "answered", "not_found",
    "not_judged", "not_evaluated", "closed_by_reply", "replied", "disputed", "released",
)  # fmt: skip


def found(rule: str, subject: str, **told: object) -> dict[str, object]:
    """A finding of the day."""
    return {
        "rule_id": rule, "unit": "person", "subject": subject, "level": "orange",
        "county_code": "371502", "reason_zh": "1 人", "reason_en": "1 person", "evidence": "[]",
        "is_judged": True, "is_speaking": True,
    } | told  # fmt: skip


class Desk:
    """One home whose days are made by hand."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.dbt = DbtProject(self.home)
        self.replies: list[dict[str, object]] = []

    def reply(
        self, alert_id: str, outcome: str, on: date, batch: str = "B1", visited: date | None = None
    ) -> None:
        self.replies.append({
            "alert_id": alert_id, "outcome": outcome, "visited_on": visited or on,
            "received_on": on, "batch_id": batch,
        })  # fmt: skip

    def sign(self, hold_id: str, on: date, alerts: Sequence[str] | None = None) -> None:
        told = {"hold_id": hold_id, "effective_on": on.isoformat(), "by": "局长", "reason": "已核"}
        write_signature(self.home, told | ({"alerts": alerts} if alerts is not None else {}))

    def deliver(self, alert_id: str, on: date) -> None:
        place = self.home.outbox / "delivered"
        place.mkdir(parents=True, exist_ok=True)
        listed = {"alert_id": [alert_id], "delivered_on": [on]}
        pl.DataFrame(listed, schema=HANDED_OVER).write_parquet(place / f"{on}-{alert_id}.parquet")

    def day(
        self, on: date, findings: Sequence[Mapping[str, object]], late: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Run one day; the alerts as they stand at its end."""
        outcomes = pl.DataFrame(self.replies, schema=OUTCOMES).filter(pl.col("received_on") <= on)
        control = {
            "run": pl.DataFrame({
                "city_code": ["371500"], "city_name_zh": ["聊城市"],
                "city_name_en": ["Liaocheng"],
            }),
            "calendar": calendar(),
            "outcomes": outcomes,
            "handed_over": handed_over(self.home, on),
            "releases": releases(self.home, on),
        }  # fmt: skip
        before = with_kept(self.home, on, history.earlier(self.home, on))
        work_database(self.home).unlink(missing_ok=True)
        open_shelves(self.home, on, load_contracts(), (), control | before)
        self._lay_out(on, findings, late)
        self.dbt.build_nodes(on, MODELS)
        history.remember(self.home, on)
        return pl.read_parquet(self.home.warehouse / "history" / str(on) / "alerts.parquet")

    def _lay_out(
        self, on: date, findings: Sequence[Mapping[str, object]], late: Sequence[str]
    ) -> None:
        rules = pl.read_csv(POLICY / "rules.csv", infer_schema=False)["rule_id"]
        evaluated = pl.DataFrame({
            "rule_id": rules, "evaluated": [rule not in late for rule in rules],
        })  # fmt: skip
        parameters = pl.read_csv(POLICY / "parameters.csv", infer_schema=False).select(
            "name",
            county_code="area_code",
            value=pl.col("value").cast(pl.Decimal(14, 4)),
            effective_from_on=pl.col("effective_from").str.to_date(),
            effective_to_on=pl.lit(date(9999, 12, 31)),
        )
        evaluations = evaluated.select(
            "rule_id", "evaluated", on_date=pl.lit(on), subjects=pl.lit(0, dtype=pl.Int64),
            hits=pl.lit(0, dtype=pl.Int64), not_judged=pl.lit(0, dtype=pl.Int64),
            why_not=pl.lit(None, dtype=pl.String),
        )  # fmt: skip
        with duckdb.connect(str(work_database(self.home))) as connection:
            connection.execute("create schema intermediate")
            for name, frame in {
                "int_rules__findings": pl.DataFrame(list(findings), schema=FINDING),
                "int_rules__evaluated_rules": evaluated,
                "int_measures__parameters": parameters,
                "int_rules__evaluations_today": evaluations,
                "int_rules__audit_sample_today": history.AUDIT_SAMPLE.to_frame(),
            }.items():
                connection.register("given", frame.to_arrow())
                connection.execute(f"create table intermediate.{name} as select * from given")
                connection.unregister("given")

    def events(self, on: date) -> pl.DataFrame:
        return pl.read_parquet(self.home.warehouse / "history" / str(on) / "alert_events.parquet")


FIRST, SECOND, THIRD = date(2024, 5, 6), date(2024, 5, 7), date(2024, 9, 3)
"""The third lies behind most cool-downs, and within that of a family that declines."""

JUDGED, LATE, FLOODED = "R13", "R15", "R16"
"""Rules of the cases: one judged every day, one late on the third, one flooded."""

BY_PEOPLE = ("closed_by_reply", "replied", "disputed", "released")

CASES = [
    (before, signal)
    for before in STATUSES
    for signal in SIGNALS
    # A flood is of alerts that are new; a cool-down of alerts that were closed.
    if not (signal == "found_in_flood" and before in ("open", "held", "inhibited"))
    and not (signal == "found_in_cool_down" and before != "closed")  # cleared: see `june`
    and not (signal in BY_PEOPLE and before == "none")
]


def rule_of(before: str, signal: str) -> str:
    if before == "held" or signal == "found_in_flood":
        return FLOODED
    return LATE if signal == "not_evaluated" else JUDGED


def name_of(before: str, signal: str) -> str:
    return f"{before}-{signal}"


@pytest.fixture(scope="module")
def third_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All cases walked through three days: the state and the events of the third."""
    desk = Desk(tmp_path_factory.mktemp("life") / "home")
    told = [(rule_of(*case), name_of(*case), *case) for case in CASES]

    counties = {
        name: f"3715{50 + at}" if rule == FLOODED else "371502"
        for at, (rule, name, _, _) in enumerate(told)
    }

    def crowds(before: bool) -> list[dict[str, object]]:
        """Floods in the counties of what is held, and of what is to be."""
        return [
            found(FLOODED, f"crowd {name} {at}", county_code=counties[name])
            for rule, name, status, _ in told
            if rule == FLOODED and (status == "held") == before
            for at in range(60)
        ]

    def finding(rule: str, name: str, **more: object) -> dict[str, object]:
        return found(rule, name, county_code=counties[name], **more)

    standing = ("open", "inhibited", "cleared", "closed")
    state = desk.day(
        FIRST, [finding(rule, name) for rule, name, before, _ in told if before in standing]
    )
    code_of = dict(state.select("subject", "alert_id").iter_rows())
    for _, name, before, signal in told:
        if before == "closed":
            outcome = "declines" if signal == "found_in_cool_down" else "data_error"
            desk.reply(code_of[name], outcome, SECOND)
    second = [
        finding(rule, name, inhibited_by="helped" if before == "inhibited" else None)
        for rule, name, before, _ in told
        if before in ("open", "inhibited", "closed", "held")
    ]
    state = desk.day(SECOND, [*second, *crowds(before=True)])
    status_of = dict(state.select("subject", "status").iter_rows())
    assert [name for _, name, before, _ in told if status_of.get(name, "none") != before] == []
    code_of = dict(state.select("subject", "alert_id").iter_rows())
    holds = dict(state.select("subject", "hold_id").iter_rows())
    for _, name, before, signal in told:
        if signal in ("closed_by_reply", "replied"):
            outcome = "referred" if signal == "closed_by_reply" else "not_verified"
            desk.reply(code_of[name], outcome, THIRD, "B2")
        if signal == "disputed":
            desk.reply(code_of[name], "declines", THIRD, "B2")
            desk.reply(code_of[name], "taken_in_dibao", THIRD, "B3")
        if signal == "released" and before == "held":
            desk.sign(holds[name], THIRD)
    third = [
        finding(
            rule,
            name,
            inhibited_by="helped" if is_answered(before, signal) else None,
            is_judged=signal != "not_judged",
            level="emergency" if signal == "found_urgent" else "orange",
        )
        for rule, name, before, signal in told
        if has_condition(before, signal)
    ]
    third += crowds(before=False)
    return desk.day(THIRD, third, late=[LATE]), desk.events(THIRD)


def has_condition(before: str, signal: str) -> bool:
    """Whether the condition is found on the third day; people's signals come without news."""
    if signal in BY_PEOPLE:
        is_reopened = (before, signal) == ("closed", "disputed")
        return before in ("open", "held", "inhibited") or is_reopened
    return signal != "not_found"


def is_answered(before: str, signal: str) -> bool:
    return signal == "answered" or (signal in BY_PEOPLE and before == "inhibited")


@pytest.mark.parametrize(("before", "signal"), CASES, ids=str)
def test_every_transition_is_walked(
    third_day: tuple[pl.DataFrame, pl.DataFrame], before: str, signal: str
) -> None:
    state, events = third_day
    (row,) = [
        row for row in TRANSITIONS if (row["status_before"], row["signal"]) == (before, signal)
    ]
    alert = state.filter(pl.col("subject") == name_of(before, signal))
    assert (alert["status"].to_list() or ["none"]) == [row["status_after"]]
    if alert.height:
        told = events.filter(pl.col("alert_id") == alert["alert_id"][0])["event"].to_list()
        # An open alert whose level rises says so by its evidence, not by its status.
        joined = ["evidence_added"] if (before, signal) == ("open", "found_urgent") else []
        assert told == ([row["event"]] if row["event"] else joined)


def test_every_status_and_signal_has_exactly_one_row() -> None:
    pairs = [(row["status_before"], row["signal"]) for row in TRANSITIONS]
    assert sorted(pairs) == sorted((status, signal) for status in STATUSES for signal in SIGNALS)


def test_no_transition_leads_nowhere() -> None:
    events = {
        "", "opened", "held", "released", "inhibited", "cleared", "reopened", "replied", "closed",
    }  # fmt: skip
    assert {row["status_after"] for row in TRANSITIONS} <= set(STATUSES)
    assert {row["event"] for row in TRANSITIONS} <= events


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> dict[date, dict[str, dict[str, object]]]:
    """Some alerts over some days, each day's state by subject."""
    desk = Desk(tmp_path_factory.mktemp("weeks") / "home")
    days: dict[date, dict[str, dict[str, object]]] = {}

    def run(on: date, *findings: dict[str, object], late: Sequence[str] = ()) -> None:
        state = desk.day(on, findings, late)
        days[on] = {str(row["subject"]): row for row in state.to_dicts()}

    def crowd(rows: int, county: str = "371502") -> list[dict[str, object]]:
        return [found("R16", f"crowd {county} {at}", county_code=county) for at in range(rows)]

    steady = [found("R25", "steady"), found("R25", "gone"), found("R25", "answered")]
    rising = found("R17", "rising", level="yellow")
    urgent = found("R13", "urgent", level="emergency")
    run(date(2024, 4, 30), *steady, rising, urgent, *crowd(200))
    answered = found("R25", "answered", inhibited_by="helped")
    run(date(2024, 5, 6), steady[0], answered, found("R17", "rising", level="red"), *crowd(200))
    flood = [found("R16", f"flood {at}", county_code="371502") for at in range(51)]
    quiet = [found("R16", f"quiet {at}", county_code="371503") for at in range(50)]
    run(date(2024, 5, 7), steady[0], *crowd(200), *flood, *quiet, late=["R25"])
    hold = str(days[date(2024, 5, 7)]["flood 0"]["hold_id"])
    run(date(2024, 5, 8), steady[0], *crowd(200), *flood[1:], *quiet)
    desk.sign(hold, date(2024, 5, 9))
    run(date(2024, 5, 9), steady[0], answered, *crowd(200), *flood[1:], *quiet)
    closed = str(days[date(2024, 5, 9)]["steady"]["alert_id"])
    desk.reply(closed, "declines", date(2024, 5, 10))
    run(date(2024, 5, 10), steady[0], *crowd(200))
    run(date(2024, 5, 11), steady[0] | {"level": "red"}, *crowd(200))
    balance = pl.read_parquet(
        [str(desk.home.warehouse / "history" / str(on) / "alert_balance.parquet") for on in days]
    )
    days[date(1, 1, 1)] = {str(at): row for at, row in enumerate(balance.to_dicts())}
    return days


Weeks = dict[date, dict[str, dict[str, object]]]


def test_an_alert_keeps_its_code_from_day_to_day(weeks: Weeks) -> None:
    codes = {state["steady"]["alert_id"] for on, state in weeks.items() if on.year > 1}
    assert len(codes) == 1


def test_it_is_due_in_working_days_by_the_official_calendar(weeks: Weeks) -> None:
    # 1 to 5 May are holidays, 28 April and 11 May are worked.
    assert weeks[date(2024, 4, 30)]["steady"]["due_on"] == date(2024, 5, 13)


def test_an_emergency_is_due_the_next_day_holiday_or_not(weeks: Weeks) -> None:
    assert weeks[date(2024, 4, 30)]["urgent"]["due_on"] == date(2024, 5, 1)


def test_a_rise_of_the_level_brings_the_day_nearer(weeks: Weeks) -> None:
    before, after = (weeks[date(2024, *day)]["rising"] for day in ((4, 30), (5, 6)))
    assert (before["due_on"], after["due_on"]) == (date(2024, 5, 23), date(2024, 5, 9))


def test_what_ends_is_cleared_and_what_is_answered_is_not(weeks: Weeks) -> None:
    state = weeks[date(2024, 5, 6)]
    assert (state["gone"]["status"], state["answered"]["status"]) == ("cleared", "inhibited")


def test_a_late_source_moves_nothing(weeks: Weeks) -> None:
    state = weeks[date(2024, 5, 7)]
    told = {subject: state[subject]["status"] for subject in ("steady", "gone", "answered")}
    assert told == {"steady": "open", "gone": "cleared", "answered": "inhibited"}


def test_an_answer_never_swallows_a_clear(weeks: Weeks) -> None:
    assert weeks[date(2024, 5, 8)]["answered"]["status"] == "cleared"


def test_a_cleared_alert_that_comes_back_answered_stays_cleared(weeks: Weeks) -> None:
    assert weeks[date(2024, 5, 9)]["answered"]["status"] == "cleared"


def test_more_new_alerts_than_the_bound_are_held_one_fewer_are_not(weeks: Weeks) -> None:
    state = weeks[date(2024, 5, 7)]
    held = [subject for subject, row in state.items() if row["status"] == "held"]
    assert sorted(held) == sorted(f"flood {at}" for at in range(51))
    assert len({state[subject]["hold_id"] for subject in held}) == 1


def test_the_first_evaluated_day_is_no_flood(weeks: Weeks) -> None:
    assert weeks[date(2024, 4, 30)]["crowd 371502 0"]["status"] == "open"


def test_what_is_held_waits_clears_and_opens_when_it_is_signed_for(weeks: Weeks) -> None:
    assert weeks[date(2024, 5, 8)]["flood 0"]["status"] == "cleared"
    assert weeks[date(2024, 5, 8)]["flood 1"]["status"] == "held"
    released = weeks[date(2024, 5, 9)]["flood 1"]
    assert (released["status"], released["first_seen_on"]) == ("open", date(2024, 5, 7))
    assert released["due_on"] == date(2024, 5, 17)


def test_a_declined_support_alert_stays_closed_unless_its_level_rises(weeks: Weeks) -> None:
    closed, risen = (weeks[date(2024, 5, day)]["steady"] for day in (10, 11))
    assert (closed["status"], closed["outcome"], closed["closed_on"]) == (
        "closed", "declines", date(2024, 5, 10),
    )  # fmt: skip
    assert (risen["status"], risen["level"]) == ("open", "red")


def test_the_balance_of_each_county_adds_up_from_day_to_day(weeks: Weeks) -> None:
    rows = pl.DataFrame(list(weeks[date(1, 1, 1)].values())).sort("county_code", "on_date")
    moved = pl.col("open_before") + pl.col("new") - pl.col("cleared") - pl.col("closed")
    yesterday = pl.col("open_now").shift(1).over("county_code").fill_null(0)
    assert rows.filter(
        (moved != pl.col("open_now")) | (yesterday != pl.col("open_before"))
    ).is_empty()
    assert rows["new"].sum() > 300


@dataclass(frozen=True)
class Told:
    """What a few days told: states by day and subject, events, and the last day's memory."""

    states: dict[int, dict[str, dict[str, object]]]
    events: pl.DataFrame
    memory: dict[str, dict[str, object]]


def term(key: str, value: str, as_of: str, unit: str | None = None) -> dict[str, object]:
    return {
        "source": "civil_affairs.cases", "key": key, "field": "amount", "value": value,
        "as_of": as_of, "unit": unit, "step": None,
    }  # fmt: skip


@pytest.fixture(scope="module")
def june(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Corners of an alert's life on four days in June, the 3rd to the 6th."""
    desk = Desk(tmp_path_factory.mktemp("june") / "home")
    days = {number: date(2024, 6, number) for number in (3, 4, 5, 6)}
    states: dict[int, dict[str, dict[str, object]]] = {}

    def run(number: int, *findings: dict[str, object]) -> None:
        state = desk.day(days[number], findings)
        states[number] = {str(row["subject"]): row for row in state.to_dicts()}

    def code(subject: str) -> str:
        return str(states[3][subject]["alert_id"])

    def facts(*terms: dict[str, object]) -> dict[str, object]:
        return found("R05", "facts", evidence=json.dumps(terms))

    def crowd(name: str) -> list[dict[str, object]]:
        return [found("R16", f"{name} {at}") for at in range(51)]

    def red(subject: str, **told: object) -> dict[str, object]:
        return found("R25", subject, level="red", **told)

    unknown = found("R18", "unknown")
    run(
        3, red("closed"), red("answered"), unknown, found("R31", "back"), found("R31", "late"),
        facts(term("c1", "10", "2024-06-03"), term("c1", "5", "2024-06-03", "day")),
        found("R31", "overtaken"), found("R31", "disputed"), found("R31", "changed"),
        found("R31", "moved", township_code="371502001"),
        found("R31", "placed", township_code=None),
        found("R25", "posted"), found("R25", "relapsed"), red("eased"),
    )  # fmt: skip
    desk.deliver(code("back"), days[3])
    desk.reply(code("closed"), "declines", days[4])
    desk.reply(code("disputed"), "not_eligible", days[4])
    desk.reply(code("changed"), "not_eligible", days[4])
    desk.reply(code("relapsed"), "declines", days[4])
    run(
        4, red("closed"), found("R25", "answered", inhibited_by="helped"),
        unknown | {"level": None, "is_judged": False, "inhibited_by": "helped"},
        facts(term("c1", "10", "2024-06-04"), term("c1", "6", "2024-06-04", "day")),
        *crowd("first"), found("R16", "urgent", level="emergency"), found("R16", "worsened"),
        found("R31", "overtaken"), found("R31", "disputed"),
        found("R31", "moved", county_code="371525", township_code="371525001"),
        found("R31", "placed", township_code="371502001"),
        found("R25", "posted"), red("relapsed"), red("eased"),
    )  # fmt: skip
    desk.reply(code("overtaken"), "not_verified", days[5])
    for posted in ("posted", "eased"):
        desk.reply(code(posted), "declines", days[6], visited=days[4])
    desk.reply(code("overtaken"), "declines", days[6], "B2", visited=days[4])
    desk.reply(code("back"), "declines", days[6], visited=days[4])
    desk.reply(code("disputed"), "taken_in_dibao", days[5], visited=days[4])
    desk.reply(code("disputed"), "taken_in_dibao", days[6])
    desk.reply(code("closed"), "not_verified", days[5], "B2")
    desk.reply(code("late"), "declines", days[5])
    desk.reply(code("changed"), "circumstances_changed", days[5])
    run(
        5, found("R25", "closed"), found("R25", "answered", inhibited_by="helped"),
        found("R31", "back"),
        facts(term("c1", "10", "2024-06-05"), term("c2", "20", "2024-06-05")),
        *crowd("first"), *crowd("second"), found("R16", "urgent", level="emergency"),
        found("R16", "worsened", level="emergency"),
        found("R31", "overtaken"), found("R31", "disputed"), red("posted"), found("R25", "eased"),
    )  # fmt: skip
    desk.deliver(code("back"), days[5])
    second = str(states[5]["second 0"]["hold_id"])
    desk.sign(str(states[5]["first 0"]["hold_id"]), days[6])
    desk.sign(second, days[6], [str(states[5][f"second {at}"]["alert_id"]) for at in range(9)])
    desk.sign(second, days[6], [str(states[5]["second 9"]["alert_id"])])
    run(6, red("closed"), found("R31", "back"), found("R31", "late"),
        found("R31", "overtaken"), found("R31", "disputed"), found("R31", "changed"),
        red("posted"), found("R25", "relapsed"), red("eased"),
        *crowd("first"), *crowd("second"))  # fmt: skip
    with duckdb.connect(str(work_database(desk.home)), read_only=True) as connection:
        memory = connection.sql("from intermediate.int_rules__previous_findings").pl()
    events = pl.concat([desk.events(day) for day in days.values()])
    return Told(states, events, {str(row["subject"]): row for row in memory.to_dicts()})


def test_an_emergency_never_waits_for_a_signature(june: Told) -> None:
    state = june.states[4]
    assert (state["urgent"]["status"], state["first 0"]["status"]) == ("open", "held")


def test_what_is_held_and_becomes_an_emergency_opens_and_says_why(june: Told) -> None:
    held, opened = (june.states[day]["worsened"] for day in (4, 5))
    assert (held["status"], opened["status"]) == ("held", "open")
    told = june.events.filter(pl.col("alert_id") == opened["alert_id"]).select("event", "detail")
    assert told.rows()[1] == ("released", "level emergency")


def test_a_held_flood_does_not_let_the_next_one_pass(june: Told) -> None:
    state = june.states[5]
    assert state["second 0"]["status"] == "held"
    assert state["second 0"]["hold_id"] != state["first 0"]["hold_id"]


def test_a_signature_opens_what_it_was_given_for_and_nothing_else(june: Told) -> None:
    status = {at: june.states[6][f"second {at}"]["status"] for at in range(51)}
    assert [at for at, told in status.items() if told == "open"] == list(range(10))
    assert {told for at, told in status.items() if at >= 10} == {"held"}
    assert june.states[6]["first 50"]["status"] == "open"


def test_help_answers_an_alert_whose_condition_is_not_known(june: Told) -> None:
    assert june.states[4]["unknown"]["status"] == "inhibited"


def test_a_level_that_falls_and_comes_back_in_the_cool_down_is_no_rise(june: Told) -> None:
    assert june.states[5]["closed"]["status"] == june.states[6]["closed"]["status"] == "closed"


def test_a_visit_answers_the_level_of_its_day_however_long_its_reply_takes(june: Told) -> None:
    risen, fallen_and_back = (june.states[6][subject] for subject in ("posted", "eased"))
    assert (risen["status"], risen["level"], risen["first_seen_on"]) == (
        "open", "red", date(2024, 6, 6),
    )  # fmt: skip
    assert (fallen_and_back["status"], fallen_and_back["outcome"]) == ("closed", "declines")


def test_a_rise_that_has_ended_does_not_end_the_cool_down(june: Told) -> None:
    told = [june.states[number]["relapsed"]["status"] for number in (4, 5, 6)]
    assert told == ["open", "cleared", "cleared"]


def test_an_alert_that_ended_remembers_when(june: Told) -> None:
    told = [june.states[number]["relapsed"]["cleared_on"] for number in (4, 5, 6)]
    assert told == [None, date(2024, 6, 5), date(2024, 6, 5)]


def test_a_further_visit_in_vain_leaves_the_outcome_that_closed(june: Told) -> None:
    assert june.states[5]["closed"]["outcome"] == "declines"


def test_an_earlier_visit_told_later_does_not_overtake_the_last_one(june: Told) -> None:
    state = june.states[6]["overtaken"]
    assert (state["status"], state["outcome"]) == ("open", "not_verified")


def test_a_visit_made_before_an_alert_opened_anew_does_not_close_it(june: Told) -> None:
    assert june.states[6]["back"]["status"] == "open"


def test_replies_that_disagree_open_an_alert_again_until_a_later_visit_decides(june: Told) -> None:
    told = [june.states[number]["disputed"] for number in (4, 5, 6)]
    assert [(state["status"], state["outcome"]) for state in told] == [
        ("closed", "not_eligible"), ("open", None), ("closed", "taken_in_dibao"),
    ]  # fmt: skip
    assert told[1]["cool_until_on"] is None
    assert told[1]["closed_on"] is None


def test_a_further_outcome_brings_a_cool_down_of_its_own(june: Told) -> None:
    until = [june.states[number]["changed"]["cool_until_on"] for number in (4, 5, 6)]
    declined, changed = date(2024, 6, 4) + timedelta(180), date(2024, 6, 5) + timedelta(60)
    assert until == [declined, changed, changed]


def test_a_closed_alert_stands_as_it_was_answered_and_its_rule_remembers_the_level(
    june: Told,
) -> None:
    assert (june.states[5]["closed"]["level"], june.memory["closed"]["level"]) == ("red", "orange")


def test_a_level_that_fell_while_help_answered_it_is_remembered(june: Told) -> None:
    assert june.memory["answered"]["level"] == "orange"


def test_a_visit_told_after_the_condition_ended_keeps_it_quiet(june: Told) -> None:
    assert [june.states[number]["late"]["status"] for number in (3, 4, 5, 6)] == [
        "open", "cleared", "closed", "closed",
    ]  # fmt: skip


def test_a_new_fact_joins_the_open_alert_and_a_passing_day_is_none(june: Told) -> None:
    told = june.events.filter(
        (pl.col("alert_id") == june.states[3]["facts"]["alert_id"])
        & (pl.col("event") == "evidence_added")
    )
    assert told.select("on_date", "detail").rows() == [(date(2024, 6, 5), "new evidence")]


@pytest.mark.parametrize(("subject", "left"), [("moved", "371502001"), ("placed", "371502")])
def test_a_family_that_moved_is_told_which_office_had_it(
    june: Told, subject: str, left: str
) -> None:
    told = june.events.filter(
        (pl.col("alert_id") == june.states[3][subject]["alert_id"])
        & (pl.col("event") == "evidence_added")
    )
    assert told.select("on_date", "detail").rows() == [(date(2024, 6, 4), f"moved from {left}")]
    assert june.states[4]["moved"]["township_code"] == "371525001"


def test_a_list_before_a_reopening_is_not_taken_for_one_after_it(june: Told) -> None:
    assert [june.states[number]["back"]["delivered_on"] for number in (4, 5, 6)] == [
        date(2024, 6, 3), None, date(2024, 6, 5),
    ]  # fmt: skip


def test_no_event_names_who_signed(june: Told) -> None:
    assert "released" in june.events["event"]
    assert not june.events["detail"].str.contains("局长").any()


def test_a_day_whose_replacement_was_interrupted_is_taken_back(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (home.warehouse / "history" / f".{SECOND}.before").mkdir(parents=True)
    history.clean_up(home)
    assert history.run_days(home) == [SECOND]


def with_a_hold(root: Path) -> Home:
    """A home whose second day is published and holds H1."""
    home = Home(root)
    held = {"alert_id": "A1", "rule_id": "R16", "status": "held", "hold_id": "H1"}
    told = held | {"county_code": "371502", "first_seen_on": SECOND}
    kept = home.warehouse / "history" / str(SECOND)
    kept.mkdir(parents=True)
    pl.DataFrame([told], schema=history.ALERTS).write_parquet(kept / "alerts.parquet")
    (home.published / ".versions" / f"{SECOND}-x").mkdir(parents=True)
    (home.published / ".current").symlink_to(Path(".versions") / f"{SECOND}-x")
    return home


def test_a_hold_is_signed_for_by_its_name_with_a_reason(tmp_path: Path) -> None:
    home = with_a_hold(tmp_path)
    with pytest.raises(UsageError, match="held are H1"):
        sign(home, "H2", "局长", "已核", datetime(2024, 5, 8, 9))
    with pytest.raises(UsageError, match="--by"):
        sign(home, "H1", " ", "已核", datetime(2024, 5, 8, 9))
    next_day = SECOND + timedelta(days=1)
    assert sign(home, "h1", "局长", "已核", datetime(2024, 5, 8, 9)) == next_day
    assert releases(home, next_day).rows() == [("H1", "A1", next_day, "局长")]
    assert releases(home, SECOND).is_empty()


def test_what_is_signed_for_is_not_signed_for_again_and_the_first_name_stays(
    tmp_path: Path,
) -> None:
    home = with_a_hold(tmp_path)
    sign(home, "H1", "局长", "已核", datetime(2024, 5, 8, 9))
    with pytest.raises(UsageError, match="signed for already, by 局长; its alerts open with"):
        sign(home, "H1", "科员", "再核", datetime(2024, 5, 8, 10))
    assert releases(home)["signed_by"].to_list() == ["局长"]
    assert held_sentences(home, SECOND)[0].endswith(
        "局长 signed for them, they open with the run of 2024-05-08."
    )


def test_what_joins_a_hold_after_its_signature_waits_for_another(tmp_path: Path) -> None:
    home = with_a_hold(tmp_path)
    sign(home, "H1", "局长", "已核", datetime(2024, 5, 8, 9))
    kept = history.file_of(home, SECOND, "alerts")
    (told,) = pl.read_parquet(kept).to_dicts()
    pl.DataFrame([told, told | {"alert_id": "A2"}], schema=history.ALERTS).write_parquet(kept)
    assert "1 came after a signature" in held_sentences(home, SECOND)[0]
    sign(home, "H1", "科员", "再核", datetime(2024, 5, 8, 10))
    assert releases(home).select("alert_id", "signed_by").rows() == [("A1", "局长"), ("A2", "科员")]


def test_a_signature_counts_after_the_newest_day_run_though_that_was_not_published(
    tmp_path: Path,
) -> None:
    home = with_a_hold(tmp_path)
    (home.warehouse / "history" / str(THIRD)).mkdir()
    assert sign(home, "H1", "局长", "已核", datetime(2024, 5, 8, 9)) == THIRD + timedelta(days=1)


def test_nobody_signs_while_a_day_is_run(tmp_path: Path, wendu: Callable[..., Ran]) -> None:
    home = with_a_hold(tmp_path)
    signature = ("release", "--hold", "H1", "--by", "局长", "--reason", "已核")
    with FileLock(home.lock):
        ran = wendu(*signature, home=home.root)
    assert (ran.code, "is in use" in ran.err) == (5, True)
    assert releases(home).is_empty()
    assert wendu(*signature, home=home.root).code == 0


def test_signing_in_a_home_that_is_not_there_makes_none(
    tmp_path: Path, wendu: Callable[..., Ran]
) -> None:
    mistyped = tmp_path / "hone"
    ran = wendu("release", "--hold", "H1", "--by", "局长", "--reason", "已核", home=mistyped)
    assert (ran.code, str(mistyped) in ran.err, mistyped.exists()) == (4, True, False)


def test_a_signature_stays_where_a_late_delivery_moves_the_flood_to_an_earlier_day(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path / "home")
    crowd = [found("R16", f"crowd {at}") for at in range(51)]
    first, second, third, fourth = (date(2024, 6, day) for day in (3, 4, 5, 6))
    for on, findings in ((first, []), (second, []), (third, crowd)):
        state = desk.day(on, findings)
    signed_hold = str(state["hold_id"][0])
    desk.sign(signed_hold, fourth, state["alert_id"].to_list()[:50])
    for on in (second, third):
        state = desk.day(on, crowd)
    assert set(state["status"]) == {"held"} and signed_hold not in set(state["hold_id"])
    (held,) = held_batches(desk.home, third).to_dicts()
    assert (held["alerts"], held["unsigned"]) == (51, 1)
    state = desk.day(fourth, crowd)
    assert state["status"].value_counts().sort("count").rows() == [("held", 1), ("open", 50)]


def test_no_day_is_judged_without_the_rule_of_an_alert_that_stands(tmp_path: Path) -> None:
    standing = pl.DataFrame({"rule_id": ["R13", "R14"]})
    policy = tmp_path / "seeds" / "policy"
    policy.mkdir(parents=True)
    (policy / "rules.csv").write_text("rule_id\nR13\nR14\n", encoding="utf-8")
    require_rules(standing, tmp_path)
    (policy / "rules.csv").write_text("rule_id\nR13\n", encoding="utf-8")
    with pytest.raises(UsageError, match="does not name R14 any more"):
        require_rules(standing, tmp_path)
