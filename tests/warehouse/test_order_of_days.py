"""Which days are due: whatever the order of running, the days end as if run in order.

A day is handmade: what it hands on is a hash of all that the days before it hand on, so that
every wrong order would show.
"""

import hashlib
import json
from datetime import date, timedelta

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.settings import Home
from pipelines.warehouse import history
from pipelines.warehouse.order_of_days import due_days, missed_days
from pipelines.warehouse.work_database import work_database

FIRST = date(2024, 4, 30)
MODELS = {
    "int_rules__alerts": history.ALERTS
    | {"event_of_day": pl.String(), "status_before": pl.String()},
    "int_rules__alert_events": history.EVENTS,
    "int_rules__alert_balance": history.BALANCE,
    "int_rules__both_errors": history.BOTH_ERRORS,
    "int_rules__evaluations_today": history.EVALUATIONS,
    "int_rules__audit_sample_today": history.AUDIT_SAMPLE,
}


def day(number):
    return FIRST + timedelta(days=number)


def build(home, on_date, found=""):
    """Hand on an event that tells of the day, what was found and all events before it."""
    before = history.earlier(home, on_date)["alert_events"]
    told = hashlib.sha256(f"{on_date} {found} {before.rows()}".encode()).hexdigest()
    home.warehouse.mkdir(parents=True, exist_ok=True)
    work_database(home).unlink(missing_ok=True)
    with duckdb.connect(str(work_database(home))) as connection:
        connection.execute("create schema intermediate")
        for name, schema in MODELS.items():
            frame = pl.Schema(schema).to_frame()
            if name == "int_rules__alert_events":
                frame = pl.DataFrame([("A", "opened", on_date, told)], schema=schema, orient="row")
            connection.register("incoming", frame.to_arrow())
            connection.execute(f"create table intermediate.{name} as select * from incoming")
    history.remember(home, on_date)


def show(home, on_date):
    """Publish what was built."""
    home.day(on_date).mkdir(parents=True, exist_ok=True)
    told = {"stands_on": history.stands_on(home, on_date)}
    (home.day(on_date) / "manifest.json").write_text(json.dumps(told))


def run(home, first, last=None, found=""):
    """Run days as the command does; returns which were run."""
    ran = []
    for due in due_days(home, first, last or first, since=[*missed_days(home, first), first][0]):
        build(home, due.on_date, "" if due.why == "again" else found)
        show(home, due.on_date)
        ran.append((due.on_date, due.why))
    return ran


def state(home):
    return {on_date: history.stands_on(home, on_date) for on_date in history.run_days(home)}


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def test_a_day_alone_is_run_alone(home):
    assert run(home, day(3)) == [(day(3), "asked")]


def test_days_missed_before_a_day_are_run_first(home):
    run(home, day(0))
    assert missed_days(home, day(3)) == [day(1), day(2)]
    assert run(home, day(3)) == [(day(1), "missed"), (day(2), "missed"), (day(3), "asked")]


def test_days_before_the_first_one_ever_run_are_not_missed(home):
    run(home, day(2))
    assert missed_days(home, day(3)) == []


def test_a_day_that_hands_on_the_same_runs_nothing_after_it(home):
    run(home, day(0), day(3))
    assert run(home, day(1)) == [(day(1), "asked")]


def test_a_day_that_hands_on_something_else_runs_all_after_it_again(home):
    run(home, day(0), day(3))
    assert run(home, day(1), found="late") == [
        (day(1), "asked"), (day(2), "again"), (day(3), "again"),
    ]  # fmt: skip


def test_a_run_cut_off_before_it_published_is_finished_by_the_next(home):
    run(home, day(0), day(2))
    build(home, day(1), found="late")
    assert run(home, day(3), found="late") == [
        (day(1), "missed"), (day(2), "again"), (day(3), "asked"),
    ]  # fmt: skip


def test_a_day_that_was_refused_is_not_tried_again_by_itself(home):
    run(home, day(0))
    build(home, day(1))
    home.runs.mkdir()
    (home.runs / f"{day(1)}.json").write_text(json.dumps({"outcome": "nothing_published"}))
    assert run(home, day(2)) == [(day(2), "asked")]


@settings(max_examples=6, deadline=None)
@given(asked=st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_any_order_of_running_ends_as_in_order(tmp_path_factory, asked):
    muddled, in_order = (Home(tmp_path_factory.mktemp("home")) for _ in range(2))
    for number in asked:
        run(muddled, day(number))
    run(in_order, day(min(asked)), day(max(asked)))
    assert state(muddled) == state(in_order)


def test_a_day_run_before_there_was_something_to_hand_on_hands_on_nothing_of_it(tmp_path):
    home = Home(tmp_path)
    build(home, day(0))
    build(home, day(1))
    history.file_of(home, day(0), "both_errors").unlink()
    assert history.earlier(home, day(2))["both_errors"].is_empty()
    assert history.earlier(home, day(1))["both_errors"].schema == history.BOTH_ERRORS
