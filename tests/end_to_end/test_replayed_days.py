"""Days in any order, built again, and judged with what came later: what stays, what changes.

One home runs the world's two days backwards; then a third day brings a cremation of February that
was told late.
"""

import csv
import shutil
import sqlite3
from datetime import date

import duckdb
import polars as pl
import pytest

from pipelines.defs.installation import Installation
from pipelines.defs.replay import replay, replay_as_corrected
from pipelines.ingest.retention import delete_old
from pipelines.settings import DBT_PROJECT, Home
from pipelines.vault import Vault
from pipelines.warehouse import policy
from tests.conftest import FIRST_DAY, SECOND_DAY, hashes

CITY = "371500"
THIRD_DAY = "2024-05-02"


def told(home):
    """Every byte of days, marts and history; of the database, what is in it."""
    with duckdb.connect(str(home.published / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select format('{}.{}', schema_name, table_name) from duckdb_tables() order by 1"
        ).fetchall()
        rows = [
            connection.execute(
                f"select '{table}', count(*), sum(cast(hash(mart) as hugeint)) from {table} as mart"
            ).fetchall()
            for (table,) in tables
        ]
    days = {day.name: hashes(day) for day in sorted(home.published.glob("????-??-??"))}
    marts = hashes(home.published / "parquet")
    return days, marts, hashes(home.warehouse / "history"), rows


@pytest.fixture(scope="module")
def backwards(world, wendu, tmp_path_factory):
    """A home with the world's deliveries and key, its second day run before its first."""
    home = Home(tmp_path_factory.mktemp("backwards") / "home")
    shutil.copytree(world.home.landing, home.landing)
    home.vault.mkdir(mode=0o700)
    shutil.copy(world.home.vault / "key", home.vault / "key")
    ran = [wendu("run", "--date", str(day), home=home.root) for day in (SECOND_DAY, FIRST_DAY)]
    assert [answer.code for answer in ran] == [0, 0], ran
    return home


def paid_in_april(home):
    """Number and name of somebody who was paid the nursing allowance for April."""
    file = home.delivery("finance", FIRST_DAY) / "payments_2102_202404.csv"
    with file.open(encoding="gb18030", newline="") as rows:
        paid = next(row for row in csv.DictReader(rows) if row["发放状态"] == "1")
    return paid["证件号码"], paid["姓名"]


@pytest.fixture(scope="module")
def corrected(backwards, wendu):
    """The same home after a third day that brought a late cremation."""
    for department in ("civil_affairs", "finance", "agriculture", "disabled_federation"):
        shutil.copytree(
            backwards.delivery(department, SECOND_DAY),
            backwards.landing / department / THIRD_DAY,
        )
    database = backwards.landing / "civil_affairs" / THIRD_DAY / "civil_affairs.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute(
            "insert into cremations values (?, ?, '2024-02-10', '2024-02-12')",
            paid_in_april(backwards),
        )
    assert wendu("run", "--date", THIRD_DAY, home=backwards.root).code == 0
    return backwards


def test_days_run_backwards_end_as_days_run_in_order(world, backwards):
    assert told(backwards) == told(world.home)


def test_an_older_day_is_rebuilt_with_the_policy_rows_of_then(corrected, tmp_path, monkeypatch):
    """The program has other policy rows by now, and a later delivery has come."""
    project = shutil.copytree(DBT_PROJECT, tmp_path / "dbt_project")
    rows = project / "seeds" / "policy" / "rules.csv"
    rows.write_text(rows.read_text("utf-8").replace(",orange,", ",red,"), encoding="utf-8")
    monkeypatch.setattr(policy, "DBT_PROJECT", project)
    found = replay(Installation(corrected, CITY), SECOND_DAY, print, from_start=True)
    assert (found.differing, found.days) == ([], 2)
    assert list((corrected.warehouse / "replays").iterdir()) == []


def test_a_late_correction_changes_the_corrected_view_alone(corrected):
    before = told(corrected)
    found = replay_as_corrected(Installation(corrected, CITY), SECOND_DAY, None, print)
    assert told(corrected) == before
    assert {"rule_id": "R01", "new": 1, "gone": 0, "changed": 0} in found.changes
    number, _ = paid_in_april(corrected)
    key = Vault.open(corrected).pseudonyms("person", pl.Series([number])).bin.encode("hex")
    alerts = pl.read_parquet(found.place / "parquet" / "fct_alerts.parquet")
    died = alerts.filter(pl.col("rule_id") == "R01", pl.col("person_key").is_in(key.implode()))
    assert died["status"].to_list() == ["open"]


def test_without_raw_deliveries_a_day_is_still_proven_and_an_altered_list_named(corrected):
    delete_old(corrected, date(2026, 1, 1), 31)
    assert list(corrected.landing.rglob("*.*")) == []
    altered = next((corrected.day(FIRST_DAY) / "lists").glob("*.xlsx"))
    altered.write_bytes(altered.read_bytes() + b"!")
    found = replay(Installation(corrected, CITY), FIRST_DAY, print)
    assert found.differing == [f"lists/{altered.name}"]
