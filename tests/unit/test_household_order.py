"""How families follow each other by number, as told to the warehouse: without the numbers."""

from datetime import date

import polars as pl

from pipelines.contracts.sources import load_contracts
from pipelines.ingest.household_order import HOUSEHOLD_ORDER, household_order
from tests.unit.deliveries import FIRST, SECOND, Office, member


def in_order(office: Office, until: date) -> list[str]:
    """The numbers of families in the order the warehouse is told."""
    told = household_order(load_contracts(), office.vault, until)
    assert told.schema == HOUSEHOLD_ORDER
    assert told["number_order"].to_list() == list(range(1, told.height + 1))
    numbers = office.vault.households(told["household_key"])
    known = dict(numbers.select("household_key", "household_no").iter_rows())
    return [known[key] for key in told["household_key"]]


def test_families_follow_by_number_whenever_they_were_received(office):
    office.database(FIRST, "members", [member("J20", 1), member("J10", 2)])
    office.database(SECOND, "members", [member(no, at) for at, no in enumerate(
        ["J20", "J10", "J05", "J15", "J3"], 1)])  # fmt: skip
    office.receive("civil_affairs")
    assert in_order(office, FIRST) == ["J10", "J20"]
    assert in_order(office, SECOND) == ["J05", "J10", "J15", "J20", "J3"]


def test_a_watched_family_is_ordered_apart(office):
    office.file("agriculture", FIRST, "monitored_members.csv", (
        "户编号,证件号码,姓名,与户主关系\nJ1,371599195001010013,张某,02\n").encode())  # fmt: skip
    office.database(FIRST, "members", [member("J9", 1)])
    office.receive("civil_affairs")
    office.receive("agriculture")
    told = household_order(load_contracts(), office.vault, FIRST)
    assert told.select("concept", "number_order").rows() == [
        ("civil_affairs", 1), ("relapse_watch", 1),
    ]  # fmt: skip


def test_before_anything_came_nobody_is_ordered(office):
    told = household_order(load_contracts(), office.vault, FIRST)
    assert told.schema == HOUSEHOLD_ORDER
    assert told.is_empty()


def test_what_the_warehouse_is_told_holds_no_number(office):
    office.database(FIRST, "members", [member("J20", 1)])
    office.receive("civil_affairs")
    told = household_order(load_contracts(), office.vault, FIRST)
    assert [name for name, kind in told.schema.items() if kind == pl.String] == ["concept"]
