"""What happens to secrets in a home in use: a new key, a person forgotten, and the days after.

The key is changed in a copy of the world, cut off in the middle and finished by the command; then
a person is forgotten and the second day is run again. Step by step both are proven in
`unit/test_rotation.py` and `unit/test_forgetting.py`.
"""

import json
import re
import shutil

import openpyxl
import polars as pl
import pytest

from pipelines.defs.installation import Installation
from pipelines.defs.rotation import rotate
from pipelines.settings import Home
from pipelines.vault import Vault
from tests.conftest import FIRST_DAY, SECOND_DAY, hashes

PSEUDONYM = re.compile(r"[0-9a-f]{32}")


class Cut(BaseException):
    """The process was killed."""


@pytest.fixture(scope="module")
def rotated(world, wendu, tmp_path_factory):
    """A copy of the world with a new key, finished after a cut; what was said, lists, a view."""
    home = Home(tmp_path_factory.mktemp("rotated") / "home")
    shutil.copytree(world.home.root, home.root, symlinks=True)
    installation = Installation(home, "371500")

    def cut(step):
        if step == "switch_warehouse/history":
            raise Cut

    with pytest.raises(Cut):
        rotate(installation, "2024-05-02T08:00:00+08:00", "tester", cut)
    installation.close()
    refused = wendu("run", "--date", str(SECOND_DAY), home=home.root)
    finished = wendu("rotate-key", home=home.root)
    lists = {day: hashes(home.day(day) / "lists") for day in (FIRST_DAY, SECOND_DAY)}
    counted = wendu("sql", "select count(*) as people from people", home=home.root)
    return home, refused, finished, lists, counted


def people(home):
    """Number and name behind every published person."""
    keys = pl.read_parquet(home.published / "parquet" / "dim_people.parquet")["person_key"]
    return Vault.open(home).people(keys.str.decode("hex")).select("id_no", "name").sort(pl.all())


@pytest.fixture(scope="module")
def forgot(rotated, wendu):
    """Somebody on a list is forgotten: the alert's code, the number, what the command said."""
    home, *_ = rotated
    alert = (
        marts(home)["fct_alerts"]
        .filter((pl.col("status") == "open") & (pl.col("unit") == "person"))
        .filter(pl.col("township_code").is_not_null())
        .sort("alert_id")
        .row(0, named=True)
    )
    key = pl.Series([bytes.fromhex(alert["person_key"])])
    number = Vault.open(home).people(key)["id_no"][0]
    known = people(home)
    said = wendu("forget", number, "--purpose", "本人依法申请删除", home=home.root)
    return alert, number, said, known


@pytest.fixture(scope="module")
def run_again(rotated, forgot, wendu):
    """The second day of the home with the new key, run again: as published, and before that."""
    home, *_ = rotated
    before = marts(home)
    answer = wendu("run", "--date", str(SECOND_DAY), home=home.root)
    assert answer.code == 0, answer
    return before, marts(home)


def marts(home):
    return {
        file.stem: pl.read_parquet(file)
        for file in sorted((home.published / "parquet").glob("*.parquet"))
    }


def without_keys(frame):
    """The rows without pseudonyms, in an order of their own."""
    keys = [
        name for name in frame.columns if name.endswith("_key") or name in ("subject", "evidence")
    ]
    return frame.drop(keys).sort(pl.all())


def test_a_run_is_refused_until_the_change_is_finished(rotated):
    _, refused, finished, *_ = rotated
    assert refused.code == 3
    assert "rotate-key" in refused.err
    assert finished.code == 0
    assert "finished" in finished.out


def test_published_rows_differ_in_their_pseudonyms_alone(world, rotated, run_again):
    before, _ = run_again
    assert before.keys() == marts(world.home).keys()
    for name, frame in before.items():
        assert without_keys(frame).equals(without_keys(world.mart(name))), name


def test_no_pseudonym_of_before_is_published(world, rotated, run_again):
    before, _ = run_again
    old = set(world.mart("dim_people")["person_key"])
    found = {
        run
        for frame in before.values()
        for name in frame.select(pl.selectors.string()).columns
        for text in frame[name].drop_nulls().unique()
        for run in PSEUDONYM.findall(text)
    }
    assert len(found) > len(old) / 2
    assert not found & old


def test_the_same_numbers_stand_behind_the_new_pseudonyms(world, forgot):
    *_, known = forgot
    assert known.height > 100
    assert known.equals(people(world.home))


def test_views_stand_beside_the_translated_marts(world, rotated):
    *_, counted = rotated
    assert counted.code == 0
    assert str(world.mart("dim_people").height) in counted.out.replace(",", "")


def test_lists_handed_out_stay_as_they_are(world, rotated):
    *_, lists, _ = rotated
    for day in (FIRST_DAY, SECOND_DAY):
        assert lists[day] == hashes(world.home.day(day) / "lists")


def test_a_day_run_with_the_new_key_finds_the_same_alerts_under_the_same_codes(run_again):
    before, after = run_again
    told = ("alert_id", "rule_id", "status", "level", "first_seen_on", "amount_cny", "reason_zh")
    for name, columns in (("fct_alerts", told), ("fct_alert_events", pl.all())):
        frames = [state[name].select(columns).sort(pl.all()) for state in (before, after)]
        assert frames[0].height > 0
        assert frames[0].equals(frames[1])


def test_a_day_run_with_the_new_key_draws_no_other_households(run_again):
    before, after = run_again
    drawn = [state["quality_audit_sample"].sort("code") for state in (before, after)]
    assert drawn[0].height > 0
    assert drawn[0].equals(drawn[1])


def test_a_replay_of_a_day_before_says_that_the_key_changed(rotated, run_again, wendu):
    home, *_ = rotated
    answer = wendu("replay", "--date", str(FIRST_DAY), home=home.root)
    assert "The key was changed since" in answer.out
    assert answer.code in (0, 1)
    assert "lists/" not in answer.out.split("differs")[-1] or "decides" in answer.out


def line_of(home, alert):
    """The cells of an alert's line on its township's list of the second day, as one text."""
    batches = pl.read_parquet(home.day(SECOND_DAY) / "batches.parquet")
    shown = batches.filter(pl.col("alert_id") == alert["alert_id"]).row(0, named=True)
    book = openpyxl.load_workbook(home.day(SECOND_DAY) / "lists" / f"{shown['office']}.xlsx")
    (line,) = [
        line
        for line in book[shown["sheet"]].iter_rows(values_only=True)
        if line[0] == shown["line_id"]
    ]
    return " ".join(str(cell) for cell in line if cell is not None)


def test_a_forgotten_persons_line_stays_without_the_person(world, rotated, forgot, run_again):
    home, *_ = rotated
    alert, number, *_ = forgot
    last_digits = number[-4:]
    assert last_digits in line_of(world.home, alert)
    assert last_digits not in line_of(home, alert)


def test_nothing_in_the_home_names_a_forgotten_person(rotated, forgot, run_again):
    home, *_ = rotated
    _, number, said, _ = forgot
    assert said.code == 0, said
    assert number not in said.out + said.err
    vault = Vault.open(home)
    sealed = [vault.unseal(path) for path in home.vault.glob("*/*/*.sealed")]
    assert all(
        not frame.select(
            pl.any_horizontal(pl.selectors.string().str.starts_with(number)).any()
        ).item()
        for frame in sealed if frame.select(pl.selectors.string()).width
    )  # fmt: skip
    places = [home.landing, home.quarantine, home.published, home.lake, home.audit]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if number.encode() in path.read_bytes()] == []


def test_forgetting_stands_in_the_audit_book_without_the_number(rotated, forgot, run_again):
    home, *_ = rotated
    alert, number, *_ = forgot
    book = (home.audit / "reveals.jsonl").read_text(encoding="utf-8")
    row = json.loads(book.splitlines()[-1])
    assert (row["what"], row["subject"]) == ("forget", alert["person_key"])
    assert number not in book


def test_a_run_with_a_wrong_key_ends_before_anything_is_written(rotated, run_again, wendu):
    home, *_ = rotated
    shown = (home.published / "parquet", home.day(FIRST_DAY), home.day(SECOND_DAY))
    places = (home.vault, home.lake, home.warehouse, home.quality, home.runs, *shown)
    before = [hashes(place) for place in places]
    answer = wendu("run", "--date", "2024-05-02", home=home.root, WENDU_KEY="ab" * 32)
    assert answer.code == 4
    assert "does not open the vault" in answer.err
    assert "ab" * 8 not in answer.err + answer.out
    assert [hashes(place) for place in places] == before
