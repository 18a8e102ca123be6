"""Days in any order, built again, and judged with what came later: what stays, what changes.

One home runs the world's two days backwards; to another came a third day, with a cremation of
February that was told late.
"""

import shutil
from datetime import date

import duckdb
import polars as pl
import pytest

from pipelines.contracts.city import load_city
from pipelines.defs import publication
from pipelines.defs.installation import Installation
from pipelines.defs.replay import replay, replay_as_corrected
from pipelines.ingest.retention import delete_old
from pipelines.settings import DBT_PROJECT, Home
from pipelines.vault import Vault
from pipelines.warehouse import policy
from tests.conftest import FIRST_DAY, SECOND_DAY, hashes
from tests.end_to_end.third_day import paid_in_april

CITY = "371500"


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
    """A home with the world's deliveries and key, its second day run before its first.

    With it come the days whose lists were sent, in order.
    """
    home = Home(tmp_path_factory.mktemp("backwards") / "home")
    shutil.copytree(world.home.landing, home.landing)
    home.vault.mkdir(mode=0o700)
    shutil.copy(world.home.vault / "key", home.vault / "key")
    sent = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(publication, "send_after_run", lambda *day: sent.append(day[-1]) or [])
        ran = [wendu("run", "--date", str(day), home=home.root) for day in (SECOND_DAY, FIRST_DAY)]
    assert [answer.code for answer in ran] == [0, 0], ran
    return home, sent


def test_days_run_backwards_end_as_days_run_in_order(world, backwards):
    home, _ = backwards
    assert told(home) == told(world.home)


def test_lists_of_the_newest_day_go_again_where_a_day_before_it_changed_them(backwards):
    _, sent = backwards
    assert sent == [SECOND_DAY, FIRST_DAY, SECOND_DAY]


@pytest.fixture(scope="module")
def proven(third, tmp_path_factory):
    """The second day built again from the first one on, long after: home, altered list, replay.

    The program has other policy rows by now, a later delivery has come, the raw deliveries are
    gone, and somebody has altered a list of the day.
    """
    place = tmp_path_factory.mktemp("proven")
    home = Home(place / "home")
    shutil.copytree(third.home.root, home.root, symlinks=True)
    delete_old(home, load_city(CITY), date(2026, 1, 1), 31)
    altered = next((home.day(SECOND_DAY) / "lists").glob("*.xlsx"))
    altered.write_bytes(altered.read_bytes() + b"!")
    project = shutil.copytree(DBT_PROJECT, place / "dbt_project")
    rows = project / "seeds" / "policy" / "rules.csv"
    rows.write_text(rows.read_text("utf-8").replace(",orange,", ",red,"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(policy, "DBT_PROJECT", project)
        found = replay(Installation(home, CITY), SECOND_DAY, print, from_start=True)
    return home, f"lists/{altered.name}", found


def test_an_older_day_is_rebuilt_with_the_policy_rows_of_then(proven):
    _, altered, found = proven
    assert (set(found.differing) - {altered}, found.days) == (set(), 2)
    assert found.files > 1


def test_a_day_is_proven_without_raw_deliveries(proven):
    home, altered, found = proven
    assert list(home.landing.rglob("*.*")) == []
    assert set(found.differing) <= {altered}


def test_an_altered_list_is_named(proven):
    _, altered, found = proven
    assert found.differing == [altered]


def test_a_replay_leaves_nothing_behind(proven):
    home, *_ = proven
    assert list((home.warehouse / "replays").iterdir()) == []


def test_a_late_correction_changes_the_corrected_view_alone(third):
    home = third.home
    before = told(home)
    found = replay_as_corrected(Installation(home, CITY), SECOND_DAY, None, print)
    assert told(home) == before
    assert {"rule_id": "R01", "new": 1, "gone": 0, "changed": 0} in found.changes
    number, _ = paid_in_april(home)
    key = Vault.open(home).pseudonyms("person", pl.Series([number])).bin.encode("hex")
    alerts = pl.read_parquet(found.place / "parquet" / "fct_alerts.parquet")
    died = alerts.filter(pl.col("rule_id") == "R01", pl.col("person_key").is_in(key.implode()))
    assert died["status"].to_list() == ["open"]
