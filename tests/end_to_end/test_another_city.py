"""A city as unlike the shipped one as the rules allow, judged by the same program.

Its folder lies in `tests/another_city/`: another province's way of counting (standards by the year
and in ten thousand yuan, the same in town and country, a marginal line of twice the standard, no
care fees, payment by the 25th), other division codes, other names of tables and headers. What
is expected is worked out by hand from that folder.
"""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts.city import load_city
from pipelines.settings import PROJECT, Home
from tests.cases.runner import CONTRACTS, Case, Given, Written
from tests.commands import run_here

FOLDER = PROJECT / "tests" / "another_city" / "379900"
CODE = "379900"
DAY = date(2024, 5, 16)
AREA = "379902100200"
HEADERS = {
    "households": {"household_no": "户号", "monthly_amount": "月救助金（万元）"},
    "economic_checks": {"wage_income": "年工资收入（元）", "checked_on": "核查日"},
    "payments": {"amount": "实发额", "paid_on": "打卡日期", "program": "补贴项目"},
}
FILES = {"members": "JTCY", "households": "JZJT"}
BORN = {"A": "1980-01-01"}


def family(
    income: str, assistance: str = "600", **member: str
) -> dict[str, list[dict[str, object]]]:
    """A family of one with a declared income of a year."""
    return {
        "households": [{"assistance": assistance, "area_code": AREA, "monthly_amount": "0.05"}],
        "members": [member],
        "economic_checks": [{"wage_income": income}],
    }


def certificate(level: str, **household: str) -> Given:
    """A family whose one member holds a certificate."""
    row = {"cert_no": f"A/4{level}", "category": "4", "level": level, "area_code": AREA}
    return family("0", **household) | {"certificates": [row]}


GIVEN = {
    "just_under": family("23999.88"),
    "at_the_line": family("24000.00"),
    "severe": certificate("2", assistance="120"),
    "moderate": certificate("3", assistance="120"),
    "tekun": family("0", "132", self_care="3", support_form="2"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    home = Home(tmp_path_factory.mktemp("another_city") / "home")
    shutil.copytree(FOLDER, home.root / "cities" / CODE)
    written = Written()
    for place, (name, given) in enumerate(GIVEN.items(), start=1):
        written.add(Case(name, name, place, DAY, False, BORN, given, {}, [], True))
    written.fill(DAY)
    for (day, table), told in written.tables.items():
        contract = CONTRACTS[table]
        folder = home.delivery(contract.department, day)
        folder.mkdir(parents=True, exist_ok=True)
        headers = {name: column.zh for name, column in contract.columns.items()}
        headers |= HEADERS.get(table, {})
        frame = pl.DataFrame(
            [
                {header: _local(row.get(name, "")) for name, header in headers.items()}
                for row in told
            ]
        )
        (folder / f"{FILES.get(table, table)}.csv").write_text(frame.write_csv(), encoding="utf-8")
    ran = run_here("--city", CODE, "run", "--date", str(DAY), home=home.root)
    assert ran.code == 0, ran.err
    return home


def _local(text: str) -> str:
    """Codes of the pattern's areas as this city's."""
    return AREA[: len(text)] if text.startswith("371522") and len(text) in (6, 9, 12) else text


def mart(home: Home, name: str) -> pl.DataFrame:
    return pl.read_parquet(home.published / "parquet" / f"{name}.parquet")


def indicators(home: Home, name: str) -> dict[str, object]:
    """What is published of a family, known by its given name."""
    number = f"{name}-{list(GIVEN).index(name) + 1}-H"
    ran = run_here("key", "household", number, home=home.root)
    assert ran.code == 0, ran.err
    (row,) = (
        mart(home, "fct_household_indicators")
        .join(mart(home, "dim_households"), on="household_key")
        .filter(pl.col("household_key") == ran.out.strip())
        .to_dicts()
    )
    return row


def due(home: Home, programme: str) -> set[Decimal]:
    """The amounts due of a programme in April."""
    rows = mart(home, "fct_entitlements").filter(pl.col("period") == date(2024, 4, 1))
    return set(rows.filter(pl.col("program") == programme)["amount_due_cny"])


def test_a_standard_of_ten_thousand_yuan_a_year_is_a_monthly_one(home):
    row = indicators(home, "just_under")
    assert (row["standard_cny"], row["marginal_line_cny"]) == (
        Decimal("1000.00"),
        Decimal("2000.00"),
    )


def test_the_marginal_line_is_twice_the_standard_to_the_fen(home):
    under, at = indicators(home, "just_under"), indicators(home, "at_the_line")
    assert (under["gap_to_marginal_cny"], at["gap_to_marginal_cny"]) == (
        Decimal("0.01"), Decimal("0.00"),
    )  # fmt: skip
    assert (under["category_computed"], at["category_computed"]) == ("dibao_marginal", "none")


def test_allowances_are_due_at_the_citys_own_rates(home):
    assert due(home, "nursing") == {Decimal("150.00")}
    assert due(home, "living") == {Decimal("200.00"), Decimal("150.00")}
    assert due(home, "tekun") == {Decimal("1300.00")}


def test_no_care_fee_is_due_where_the_city_has_none(home):
    assert due(home, "tekun_care") <= {Decimal("0.00")}


def test_the_month_whose_payment_day_has_not_come_is_not_checked(home):
    periods = mart(home, "fct_payment_reconciliation")["period"]
    assert periods.max() == date(2024, 4, 1)


def test_areas_are_the_citys_own(home):
    areas = mart(home, "dim_areas").filter(pl.col("level") == "county")
    assert set(areas["area_code"]) == {"379901", "379902"}
    assert set(mart(home, "fct_alerts")["county_code"]) <= {"379901", "379902", None}
    lists = {path.stem[:4] for path in (home.day(DAY) / "lists").glob("*.xlsx")}
    assert lists == {"3799"}
    page = (home.day(DAY) / "bulletin.html").read_text(encoding="utf-8")
    assert ("海州市" in page, "聊城" in page) == (True, False)


def test_no_total_of_another_city_is_held_against_it(home):
    assert mart(home, "rpt_control_totals").is_empty()


def test_a_card_names_the_citys_own_rows(home):
    alerts = mart(home, "fct_alerts").filter(
        pl.col("evidence").str.contains("policy.assistance_standards")
    )
    ran = run_here("--city", CODE, "explain", alerts["alert_id"][0], home=home.root)
    assert ran.code == 0, ran.err
    assert "海州市民政局（虚构）" in ran.out


def test_the_dictionary_describes_the_citys_own_models(home):
    ran = run_here("--city", CODE, "dictionary", home=home.root)
    assert ran.code == 0, ran.err
    assert (home.published / "dictionary.html").exists()


def test_its_day_can_be_proven(home):
    ran = run_here("--city", CODE, "replay", "--date", str(DAY), home=home.root)
    assert ran.code == 0, ran.out + ran.err


def test_every_declaration_agrees(home):
    ran = run_here("--city", CODE, "check", home=home.root)
    assert (ran.code, ran.err) == (0, "")


@pytest.fixture
def empty(tmp_path) -> Path:
    """A home with a city's folder as the command makes it."""
    ran = run_here("new-city", "379800", "--name", "山城市", home=tmp_path)
    assert ran.code == 0, ran.err
    return tmp_path


def test_a_new_citys_folder_asks_for_every_number_in_one_list(empty):
    ran = run_here("--city", "379800", "check", home=empty)
    assert ran.code == 4
    asked = ran.err.splitlines()
    assert any("dibao urban: missing: the amount, since when it holds" in line for line in asked)
    assert any("payment_day (day_of_month): missing: the value" in line for line in asked)
    assert any("the townships are missing" in line for line in asked)
    assert not any("r20_days" in line for line in asked)  # assumed anywhere, and said to be


def test_nothing_is_judged_while_a_number_is_missing(empty):
    told = empty / "landing" / "finance" / str(DAY)
    told.mkdir(parents=True)
    (told / "payroll.csv").write_text("证件号码\n", encoding="utf-8")
    ran = run_here("--city", "379800", "run", "--date", str(DAY), home=empty)
    assert (ran.code, "Traceback" in ran.err) == (4, False)
    assert "`wendu --city 379800 check` names them all" in ran.err


def test_a_city_is_made_once(empty):
    ran = run_here("new-city", "379800", home=empty)
    assert (ran.code, "is there already" in ran.err) == (4, True)


def test_whatever_a_city_is_called_its_folder_can_be_read(tmp_path):
    made = run_here("new-city", "379800", "--name", '青"岛: x', home=tmp_path)
    again = run_here("new-city", "379700", "--name", "青\n岛", home=tmp_path)
    assert (made.code, again.code, "one line" in again.err) == (0, 4, True)
    assert load_city("379800", Home(tmp_path)).name.zh == '青"岛: x'


@pytest.mark.parametrize("code", ["3701", "370102", "济南"])
def test_a_code_that_is_no_citys_is_refused(tmp_path, code):
    ran = run_here("new-city", code, home=tmp_path)
    assert (ran.code, "is no code of a city" in ran.err) == (4, True)
    assert not (tmp_path / "cities").exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("policy/parameters.csv", ",25,", ",twenty-five,", "'twenty-five' is no number"),
        ("policy/parameters.csv", ",2023-01-01,", ",2023-13-01,", "'2023-13-01' is no date"),
        ("policy/assistance_standards.csv", "10k_yuan", "wan", "the unit must be one of"),
        ("policy/assistance_standards.csv", "379900,urban", "371500,urban", "does not lie in"),
        ("policy/assistance_standards.csv", "tekun,379900,urban", "tekun,379900,Urban", "no rule"),
        (
            "policy/parameters.csv",
            "r01_member_after",
            "payment_day,379900,25,day_of_month,2023-01-01,某,false\nr01_member_after",
            "says this already",
        ),
        ("reference/townships.csv", "379902100", "379903100", "lies in no county"),
        ("reference/divisions.csv", "county,379900,1998", "county,379000,1998", "parent_code of"),
        ("reference/divisions.csv", ",379901\n", ",379910\n", "current_code of 379901 must be"),
        ("reference/divisions.csv", "东海区,Donghai,county", "东海区,Donghai,区县", "the level of"),
        ("reference/divisions.csv", "1998-01-01,,379902", "1998-01-01,2018/8/31,", "is no date"),
        (
            "reference/divisions.csv",
            "379901,东海区",
            "379902,西山县,,county,379900,,,379902\n379901,东海区",
            "says this already",
        ),
        ("policy/assistance_standards.csv", "effective_from", "effective_form", "columns must be"),
        (
            "policy/assistance_standards.csv",
            "（虚构）,false",
            "（虚构）",
            "is no row with a value for",
        ),
        ("policy/assistance_standards.csv", "（虚构）,false", "（虚构）,no", "neither true nor"),
        (
            "policy/parameters.csv",
            "year,2023-01-01",
            'year,"2023-01-01',
            "quote that is not closed",
        ),
        ("policy/parameters.csv", ",25,", ",２５,", "is no number"),
        ("policy/parameters.csv", ",25,", ",32,", "is no day of a month"),
        (
            "policy/assistance_standards.csv",
            "tekun,379900,urban",
            "dibao,379900,urban,,12600,yuan,month,2024-07-01,某,false\ntekun,379900,urban",
            "12600.00 yuan a month is 13 times line 2",
        ),
        (
            "reference/published_totals.csv",
            "source\n",
            "source\ndibao_person,persons,82300,0.005,2024-04-30,某\n",
            "nothing computes this",
        ),
        (
            "reference/published_totals.csv",
            "source\n",
            'source\ndibao_persons,persons,"82,300",0.005,2024-04-30,某\n',
            "'82,300' is no number",
        ),
    ],
)
def test_a_wrong_number_is_named_with_its_file_and_line(tmp_path, file, old, new, told):
    shutil.copytree(FOLDER, tmp_path / "cities" / CODE)
    path = tmp_path / "cities" / CODE / file
    path.write_text(path.read_text("utf-8").replace(old, new, 1), encoding="utf-8")
    ran = run_here("--city", CODE, "check", home=tmp_path)
    assert ran.code == 4
    assert any(told in line and f"{path}, line " in line for line in ran.err.splitlines())


@pytest.mark.parametrize(
    ("file", "old", "told"),
    [
        ("assistance_standards", "dibao,379900,rural", "no row for dibao rural holds in 379902"),
        ("parameters", "marginal_line_multiple,379900", "marginal_line_multiple holds in 379902"),
    ],
)
def test_a_county_in_which_no_amount_holds_is_named(tmp_path, file, old, told):
    shutil.copytree(FOLDER, tmp_path / "cities" / CODE)
    path = tmp_path / "cities" / CODE / "policy" / f"{file}.csv"
    row = old.replace("379900", "379901")
    path.write_text(path.read_text("utf-8").replace(old, row), encoding="utf-8")
    ran = run_here("--city", CODE, "check", home=tmp_path)
    assert ran.code == 4
    assert [told in line for line in ran.err.splitlines()] == [True, False]


@pytest.mark.parametrize("file", ["policy/parameters.csv", "reference/divisions.csv", "city.yml"])
def test_a_file_in_another_encoding_is_told_with_what_to_do(tmp_path, file):
    shutil.copytree(FOLDER, tmp_path / "cities" / CODE)
    path = tmp_path / "cities" / CODE / file
    path.write_bytes(path.read_text("utf-8").encode("gb18030"))
    ran = run_here("--city", CODE, "check", home=tmp_path)
    assert ran.code == 4
    told = [line for line in ran.err.splitlines() if "not in UTF-8; save it" in line]
    assert any(str(path) in line for line in told)


def test_a_county_may_follow_one_of_another_prefecture(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "cities" / CODE)
    path = tmp_path / "cities" / CODE / "reference" / "divisions.csv"
    with path.open("a", encoding="utf-8") as rows:
        rows.write("372421,西山县,Xishan,county,372400,,1997-12-31,379902\n")
    ran = run_here("--city", CODE, "check", home=tmp_path)
    assert (ran.code, ran.err) == (0, "")
