"""The next of several days is received beside the one at work, and changes nothing under it."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from pipelines.contracts.city import load_city
from pipelines.defs.ahead import Ahead
from pipelines.defs.departments import begin_receiving_beside
from pipelines.ingest import load_receipts
from tests.unit.deliveries import FIRST, SECOND, THIRD, Office, member, payroll_row


@pytest.fixture
def installation(office: Office) -> Iterator[SimpleNamespace]:
    place = SimpleNamespace(
        home=office.home, city=load_city("371500"), vault=office.vault, judge=office.gate,
        ahead=Ahead(),
    )  # fmt: skip
    yield place
    place.ahead.close()


def received(office: Office) -> list[tuple[str, str]]:
    return [(told.department, told.verdict) for told in load_receipts(office.home, THIRD)]


def begin(installation: SimpleNamespace) -> None:
    begin_receiving_beside(installation, "run", SECOND, FIRST, asks=True)
    installation.ahead.close()


def test_the_next_day_is_received(office, installation):
    office.payroll(SECOND, payroll_row(1))
    begin(installation)
    assert received(office) == [("finance", "accepted")]


def test_nothing_after_it_is(office, installation):
    office.payroll(THIRD, payroll_row(1))
    begin(installation)
    assert received(office) == []


def test_where_a_delivery_waits_that_belongs_to_the_day_at_work_nothing_is(office, installation):
    office.payroll(FIRST, payroll_row(1))
    office.payroll(SECOND, payroll_row(1), payroll_row(2))
    office.database(SECOND, "members", [member("J1", 1)])
    begin(installation)
    assert received(office) == [("civil_affairs", "accepted")]
