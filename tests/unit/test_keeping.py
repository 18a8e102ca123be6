"""The last step of a day deletes what is old, and never takes the published day back."""

import json
from datetime import timedelta

from pipelines.defs.installation import Installation
from pipelines.defs.keeping import RECORD, delete_what_is_old, refusals_deleted_since
from pipelines.settings import now
from tests.unit.deliveries import FIRST, Office, payroll_row

LONG_AFTER = FIRST + timedelta(days=401)


def test_the_first_run_of_a_home_writes_down_what_it_deleted(office: Office):
    office.payroll(FIRST, payroll_row(1))
    office.receive()
    assert not office.home.runs.exists()
    told = delete_what_is_old(Installation(office.home, "371500"), LONG_AFTER)
    assert "1 raw deliveries" in told
    record = json.loads((office.home.runs / RECORD).read_text(encoding="utf-8"))
    assert (record["on_date"], record["deliveries"]) == (str(LONG_AFTER), 1)


def test_where_it_cannot_be_written_down_nothing_is_deleted_and_it_is_told(office: Office):
    office.payroll(FIRST, payroll_row(1))
    office.receive()
    office.home.runs.write_text("no folder")
    told = delete_what_is_old(Installation(office.home, "371500"), LONG_AFTER)
    assert told.endswith("The day is published.")
    assert office.home.delivery("finance", FIRST).is_dir()


def test_what_was_deleted_is_told_though_it_cannot_be_written_down(office: Office):
    office.payroll(FIRST, payroll_row(1))
    office.receive()
    (office.home.runs / RECORD).mkdir(parents=True)
    told = delete_what_is_old(Installation(office.home, "371500"), LONG_AFTER)
    assert "1 raw deliveries" in told
    assert "could not be written down" in told
    assert not office.home.delivery("finance", FIRST).exists()


def test_a_replay_can_tell_that_content_of_refused_rows_is_gone(office: Office):
    office.payroll(FIRST, payroll_row(1), payroll_row(2, wage="五千"))
    office.receive()
    before = now().timestamp() - 1
    assert not refusals_deleted_since(office.home, before)
    office.home.runs.mkdir()
    (office.home.runs / RECORD).write_text('{"cut off by a full d\n')
    delete_what_is_old(Installation(office.home, "371500"), LONG_AFTER)
    assert refusals_deleted_since(office.home, before)
    assert not refusals_deleted_since(office.home, before + 3600)
