"""The commands as a person types them: what they print, how they refuse, what they leave."""

import hashlib
import json
import os
import re
import shutil
import subprocess

import polars as pl
import pytest
from filelock import FileLock

from pipelines.settings import DEPARTMENTS, PROJECT, Home
from tests.commands import run_here, run_wendu
from tests.conftest import FIRST_DAY, SECOND_DAY

ONE_DAY = ("--from", "2024-04-30", "--to", "2024-04-30")


def seen_by_readers(published):
    """Hash of every file that a reader finds by its name; superseded versions have none."""
    names = [name for name in sorted(published.iterdir()) if not name.name.startswith(".")]
    files = [
        (name.name, file)
        for name in names
        for file in ([name] if name.is_file() else sorted(name.resolve().rglob("*")))
        if file.is_file()
    ]
    return [
        (name, file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for name, file in files
    ]


def commands_of_the_guide():
    """The two commands of the operator's guide: backing up, and restoring."""
    text = (PROJECT / "data" / "examples" / "operator" / "GUIDE.md").read_text("utf-8")
    return re.findall(r"^```sh\n(tar .+)\n```$", text, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def restored(world, tmp_path_factory):
    """The shared world as it comes back from a backup made as the guide says."""
    back_up, restore = commands_of_the_guide()
    folder = tmp_path_factory.mktemp("restored")
    home = folder / "home"
    home.mkdir(mode=0o700)
    places = {"BACKUP": str(folder / "backup.tar.gz"), "PATH": os.environ["PATH"]}
    for command, where in ((back_up, world.home.root), (restore, home)):
        subprocess.run(command, shell=True, check=True, env=places | {"WENDU_HOME": str(where)})
    return home


def test_a_day_run_again_after_a_restore_changes_no_published_byte(restored, wendu):
    assert not (restored / "warehouse" / "work.duckdb").exists()
    before = seen_by_readers(restored / "published")
    assert {"warehouse.duckdb", "parquet", str(SECOND_DAY)} <= {name for name, _, _ in before}
    ran = wendu("run", "--date", str(SECOND_DAY), home=restored)
    assert ran.code == 0, ran.err
    assert seen_by_readers(restored / "published") == before


def test_a_broken_department_is_told_and_the_others_publish(world, wendu, tmp_path):
    home = Home(tmp_path / "home")
    shutil.copytree(world.home.vault, home.vault, ignore=shutil.ignore_patterns("*.sealed"))
    for department in DEPARTMENTS:
        sent = world.home.landing / department
        shutil.copytree(sent / str(FIRST_DAY), home.landing / department / str(FIRST_DAY))
        shutil.copytree(sent / str(SECOND_DAY), home.landing / department / "2024-05-06")
    workbook = home.landing / "disabled_federation" / "2024-05-06" / "certificates.xlsx"
    workbook.write_bytes(workbook.read_bytes()[:5000])
    (home.landing / "finance" / "2024-05-06" / "payroll.csv").write_bytes(b"")
    ran = wendu("run", "--date", "2024-05-06", home=home.root)
    assert ran.code == 2, ran.err
    assert "certificates.xlsx" in ran.err
    assert "payroll.csv" in ran.err
    assert "Traceback" not in ran.err
    coverage = pl.read_parquet(home.published / "parquet" / "rpt_coverage.parquet")
    late = set(coverage.filter(pl.col("freshness") == "late")["source"])
    assert late == {"finance", "disabled_federation"}


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["run", "--date", "2024-13-40"], "2024-13-40"),
        (["run", "--date", "2020-01-01"], "2020-01-01"),
        (["run", "--date", "2024-05-01", "--until", "2024-04-30"], "--until"),
        (["run", "--date", "2024-05-01", "--city", "999999"], "999999"),
        (["make-city", "--out", "{}", *ONE_DAY, "--scale", "99"], "99"),
        (["run"], "--date"),
        (["make-city", "--out", "/dev/null/city", *ONE_DAY, "--scale", "0.005"], "/dev/null"),
        (["explain", "A0AMJ32J1R4R"], "A0AMJ32J1R4R"),
        (["sql", "select nothing from nowhere"], "nowhere"),
        (["sql", "select 1; select 2"], "one query at a time"),
        (["run", "--date", "2034-05-01"], "--date 2024-05-02 --until 2034-05-01"),
        (["lists", "--date", "2024-01-01"], "2024-01-01"),
        (["lists", "--date", "2024-05-01", "--encrypted", "{}"], "WENDU_LIST_PASSWORDS_FILE"),
        (["replay", "--date", "2024-01-01"], "2024-01-01"),
        (["replay", "--date", "2024-05-01", "--known-on", "2024-05-02"], "--as-corrected"),
    ],
)
def test_wrong_usage_gets_one_sentence_and_code_four(world, wendu, tmp_path, arguments, names):
    ran = wendu(*(text.format(tmp_path) for text in arguments), home=world.home.root)
    assert ran.code == 4
    assert names in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err.strip().splitlines()) <= 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--date", "2024-13-40"],
        ["explain", "A0AMJ32J1R4R"],
        ["sql", "select rule_id, count(*) from fct_alerts group by all order by all", "--csv"],
        ["status", "--all"],
    ],
    ids=" ".join,
)
def test_a_process_of_its_own_says_what_the_command_says_within_these_tests(world, arguments):
    home = world.home.root
    assert run_wendu(*arguments, home=home) == run_here(*arguments, home=home)


def test_a_home_in_use_is_left_alone(world, wendu):
    with FileLock(world.home.lock):
        ran = wendu("run", "--date", str(SECOND_DAY), home=world.home.root)
    assert ran.code == 5
    assert "in use" in ran.err


def test_a_query_is_answered_as_a_program_reads_it(world, wendu):
    ran = wendu("sql", "select count(*) as alerts from fct_alerts", "--json", home=world.home.root)
    assert json.loads(ran.out)[0]["alerts"] == world.mart("fct_alerts").height


def test_a_query_may_begin_with_a_comment(world, wendu):
    ran = wendu("sql", "-- how many\nselect 1 as one", "--json", home=world.home.root)
    assert (ran.code, json.loads(ran.out or "0")) == (0, [{"one": 1}])


@pytest.mark.parametrize("form", [[], ["--csv"], ["--json"]])
def test_times_and_bytes_are_shown_as_text(wendu, world, form):
    query = "select age(date '2024-05-06', date '2024-05-01') as waited, 'ab'::blob as bytes"
    ran = wendu("sql", query, *form, home=world.home.root)
    assert (ran.code, "5 days" in ran.out, "ab" in ran.out) == (0, True, True)


def test_a_value_in_brackets_is_shown_as_it_is(wendu, world):
    ran = wendu("sql", "select '[/a]' as first, '[bold]b' as \"[x]\"", home=world.home.root)
    assert [shown in ran.out for shown in ("[/a]", "[bold]b", "[x]")] == [True] * 3


def test_a_household_drawn_by_lot_is_told_as_such(world, wendu):
    code = world.mart("quality_audit_sample")["code"][0]
    ran = wendu("explain", code, home=world.home.root)
    assert (ran.code, "drawn by lot" in ran.err) == (4, True)


def test_a_query_cannot_write(world, wendu):
    ran = wendu("sql", "create table marts.mine (a int)", home=world.home.root)
    assert ran.code == 4


def test_the_key_of_a_person_is_the_published_key(world, wendu):
    number = world.truth("planted").filter(
        pl.col("rule") == "R15", pl.col("expectation") == "match"
    )["subject_number"][0]
    ran = wendu("key", "person", number, home=world.home.root)
    assert ran.out.strip() in set(world.mart("dim_people")["person_key"])


def test_status_tells_every_source(world, wendu):
    ran = wendu("status", "--json", home=world.home.root)
    told = json.loads(ran.out)
    assert told["published_on"] == str(SECOND_DAY)
    assert len(told["sources"]) == 19
    assert {source["freshness"] for source in told["sources"]} == {"on_time"}


def test_all_declarations_agree(wendu):
    ran = wendu("check")
    assert (ran.code, ran.err) == (0, "")


def test_the_commands_the_readme_names_exist(wendu):
    text = (PROJECT / "README.md").read_text("utf-8")
    named = set(re.findall(r"wendu(?: --home \S+)? ([a-z][a-z-]+)", text))
    targets = set(re.findall(r"^make (\w+)", text, flags=re.MULTILINE))
    helped = wendu("--help").out
    assert named
    assert [name for name in sorted(named) if f" {name} " not in helped] == []
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    assert targets == {"run", "test"}
    assert all(f"\n{target}:" in makefile for target in targets)


def test_a_wrong_setting_is_told_by_its_variable_and_without_its_value(wendu, tmp_path):
    ran = wendu("status", home=tmp_path, WENDU_KEEP_RAW_DAYS="5-geheim")
    assert (ran.code, ran.err.count("\n")) == (4, 1)
    assert ran.err.startswith("Mend in the environment: WENDU_KEEP_RAW_DAYS (")
    assert "geheim" not in ran.err
