"""A day's deliveries received while the day before is published: which, and which not."""

import pytest

from pipelines.defs.departments import begin_receiving_early
from pipelines.defs.installation import Installation
from pipelines.ingest import load_receipts
from pipelines.ingest.receive import receive
from tests.unit.deliveries import FIRST, SECOND, THIRD, Office, payment_row, payroll_row

RUN, STEP = "run", "receive_finance"


@pytest.fixture
def office(tmp_path):
    office = Office(tmp_path / "home")
    office.payroll(FIRST, payroll_row(1))
    office.receive(until=FIRST)
    office.payments(THIRD, payment_row("P1"))
    return office


@pytest.fixture
def installation(office):
    installation = Installation(office.home, "371500")
    vars(installation)["judge"] = office.gate
    yield installation
    installation.ahead.close()


def received_on(office: Office) -> list[object]:
    return [receipt.received_on for receipt in load_receipts(office.home, THIRD)]


def test_the_day_that_comes_next_is_received_early(office, installation):
    begin_receiving_early(installation, RUN, THIRD)
    [receipt] = installation.ahead.finish(RUN, STEP, lambda: pytest.fail("it was not begun"))
    assert (receipt.received_on, receipt.verdict) == (THIRD, "accepted")
    assert received_on(office) == [FIRST, THIRD]


def test_nothing_is_while_a_delivery_of_a_day_before_it_waits(office, installation):
    office.payroll(SECOND, payroll_row(1), payroll_row(2))
    begin_receiving_early(installation, RUN, THIRD)
    assert not installation.ahead.has_begun(RUN, STEP)
    assert received_on(office) == [FIRST]


def test_what_comes_meanwhile_of_a_day_before_it_is_left_for_its_turn(office):
    office.payroll(SECOND, payroll_row(1), payroll_row(2))
    city = Installation(office.home, "371500").city
    home, vault, gate = office.home, office.vault, office.gate
    receive(home, city, "finance", THIRD, vault, gate, since=THIRD)
    assert received_on(office) == [FIRST, THIRD]
    office.receive()
    assert received_on(office) == [FIRST, SECOND, THIRD]


def test_a_department_is_asked_for_what_it_holds_in_its_turn(office, installation):
    connections = installation.city.departments
    asked = connections["finance"].model_copy(
        update={"form": "api", "url": "http://localhost/{table}"}
    )
    installation.city = installation.city.model_copy(
        update={"departments": connections | {"finance": asked}}
    )
    begin_receiving_early(installation, RUN, THIRD)
    assert not installation.ahead.has_begun(RUN, STEP)
