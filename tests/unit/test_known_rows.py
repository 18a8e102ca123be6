"""What a process remembers of the last delivery: nothing differs for it, and little is read."""

import json
import random
import shutil
import sys
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipelines.ingest import known_rows
from pipelines.vault import Vault
from pipelines.vault.forgotten import Forgotten
from tests.unit.deliveries import FIRST, SECOND, THIRD, Office, member, number, payroll_row
from tests.unit.test_ingest import standing

receiving = sys.modules["pipelines.ingest.receive"]
BEFORE_NEW_YEAR = date(2023, 12, 27)
PEOPLE = 40


def twins(tmp_path: Path) -> tuple[Office, Office]:
    """Two offices with one key."""
    first = Office(tmp_path / "remembers")
    shutil.copytree(first.home.root, tmp_path / "forgets")
    return first, Office(tmp_path / "forgets")


def sealed(office: Office) -> dict[str, list[dict[str, object]]]:
    """What stands in every sealed file, by its place."""
    return {
        str(path.relative_to(office.home.vault)): office.vault.unseal(path).to_dicts()
        for path in sorted(office.home.vault.rglob("received_on=*.sealed"))
    }


def kept(office: Office) -> dict[str, object]:
    """Lake and quarantine in rows, receipts whole."""
    files = sorted(
        path
        for place in (office.home.lake, office.home.quarantine)
        for path in place.rglob("*")
        if path.is_file()
    )
    return {
        str(path.relative_to(office.home.root)): pl.read_parquet(path).to_dicts()
        if path.suffix == ".parquet"
        else json.loads(path.read_text())
        for path in files
    }


def payroll_of(chance: random.Random) -> list[str]:
    """A register in which some rows are refused, at fault, remarkable, twice there or gone."""
    rows = []
    for sequence in range(PEOPLE):
        match chance.randrange(60):
            case 0:
                continue
            case 1:
                rows.append(payroll_row(sequence, id_no=number(sequence)[:-1] + "?"))
            case 2:
                rows.append(payroll_row(sequence, until="昨天"))
            case 3:
                rows.append(payroll_row(sequence, str(chance.randrange(3))))
            case 4:
                rows.append(payroll_row(sequence, employer=f"某局{chance.randrange(3)}"))
            case 5:
                rows.append(payroll_row(sequence, since="2024-01-02"))
            case 6:
                rows.append(payroll_row(sequence, name="王某"))
            case 7 if chance.random() < 0.15:
                rows.append(payroll_row(sequence) + ",")
            case 8 if chance.random() < 0.15:
                rows += [payroll_row(sequence)] * 2
            case 9 if chance.random() < 0.15:
                rows += [payroll_row(sequence), payroll_row(sequence, "1")]
            case _:
                rows.append(payroll_row(sequence))
    return rows


def members_of(chance: random.Random) -> list[dict[str, object]]:
    """A register whose key has two parts, of which one may be unreadable."""
    return [
        member(
            f"J{sequence // 3}",
            sequence,
            relation=chance.choice(["02"] * 30 + ["03", "97"]),
            id_no=number(sequence) if chance.random() > 0.02 else "无",
        )
        for sequence in range(PEOPLE)
        if chance.random() > 0.02
    ]


@pytest.mark.parametrize("seed", range(4))
def test_a_process_that_remembers_receives_as_one_that_does_not(tmp_path: Path, seed: int) -> None:
    chance, (remembers, forgets) = random.Random(seed), twins(tmp_path)
    for at in range(9):
        day = BEFORE_NEW_YEAR + timedelta(days=at)
        payroll, members = payroll_of(chance), members_of(chance)
        if chance.random() < 0.5:
            chance.shuffle(payroll)
        if seed == 3 and at == 4:
            for office in (remembers, forgets):
                Forgotten(office.home, office.vault).add(number(7))
        remembers.gate.is_open = forgets.gate.is_open = chance.random() > 0.1
        for office in (remembers, forgets):
            office.payroll(day, *payroll)
            office.database(day, "members", members)
            for department in ("finance", "civil_affairs"):
                office.receive(department, day)
        forgets.vault = Vault.open(forgets.home)
    assert kept(remembers) == kept(forgets)
    assert sealed(remembers) == sealed(forgets)


def test_a_late_delivery_is_compared_with_what_came_before_it(tmp_path: Path) -> None:
    remembers, forgets = twins(tmp_path)
    for office in (remembers, forgets):
        office.payroll(FIRST, *(payroll_row(one) for one in range(5)))
        office.payroll(THIRD, *(payroll_row(one) for one in range(1, 6)))
        office.receive()
        office.payroll(SECOND, *(payroll_row(one, "1") for one in range(6)))
        forgets.vault = Vault.open(forgets.home)
        office.receive()
    assert kept(remembers) == kept(forgets)
    assert sealed(remembers) == sealed(forgets)


@pytest.fixture
def conformed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were conformed, each time that rows were."""
    heights: list[int] = []

    def conform(rows, *others):
        heights.append(rows.height)
        return known_rows_conform(rows, *others)

    known_rows_conform = known_rows.conform
    monkeypatch.setattr(known_rows, "conform", conform)
    return heights


def test_rows_that_came_before_are_not_conformed_again(
    office: Office, conformed: list[int]
) -> None:
    office.payroll(FIRST, payroll_row(1), payroll_row(2), payroll_row(3))
    office.payroll(SECOND, payroll_row(3), payroll_row(1), payroll_row(2, "9"))
    office.receive()
    assert conformed == [3, 1]
    assert len(standing(office, SECOND)) == 3


def test_what_is_not_as_it_stood_is_all_that_is_compared(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    latest_rows = receiving.lake.latest_rows

    def asking(home, contract, until, among=None):
        asked.append(None if among is None else among.collect().height)
        return latest_rows(home, contract, until, among)

    monkeypatch.setattr(receiving.lake, "latest_rows", asking)
    office.payroll(FIRST, *(payroll_row(one) for one in range(20)))
    office.payroll(SECOND, payroll_row(0, "9"), *(payroll_row(one) for one in range(2, 21)))
    receipts = office.receive()
    # The row that changed and the one that came, and the two that did not come as they stood.
    assert asked == [None, 4]
    counts = receipts[1].tables["payroll"]
    assert (counts.upserted, counts.removed, counts.unchanged) == (2, 1, 18)


def test_a_row_at_fault_is_read_anew_every_day(office: Office, conformed: list[int]) -> None:
    faulty = payroll_row(2, until="昨天")
    office.payroll(FIRST, payroll_row(1), faulty)
    office.payroll(SECOND, payroll_row(1), faulty)
    receipts = office.receive()
    assert conformed == [2, 1]
    assert [receipt.tables["payroll"].value_faults for receipt in receipts] == [1, 1]


def test_another_year_begins_anew(office: Office, conformed: list[int]) -> None:
    for day in (date(2023, 12, 31), date(2024, 1, 1)):
        office.payroll(day, payroll_row(1), payroll_row(2, str(day.day)))
    office.receive()
    assert conformed == [2, 2]


def test_of_a_delivery_that_was_refused_nothing_is_taken_for_standing(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1))
    office.receive(until=FIRST)
    office.payroll(SECOND, payroll_row(1), payroll_row(2))
    office.gate.is_open = False
    office.receive(until=SECOND)
    office.gate.is_open = True
    office.payroll(THIRD, payroll_row(1), payroll_row(2), payroll_row(3))
    shutil.rmtree(office.home.delivery("finance", SECOND))
    assert office.receive()[-1].tables["payroll"].upserted == 2
