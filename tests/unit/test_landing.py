"""What lies in landing makes today run again, once, when it is complete."""

import os
from datetime import date, datetime, timedelta

import dagster as dg
import pytest
from filelock import FileLock

from pipelines.defs import automation
from pipelines.defs.automation import WATCHED
from pipelines.defs.cut_off import DAY, mark_as_cut_off
from pipelines.defs.landing import QUIET, waiting_in_landing
from pipelines.settings import TIME_ZONE
from tests.unit.deliveries import FIRST, SECOND, Office, payroll_row

AT = datetime(2024, 4, 2, 12, 0, tzinfo=TIME_ZONE)


def drop(office: Office, day: date, at: datetime, row: str | None = None) -> None:
    path = office.payroll(day, row or payroll_row(1))
    os.utime(path, (at.timestamp(), at.timestamp()))


def test_a_delivery_is_complete_when_it_has_been_quiet_for_a_while(office):
    drop(office, SECOND, AT - QUIET)
    assert waiting_in_landing(office.home, AT).complete == ("finance/2024-04-02",)
    just_before = waiting_in_landing(office.home, AT - timedelta(seconds=1))
    assert (just_before.complete, just_before.arriving) == ((), ("finance/2024-04-02",))


def test_what_was_accepted_or_is_of_a_later_day_waits_for_nothing(office):
    drop(office, FIRST, AT - QUIET)
    office.receive(until=FIRST)
    drop(office, SECOND + timedelta(days=1), AT - QUIET)
    assert not waiting_in_landing(office.home, AT).is_new


def test_a_delivery_that_failed_is_tried_again_when_it_was_mended_and_not_before(office):
    drop(office, FIRST, AT - QUIET, "eine Spalte")
    office.receive(until=FIRST)
    failed = waiting_in_landing(office.home, AT)
    assert failed.is_new
    assert waiting_in_landing(office.home, AT + timedelta(hours=1)).mark == failed.mark
    drop(office, FIRST, AT)
    assert waiting_in_landing(office.home, AT + QUIET).mark != failed.mark


@pytest.fixture
def noon(office, monkeypatch):
    """The sensor's clock stands at noon of a day in the home of the office."""
    monkeypatch.setenv("WENDU_HOME", str(office.home.root))
    monkeypatch.setattr(automation, "now", lambda: AT)
    return office


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def asked(instance: dg.DagsterInstance | None = None) -> dg.RunRequest | dg.SkipReason:
    with dg.DagsterInstance.ephemeral() as none_ran:
        return automation.landing(dg.build_sensor_context(instance or none_ran))


def test_before_the_mornings_run_the_sensor_leaves_everything_to_it(noon):
    drop(noon, SECOND, AT - QUIET)
    assert "was not run yet" in str(asked().skip_message)


def test_after_it_a_new_delivery_runs_today_once(noon):
    noon.home.runs.mkdir()
    (noon.home.runs / "2024-04-02.json").write_text("{}")
    assert "Nothing new" in str(asked().skip_message)
    drop(noon, SECOND, AT - QUIET)
    first, second = asked(), asked()
    assert first.partition_key == "2024-04-02"
    assert first.run_key == second.run_key  # the orchestrator starts one run per key


def begun(instance: dg.DagsterInstance, **tags: str) -> dg.DagsterRun:
    """A run of today that began a while ago, of which nobody heard again."""

    @dg.job
    def daily_run() -> None: ...

    return instance.create_run_for_job(
        daily_run, status=dg.DagsterRunStatus.STARTED, tags={DAY: "2024-04-02"} | tags
    )


@pytest.fixture
def long_after(noon, monkeypatch):
    """The same sensor when runs that begin now have begun long ago."""
    tomorrow = datetime.now(TIME_ZONE) + timedelta(days=1)
    monkeypatch.setattr(automation, "now", lambda: tomorrow)
    return noon


def test_a_run_that_died_keeps_no_other_from_beginning(long_after, instance):
    run = begun(instance)
    asked(instance)
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.CANCELED


def test_a_run_that_works_at_a_day_holds_the_home_and_is_left_alone(long_after, instance):
    run = begun(instance)
    with FileLock(long_after.home.lock):
        asked(instance)
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.STARTED


def test_a_run_that_has_just_begun_is_left_alone(noon, instance):
    run = begun(instance)
    asked(instance)
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.STARTED


def test_today_is_run_again_once_where_its_run_was_cut_off(noon, instance):
    run = begun(instance)
    mark_as_cut_off(instance, run)
    again = asked(instance)
    assert (again.partition_key, again.run_key) == ("2024-04-02", f"after {run.run_id}")
    begun(instance)
    assert "was not run yet" in str(asked(instance).skip_message)


def test_what_was_cut_off_at_the_command_line_is_left_to_whoever_sat_there(noon, instance):
    mark_as_cut_off(instance, begun(instance, **{WATCHED: "yes"}))
    assert "was not run yet" in str(asked(instance).skip_message)
