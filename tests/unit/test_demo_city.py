"""The demo city: its counts, its determinism, its truth, its faults. One small city serves all."""

import csv
import hashlib
import json
import re
import sqlite3
from datetime import date

import fastexcel
import polars as pl
import pytest

from pipelines.contracts.sources import contracts_of, load_contracts
from pipelines.demo_city import make_city
from pipelines.settings import Home, UsageError

FIRST, LAST = date(2024, 4, 30), date(2024, 5, 6)
SCALE, SEED = 0.01, 7
RULES = [f"R{number:02d}" for number in range(1, 34)] + ["R07S", "R29A"]
BY_OFFICE = ("R28", "R30")
"""Rules whose truth is worked out from the whole ledger: near misses are every other office."""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Home:
    out = tmp_path_factory.mktemp("city")
    make_city(out, FIRST, LAST, SCALE, SEED)
    return Home(out)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Thirty days of the smallest city, in the autumn of a rule that began there."""
    out = tmp_path_factory.mktemp("month")
    make_city(out, date(2024, 10, 15), date(2024, 11, 13), 0.005, SEED)
    return Home(out)


@pytest.fixture(scope="module")
def messy_city(tmp_path_factory: pytest.TempPathFactory) -> Home:
    out = tmp_path_factory.mktemp("messy")
    make_city(out, FIRST, FIRST, SCALE, SEED, messy=0.02)
    return Home(out)


def fingerprints(home: Home) -> dict[str, str]:
    return {
        str(path.relative_to(home.root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.root.rglob("*"))
        if path.is_file()
    }


def civil_affairs(home: Home, query: str, on_date: date = FIRST) -> list[tuple]:
    path = home.delivery("civil_affairs", on_date) / "civil_affairs.sqlite"
    with sqlite3.connect(path) as connection:
        return connection.execute(query).fetchall()


def paid(home: Home, *programs: str) -> pl.DataFrame:
    files = [
        path
        for program in programs
        for path in home.delivery("finance", FIRST).glob(f"payments_{program}_2024*.csv")
    ]
    rows = pl.concat([pl.read_csv(path, encoding="gb18030", infer_schema=False) for path in files])
    return rows.filter(pl.col("发放状态") == "1").with_columns(
        pl.col("金额").cast(pl.Decimal(14, 2))
    )


def planted(home: Home) -> pl.DataFrame:
    return pl.read_parquet(home.truth / "planted.parquet")


@pytest.mark.parametrize(("codes", "persons"), [("'110', '120'", 823), ("'131', '132'", 235)])
def test_the_rolls_are_the_published_ones_at_the_citys_scale(city, codes, persons):
    counted = civil_affairs(
        city,
        f"""select count(distinct m.id_no) from members m join households h using (household_no)
            where m.covered = 1 and h.assistance in ({codes}) and h.ended_on is null
            and (m.id_no, m.name) not in (select id_no, name from cremations)""",
    )
    assert counted == [(persons,)]


def test_left_behind_children_are_all_visited_and_agreed_for(city):
    assert civil_affairs(
        city,
        """select count(*), count(visited_on), sum(agreement_signed)
           from children where kind = '5'""",
    ) == [(19, 19, 19)]


def test_relief_of_four_months_is_the_published_sum(city):
    counted = civil_affairs(
        city, "select round(sum(amount), 2) from temporary_relief where applied_at >= '2024-01-01'"
    )
    assert counted == [(pytest.approx(19_590, abs=0.01),)]


@pytest.mark.parametrize(("program", "persons"), [("2101", 320), ("2102", 720)])
def test_allowances_of_april_go_to_the_published_number_of_people(city, program, persons):
    april = paid(city, program).filter(pl.col("所属期") == "202404")
    net = april.group_by("证件号码").agg(pl.col("金额").sum()).filter(pl.col("金额") > 0)
    assert net.height == persons


def test_dibao_and_tekun_of_four_months_are_paid_as_published(city):
    total = float(paid(city, "1101", "1201", "1301", "1302", "1303")["金额"].sum())
    assert total == pytest.approx(2_800_000, rel=0.005)


def test_the_ledger_goes_back_to_january_2023(city):
    assert (city.delivery("finance", FIRST) / "payments_1201_202301.csv").exists()


def test_allocations_equal_what_was_paid(city):
    folder = city.delivery("finance", FIRST)
    allocated = pl.read_csv(
        next(folder.glob("allocations*.csv")), encoding="gb18030", infer_schema=False
    ).filter(pl.col("项目代码") == "2102", pl.col("所属期").str.starts_with("2024"))
    assert allocated["拨付金额"].cast(pl.Decimal(14, 2)).sum() == paid(city, "2102")["金额"].sum()


def test_the_same_arguments_give_the_same_bytes(city, tmp_path):
    make_city(tmp_path, FIRST, LAST, SCALE, SEED)
    assert fingerprints(Home(tmp_path)) == fingerprints(city)


def test_a_city_made_in_two_steps_equals_one_made_at_once(city, tmp_path):
    make_city(tmp_path, FIRST, FIRST, SCALE, SEED)
    make_city(tmp_path, FIRST, LAST, SCALE, SEED)
    assert fingerprints(Home(tmp_path)) == fingerprints(city)


def test_another_seed_gives_another_city(city, tmp_path):
    make_city(tmp_path, FIRST, FIRST, SCALE, SEED + 1)
    numbers = "select id_no from members"
    assert civil_affairs(Home(tmp_path), numbers) != civil_affairs(city, numbers)


def test_a_standing_city_with_other_arguments_is_refused(city):
    with pytest.raises(UsageError, match="other arguments"):
        make_city(city.root, FIRST, LAST, SCALE, SEED + 1)


def test_a_landing_folder_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "landing" / "finance").mkdir(parents=True)
    with pytest.raises(UsageError, match="no demo city wrote"):
        make_city(tmp_path, FIRST, LAST, SCALE, SEED)


@pytest.mark.parametrize("scale", [0.004, 20.1, float("nan")])
def test_a_scale_out_of_range_is_refused(tmp_path, scale):
    with pytest.raises(UsageError, match="scale"):
        make_city(tmp_path, FIRST, LAST, scale, SEED)


def test_dates_that_run_backwards_are_refused(tmp_path):
    with pytest.raises(UsageError, match="dates"):
        make_city(tmp_path, LAST, FIRST, SCALE, SEED)


def test_every_number_has_the_unassigned_division_and_a_right_check_character(city):
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    numbers = [number for (number,) in civil_affairs(city, "select id_no from members")]
    wrong = [
        number
        for number in numbers
        if not number.startswith("371599")
        or "10X98765432"[sum(w * int(c) for w, c in zip(weights, number[:17], strict=True)) % 11]
        != number[17]
    ]
    assert (len(wrong), len(numbers) > 1000) == (0, True)


def test_civil_affairs_sends_every_declared_table_with_its_columns(city):
    declared = {c.table: set(c.columns) for c in contracts_of("civil_affairs")}
    sent = {
        table: {row[1] for row in civil_affairs(city, f"pragma table_info({table})")}
        for table in declared
    }
    assert sent == declared


@pytest.mark.parametrize("table", ["payments", "payroll", "allocations"])
def test_finance_sends_every_declared_column_under_its_chinese_header(city, table):
    path = next(city.delivery("finance", FIRST).glob(f"{table}*.csv"))
    header = path.read_bytes().splitlines()[0].decode("gb18030").split(",")
    columns = load_contracts()[("finance", table)].columns.values()
    assert sorted(header) == sorted(column.zh for column in columns)


@pytest.mark.parametrize(
    "table", ["monitored_households", "monitored_members", "farm_incomes", "machinery"]
)
def test_agriculture_sends_every_declared_field(city, table):
    path = city.delivery("agriculture", FIRST) / f"{table}_page_0001.ndjson"
    record = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert set(record) == set(load_contracts()[("agriculture", table)].columns)


@pytest.mark.parametrize("table", ["certificates", "employment", "services"])
def test_the_federation_sends_every_declared_column_under_its_chinese_header(city, table):
    path = city.delivery("disabled_federation", FIRST) / f"{table}.xlsx"
    header = fastexcel.read_excel(path).load_sheet(0, n_rows=0).to_polars().columns
    columns = load_contracts()[("disabled_federation", table)].columns.values()
    assert sorted(header) == sorted(column.zh for column in columns)


def test_disabled_members_of_watched_households_carry_their_certificates_number(city):
    pages = city.delivery("agriculture", FIRST).glob("monitored_members_page_*.ndjson")
    lengths = pl.concat([pl.read_ndjson(page) for page in pages])["id_no"].str.len_chars()
    assert set(lengths.to_list()) >= {18, 20}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in BY_OFFICE])
@pytest.mark.parametrize("expectation", ["match", "no_match"])
def test_the_truth_holds_two_cases_or_more_of_each_branch_of_each_rule(city, rule, expectation):
    branches = (
        planted(city)
        .filter(pl.col("rule") == rule, pl.col("expectation") == expectation)
        .group_by("reason")
        .len()
    )
    assert branches["len"].min() >= 2


@pytest.mark.parametrize("rule", BY_OFFICE)
def test_the_truth_names_the_offices_that_depart(city, rule):
    of_rule = planted(city).filter(pl.col("rule") == rule)
    assert of_rule.height > 0
    assert of_rule["subject_number"].str.contains(r"^3715\d\d:[a-z_]+:\d{4}-\d\d$").all()


def test_matches_begin_and_end_on_many_days(city):
    matches = planted(city).filter(pl.col("expectation") == "match")
    assert matches["from_date"].n_unique() > 10
    assert matches["to_date"].drop_nulls().n_unique() > 10


def test_what_is_planted_is_not_natural_too(city):
    kinds = (
        planted(city)
        .group_by("rule", "subject_kind", "subject_number", "program")
        .agg(
            is_planted=(pl.col("expectation") == "match").any(),
            is_natural=(pl.col("expectation") == "natural_match").any(),
        )
    )
    assert kinds.filter("is_planted", "is_natural").height == 0


def test_no_subject_must_and_must_not_match_on_the_same_days(city):
    cases = planted(city).with_columns(pl.col("to_date").fill_null(date(2099, 1, 1)))
    must = cases.filter(pl.col("expectation") == "match")
    must_not = cases.filter(pl.col("expectation") == "no_match")
    both = must.join(must_not, on=["rule", "subject_number", "program"], nulls_equal=True).filter(
        pl.col("from_date") <= pl.col("to_date_right"),
        pl.col("from_date_right") <= pl.col("to_date"),
    )
    assert both.height == 0


def test_thirty_days_of_the_smallest_city_can_be_made(month):
    assert [len(list(folder.iterdir())) for folder in sorted(month.landing.iterdir())] == [
        29, 30, 30, 30,
    ]  # fmt: skip


def test_one_department_misses_one_day_and_sends_it_with_the_next(month):
    missed = date(2024, 10, 24)
    assert not month.delivery("agriculture", missed).exists()
    assert month.delivery("agriculture", date(2024, 10, 25)).exists()


def test_an_autumn_city_has_the_published_rolls_of_its_first_day(month):
    counted = civil_affairs(
        month,
        """select count(distinct m.id_no) from members m join households h using (household_no)
           where m.covered = 1 and h.assistance in ('131', '132') and h.ended_on is null
           and (m.id_no, m.name) not in (select id_no, name from cremations)""",
        date(2024, 10, 15),
    )
    assert abs(counted[0][0] - 23_500 * 0.005) <= 1


def test_rigid_expenditure_is_expected_from_its_first_day_on(month):
    matches = planted(month).filter(pl.col("rule") == "R33", pl.col("expectation") == "match")
    assert matches["from_date"].unique().to_list() == [date(2024, 10, 24)]


def test_people_die_on_holidays_too(city):
    count = "select count(*) from cremations"
    assert sum(civil_affairs(city, count, date(2024, 5, day))[0][0] for day in range(1, 6)) > 0


def test_no_application_moves_on_a_holiday(city):
    assert civil_affairs(city, "select count(*) from applications", date(2024, 5, 1)) == [(0,)]


def test_applications_move_on_the_first_working_day_after_the_holiday(city):
    assert civil_affairs(city, "select count(*) from applications", LAST)[0][0] > 0


def test_a_months_run_is_paid_before_the_tenth(city):
    assert (city.delivery("finance", LAST) / "payments_1201_202405.csv").exists()


def test_a_clean_city_lists_no_fault(city):
    assert pl.read_parquet(city.truth / "faults.parquet").height == 0


def test_a_messy_city_lists_faults_of_every_department(messy_city):
    faults = pl.read_parquet(messy_city.truth / "faults.parquet")
    assert faults["delivery"].n_unique() == 4


def test_a_listed_fault_lies_where_the_list_says(messy_city):
    faults = pl.read_parquet(messy_city.truth / "faults.parquet")
    wrong = faults.filter(
        pl.col("reason") == "bad_money", pl.col("file").str.ends_with(".csv")
    ).row(0, named=True)
    path = messy_city.delivery("finance", FIRST) / wrong["file"]
    line = path.read_bytes().splitlines()[wrong["line"] - 1].decode("gb18030")
    assert "约五百元" in line


def test_only_listed_amounts_are_spoiled(messy_city):
    listed = pl.read_parquet(messy_city.truth / "faults.parquet").filter(
        pl.col("file").str.starts_with("payments"), pl.col("field") == "amount"
    )
    folder = messy_city.delivery("finance", FIRST)
    amounts = [
        row["金额"]
        for path in folder.glob("payments*.csv")
        for row in csv.DictReader(path.open(encoding="gb18030", errors="replace"))
    ]
    spoiled = [text for text in amounts if not re.fullmatch(r"-?\d+(\.\d\d?)?", text or "")]
    assert 0 < len(spoiled) <= listed.height


def test_the_reasons_listed_are_those_the_contract_knows(messy_city):
    faults = pl.read_parquet(messy_city.truth / "faults.parquet")
    assert set(faults["reason"]) >= {
        "missing_required", "bad_id_checksum", "bad_id_birth_date", "id_lost_digits",
        "id_placeholder", "bad_date", "bad_month", "bad_money", "bad_area", "bad_flag", "bad_int",
        "unknown_code", "duplicate_key", "future_date", "ragged_row",
        "undecodable_text",
    }  # fmt: skip
