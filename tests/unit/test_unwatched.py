"""A run that nobody watched leaves the same account as one at the command line."""

import json
from datetime import timedelta

import dagster as dg
import pytest

from pipelines.defs.automation import AGAIN
from pipelines.defs.cut_off import cut_off_run
from pipelines.defs.day_report import DayReport, Outcome
from pipelines.defs.installation import HomeInUseError, Installation
from pipelines.defs.keeping import KEPT_RUN_DAYS, forget_old_runs
from pipelines.defs.unwatched import DAY, _tell, tell_of_run
from pipelines.settings import WenduError, now
from tests.unit.deliveries import FIRST, Office


class SpilledInkError(WenduError):
    """A fault with a sentence."""


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run(instance: dg.DagsterInstance, fault: BaseException | None, **tags: str) -> dg.DagsterRun:
    @dg.op
    def write_lists() -> None:
        if fault:
            raise fault

    @dg.job
    def daily_run() -> None:
        write_lists()

    ended = daily_run.execute_in_process(
        instance=instance, tags={DAY: str(FIRST)} | tags, raise_on_error=False
    )
    return instance.get_run_by_id(ended.run_id)


def told_of(office: Office, instance: dg.DagsterInstance, fault: Exception | None) -> DayReport:
    report = tell_of_run(Installation(office.home, "371500"), instance, run(instance, fault))
    kept = json.loads((office.home.runs / f"{FIRST}.json").read_text(encoding="utf-8"))
    assert kept["outcome"] == report.outcome.name.lower()
    assert set(kept["seconds"]) == {"write_lists"}
    return report


def test_a_failed_run_is_told_with_its_sentence_and_never_a_traceback(office, instance):
    report = told_of(office, instance, SpilledInkError("The ink is spilled; wipe it."))
    assert report.outcome is Outcome.NOTHING_PUBLISHED
    assert report.sentences[0] == "The ink is spilled; wipe it."


def test_an_unforeseen_fault_is_named_without_its_text(office, instance):
    report = told_of(office, instance, ValueError("371599195001010015"))
    assert "ValueError" in report.sentences[0]
    assert not [sentence for sentence in report.sentences if "3715991950" in sentence]


def test_a_run_that_ended_well_tells_what_was_late(office, instance):
    report = told_of(office, instance, None)
    assert report.outcome is Outcome.PUBLISHED_WITH_GAPS
    assert len(report.sentences) == 4


@pytest.mark.parametrize(
    ("fault", "tags", "is_told"),
    [
        (SpilledInkError("Wipe it."), {}, True),
        (dg.DagsterExecutionInterruptedError(), {}, False),
        (HomeInUseError("In use."), {}, False),
        (HomeInUseError("In use."), {AGAIN: "yes"}, True),
    ],
)
def test_a_run_that_was_stopped_or_found_the_home_in_use_says_nothing_of_the_day(
    office, instance, monkeypatch, fault, tags, is_told
):
    monkeypatch.setenv("WENDU_HOME", str(office.home.root))
    ended = run(instance, fault, **tags)
    [event] = instance.all_logs(ended.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    _tell(dg.build_run_status_sensor_context("tell", event.dagster_event, instance, ended))
    assert (office.home.runs / f"{FIRST}.json").exists() is is_told
    assert (cut_off_run(instance, "daily_run", FIRST) is None) is is_told


def test_old_runs_leave_the_record_and_younger_ones_stay(instance):
    old = run(instance, None)
    assert forget_old_runs(instance, now()) == 0
    assert forget_old_runs(instance, now() + timedelta(days=KEPT_RUN_DAYS + 1)) == 1
    assert instance.get_run_by_id(old.run_id) is None
