"""What one sees after the demo's first days: places, accounting, planted cases, identities."""

import json
import re
import sqlite3
import zipfile

import duckdb
import openpyxl
import polars as pl
import pytest

from pipelines.contracts.alert_code import is_well_formed
from pipelines.ingest import load_receipts
from pipelines.outreach import layout
from pipelines.settings import DBT_PROJECT
from tests.conftest import FIRST_DAY, SECOND_DAY

RULES = pl.read_csv(DBT_PROJECT / "seeds" / "policy" / "rules.csv")["rule_id"].to_list()
CITIZEN_NUMBER = re.compile(rb"(?<![0-9a-f])371599[12][0-9]{10}[0-9Xx](?![0-9a-f])")


def test_the_demo_publishes_without_gaps(world):
    assert (world.ran.code, world.ran.err.count("published in")) == (0, 2), world.ran.err


def test_the_demo_tells_where_everything_is(world):
    for place in (
        "published/warehouse.duckdb",
        f"published/{SECOND_DAY}/lists",
        f"published/{SECOND_DAY}/bulletin.html",
        "quality/index.html",
    ):
        assert str(world.home.root / place) in world.ran.out
        assert (world.home.root / place).exists()


def test_every_received_row_is_accounted_for(world):
    tables = [
        table
        for receipt in load_receipts(world.home, SECOND_DAY)
        for table in receipt.tables.values()
    ]
    assert len(tables) > 19
    for table in tables:
        assert table.received == table.accepted + table.exact_duplicates + table.quarantined


def test_deliveries_are_published_in_counts(world):
    counted = world.mart("quality_deliveries")
    assert counted["department"].n_unique() == 4
    assert (
        counted["received"]
        == counted["accepted"] + counted["exact_duplicates"] + counted["quarantined"]
    ).all()


@pytest.fixture(scope="module")
def scored(world, wendu):
    """What the backtest says of the two days."""
    days = ("--from", FIRST_DAY.isoformat(), "--to", SECOND_DAY.isoformat())
    ran = wendu("backtest", *days, "--json", home=world.home.root)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def score_of(scored, rule):
    """A rule's scores; a rule that no model judges yet, or that is not in force, is skipped."""
    found = [row for row in scored["scored"] if row["rule"] == rule]
    if not found or found[0]["days_not_evaluated"] == scored["days"]:
        pytest.skip(f"{rule} was not evaluated on these days")
    return found[0]


def departures_of(scored, rule, kind):
    return [
        row["reason"] for row in scored["departures"] if (row["rule"], row["kind"]) == (rule, kind)
    ]


@pytest.mark.parametrize("rule", RULES)
def test_every_planted_and_natural_match_is_found(scored, rule):
    score = score_of(scored, rule)
    assert score["matches"] + score["natural"] > 0
    assert departures_of(scored, rule, "missed") == []


@pytest.mark.parametrize("rule", RULES)
def test_no_planted_near_miss_raises_an_alert(scored, rule):
    score_of(scored, rule)
    assert departures_of(scored, rule, "hit") == []


@pytest.mark.parametrize("rule", RULES)
def test_nothing_is_found_that_is_not_true(scored, rule):
    score_of(scored, rule)
    assert departures_of(scored, rule, "unplanned") == []


def test_every_alert_carries_evidence_that_names_its_sources(world):
    alerts = world.mart("fct_alerts")
    for evidence in alerts["evidence"]:
        terms = json.loads(evidence)
        assert terms
        assert all(term["source"] and term["field"] for term in terms)


def test_whom_an_alert_names_stands_in_the_registers_of_people_and_households(world):
    alerts = world.mart("fct_alerts")
    for key, register in (("person_key", "dim_people"), ("household_key", "dim_households")):
        named = alerts.filter(pl.col(key).is_not_null())
        assert named.height
        assert named.join(world.mart(register), on=key, how="anti").height == 0


def test_alert_numbers_are_unique(world):
    assert world.mart("fct_alerts")["alert_id"].is_duplicated().any() is False


def test_alerts_balance_by_county_and_day(world):
    balance = world.mart("rpt_alert_balance")
    assert balance.height > 0
    assert (
        balance["open_before"] + balance["new"] - balance["cleared"] - balance["closed"]
        == balance["open_now"]
    ).all()


def test_both_errors_are_told_of_every_day_run(world):
    days = world.mart("rpt_both_errors")["on_date"].unique().sort().to_list()
    assert days == [FIRST_DAY, SECOND_DAY]


def test_the_published_database_holds_what_the_parquet_files_hold(world):
    with duckdb.connect(
        str(world.home.published / "warehouse.duckdb"), read_only=True
    ) as connection:
        counted = dict(
            connection.execute(
                "select table_name, estimated_size from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        )
    files = {
        path.stem: pl.scan_parquet(path).select(pl.len()).collect().item()
        for path in (world.home.published / "parquet").glob("*.parquet")
    }
    assert counted == files


def test_every_published_column_is_described(world):
    with duckdb.connect(
        str(world.home.published / "warehouse.duckdb"), read_only=True
    ) as connection:
        bare = connection.execute(
            "select table_name, column_name from duckdb_columns() "
            "where schema_name = 'marts' and comment is null"
        ).fetchall()
    assert bare == []


def test_the_manifest_names_both_days_sources(world):
    manifest = json.loads((world.home.day(SECOND_DAY) / "manifest.json").read_text("utf-8"))
    assert {source["received_on"] for source in manifest["sources"]} == {
        FIRST_DAY.isoformat(),
        SECOND_DAY.isoformat(),
    }


def test_each_open_alert_and_audited_household_stands_on_one_list_or_is_counted(world):
    day = world.home.day(SECOND_DAY)
    batches = pl.read_parquet(day / "batches.parquet")
    listed, counted = [], 0
    for path in (day / "lists").glob("*.xlsx"):
        book = openpyxl.load_workbook(path, read_only=True)
        for sheet in layout.REPLY_SHEETS:
            page = book[sheet.name]
            rows = page.iter_rows(min_row=layout.FIRST_ROW + 1, max_col=9, values_only=True)
            told = [row for row in rows if row[0]]
            listed += [row[0] for row in told if is_well_formed(str(row[0]))]
            counted += sum(int(more) for more in re.findall(r"\\n另有 (\d+) 项", str(told)))
        waiting = re.findall(r"[急红橙黄] (\d+) 项（", str(told))
        counted += sum(int(more) for more in waiting)
    open_alerts = world.mart("fct_alerts").filter(pl.col("status") == "open")["alert_id"]
    audited = world.mart("quality_audit_sample").filter(pl.col("replied_on").is_null())["code"]
    assert sorted(listed) == sorted(batches["line_id"].unique())
    assert batches["alert_id"].is_unique().all()
    assert set(batches["alert_id"]) <= {*open_alerts, *audited}
    assert batches.height + counted == len(open_alerts) + len(audited)


@pytest.fixture(scope="module")
def identities(world):
    """What may not be published of families: numbers, names, phones, accounts, addresses."""
    database = world.home.delivery("civil_affairs", FIRST_DAY) / "civil_affairs.sqlite"
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        families = connection.execute(
            "select head_id, head_name, phone, account_no, address from households"
        ).fetchall()
    assert families
    return [set(filter(None, values)) for values in zip(*families, strict=True)]


def published_texts(home):
    """Every published byte, containers opened: path and bytes."""
    for path in sorted(home.published.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        yield path, path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                yield from ((path / name, book.read(name)) for name in book.namelist())
        elif path.suffix == ".parquet":
            frame = pl.read_parquet(path)
            texts = frame.select(pl.selectors.string())
            for column in texts.columns:
                yield path / column, "\n".join(texts[column].drop_nulls().unique()).encode()


def test_no_published_byte_holds_a_citizen_number(world):
    assert [
        str(path) for path, text in published_texts(world.home) if CITIZEN_NUMBER.search(text)
    ] == []


def test_no_published_byte_holds_a_name_phone_account_or_address(world, identities):
    _, names, phones, accounts, addresses = identities
    # All texts at once: getting ready to look for so many values takes longer than looking.
    lines = pl.DataFrame(
        [
            (str(path), text.decode("utf-8", errors="ignore").split("\n"))
            for path, text in published_texts(world.home)
            if path.suffix not in {".xlsx", ".parquet", ".duckdb"}
        ],
        schema={"path": pl.String, "line": pl.List(pl.String)},
        orient="row",
    ).explode("line")
    # A name of two characters may be a part of a word; whole values only.
    values = lines.select("path", pl.col("line").str.split("<")).explode("line")
    values = values.select("path", pl.col("line").str.split(">")).explode("line")
    named = values.filter(pl.col("line").is_in(list(names)))
    told = lines.filter(pl.col("line").str.contains_any(list(phones | accounts | addresses)))
    assert lines["path"].n_unique() > 100
    assert sorted({*named["path"], *told["path"]}) == []


def test_the_orchestrators_record_holds_no_citizen_number(world):
    records = [
        path
        for folder in (world.home.orchestrator, world.home.runs, world.home.quality)
        for path in folder.rglob("*")
        if path.is_file()
    ]
    assert records
    assert [str(path) for path in records if CITIZEN_NUMBER.search(path.read_bytes())] == []


def test_runs_show_in_the_orchestrators_record(world):
    with sqlite3.connect(world.home.orchestrator / "history" / "runs.db") as connection:
        runs = connection.execute("select status, count(*) from runs group by status").fetchall()
    assert runs == [("SUCCESS", 2)]


def test_the_bulletin_tells_the_balance_of_the_day_and_is_in_the_manifest(world):
    day = world.home.day(SECOND_DAY)
    page = (day / "bulletin.html").read_text(encoding="utf-8")
    balance = world.mart("rpt_alert_balance").filter(pl.col("on_date") == SECOND_DAY)
    equation = re.search(r'<dl class="equation">(.*?)</dl>', page, flags=re.DOTALL)
    shown = [int(told.replace(",", "")) for told in re.findall(r"<dd>(.*?)</dd>", equation[1])]
    columns = ("open_before", "new", "cleared", "closed", "open_now")
    assert shown == [balance[column].sum() for column in columns]
    manifest = json.loads((day / "manifest.json").read_text(encoding="utf-8"))
    assert "bulletin.html" in manifest["files"]
