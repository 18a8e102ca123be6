"""What lies in landing makes today run again, once, when it is complete."""

import os
from datetime import date, datetime, timedelta

import dagster as dg
import pytest

from pipelines.defs import automation
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


def asked() -> dg.RunRequest | dg.SkipReason:
    (answer,) = [automation.landing(dg.build_sensor_context())]
    return answer


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
