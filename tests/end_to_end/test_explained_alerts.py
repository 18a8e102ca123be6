"""Every alert explains itself: its terms add up, its sources exist, its card is printed.

Also the audit sample, whose lines nobody can tell from an alert's on the lists.
"""

import csv
import io
import json
import re
from decimal import Decimal

import duckdb
import openpyxl
import polars as pl
import pytest
from rich.console import Console

from pipelines.contracts.alert_code import is_well_formed
from pipelines.contracts.policy_areas import areas_in
from pipelines.contracts.sources import load_contracts
from pipelines.outreach import layout
from pipelines.reporting.arithmetic import faults_of, read_terms
from pipelines.reporting.card import UnexplainedError, field_name, named_field, read_card, words
from pipelines.reporting.card_text import event_detail, render_card, said
from pipelines.reporting.policy_rows import SHIPPED, look_up
from pipelines.reporting.published import open_published
from pipelines.settings import DBT_PROJECT, WenduError
from pipelines.warehouse import city_project
from pipelines.warehouse.project_files import copy_project
from tests.conftest import SECOND_DAY

CITY = "371500"
SUMS_OF_PAYMENTS = ("R01", "R03", "R07", "R11", "R26", "R27")
LATIN_WORD, CHINESE = re.compile("[A-Za-z]{2,}"), re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def alerts(world):
    return world.mart("fct_alerts")


@pytest.fixture(scope="module")
def published(world):
    with open_published(world.home) as connection:
        yield connection


@pytest.fixture(scope="module")
def cards(alerts, published):
    return [read_card(published, code, CITY) for code in alerts["alert_id"]]


def test_the_terms_of_every_alert_add_up_to_its_stored_numbers(alerts):
    wrong = {
        f"{alert['rule_id']} {alert['level']}": faults
        for alert in alerts.iter_rows(named=True)
        if (
            faults := faults_of(
                read_terms(alert["evidence"]), alert["amount_cny"], alert["ratio_to_standard"]
            )
        )
    }
    assert wrong == {}


def test_every_department_table_that_a_term_names_is_declared(alerts):
    declared = {".".join(table) for table in load_contracts()}
    named = {
        (alert["rule_id"], term.source)
        for alert in alerts.iter_rows(named=True)
        for term in read_terms(alert["evidence"])
        if not term.source.startswith("policy.")
    }
    assert named
    assert sorted(pair for pair in named if pair[1] not in declared) == []


def test_every_policy_row_that_a_term_names_stands_in_the_policy(alerts):
    missing = set()
    for alert in alerts.iter_rows(named=True):
        for term in read_terms(alert["evidence"]):
            if term.source.startswith("policy."):
                table = term.source.removeprefix("policy.")
                areas = areas_in(CITY, alert["county_code"])
                row = look_up(table, term.key or "", term.as_of or "", areas)
                if not row.is_known:
                    missing.add((alert["rule_id"], term.source, term.key))
    assert sorted(missing) == []


def test_every_number_in_the_arithmetic_names_its_row_day_and_unit(alerts):
    bare = {
        (alert["rule_id"], term.field)
        for alert in alerts.iter_rows(named=True)
        for term in read_terms(alert["evidence"])
        if term.step and not (term.key and term.as_of and term.unit)
    }
    assert sorted(bare) == []


def test_every_payment_that_a_sum_is_made_of_is_named_with_its_own_amount(alerts, world):
    """A term of nothing paid, or of payments that no rule may name, goes by another key."""
    payments = world.mart("fct_payments").filter(pl.col("status") == "1")
    ledger = dict(payments.select("payment_no", "amount_cny").iter_rows())
    named = {
        (alert["rule_id"], term.key): (term.value, ledger.get(term.key))
        for alert in alerts.filter(pl.col("rule_id").is_in(SUMS_OF_PAYMENTS)).iter_rows(named=True)
        for term in read_terms(alert["evidence"])
        if term.source == "finance.payments" and term.field.startswith("paid_")
        and term.value != "0.00"
    }  # fmt: skip
    assert {rule for rule, _ in named} == {*SUMS_OF_PAYMENTS}
    wrong = {of: found for of, found in named.items() if found[1] != Decimal(found[0])}
    assert wrong == {}


def test_every_field_and_unit_of_a_term_has_its_words_in_names_csv(alerts):
    terms = {
        (alert["rule_id"], term)
        for alert in alerts.iter_rows(named=True)
        for term in read_terms(alert["evidence"])
    }
    fields = {f"field,{term.field},… ({rule})" for rule, term in terms if not named_field(term)}
    units = {
        f"unit,{term.unit},… ({rule})"
        for rule, term in terms
        if term.unit and ("unit", term.unit) not in words()
    }
    assert sorted(fields | units) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_card_is_printed_for_an_alert_of_every_rule(alerts, published, language):
    told = Console(width=4000, record=True, file=io.StringIO())
    for code in alerts.sort("alert_id").unique("rule_id", keep="first")["alert_id"]:
        card = read_card(published, code, CITY)
        told.print(render_card(card, language))
        text = told.export_text()
        for term in (*card.arithmetic, *card.facts):
            assert term.source in text
        assert card.alert[f"reason_{language}"] in text
        assert (card.answer_zh if language == "zh" else card.answer_en) in text


def told_by(card, language):
    """The lines of a card as printed."""
    told = Console(width=4000, record=True, file=io.StringIO())
    told.print(render_card(card, language))
    return told.export_text()


def test_a_chinese_card_holds_no_latin_word_but_codes(cards):
    strange = set()
    for card in cards:
        told = told_by(card, "zh")
        codes = {card.alert[name] for name in ("alert_id", "rule_id", "subject")}
        codes |= {text for row in card.policy for text in (row.table, row.key)}
        for term in (*card.arithmetic, *card.facts):
            codes |= {term.source, term.key or ""}
        for known in sorted(codes - {""}, key=len, reverse=True):
            told = told.replace(known, "")
        strange |= {(card.alert["rule_id"], word) for word in LATIN_WORD.findall(told)}
    assert sorted(strange) == []


def test_names_and_values_of_an_english_card_are_english(cards):
    strange = set()
    for card in cards:
        terms = (*card.arithmetic, *card.facts)
        told = [card.alert["reason_en"], card.answer_en, card.rule["action_en"]]
        told += [f"{field_name(term, 'en')} {said(term, 'en')}" for term in terms]
        told += [event_detail(event["detail"] or "", "en") for event in card.events]
        strange |= {(card.alert["rule_id"], text) for text in told if CHINESE.search(text)}
    assert sorted(strange) == []


def test_the_card_of_an_alert_is_explained_to_a_person(world, wendu, alerts):
    alert = alerts.filter(pl.col("rule_id") == "R16").row(0, named=True)
    ran = wendu("explain", alert["alert_id"].lower(), home=world.home.root)
    assert ran.code == 0, ran.err
    for told in (alert["reason_zh"], alert["legal_reference"], alert["action_zh"], "计算"):
        assert told in ran.out


def test_the_card_of_an_alert_is_told_to_a_program(world, wendu, alerts):
    alert = alerts.filter(pl.col("rule_id") == "R26").row(0, named=True)
    ran = wendu("explain", alert["alert_id"], "--json", home=world.home.root)
    card = json.loads(ran.out)
    stated = [term["value"] for term in card["arithmetic"] if term["step"] == "result"]
    assert Decimal(stated[0]) == alert["amount_cny"]


def test_a_card_shows_the_policy_rows_that_its_alert_was_found_with(
    world, wendu, alerts, tmp_path, monkeypatch
):
    project = copy_project(DBT_PROJECT, tmp_path / "dbt_project")
    with (project / "seeds" / "policy" / "parameters.csv").open("a", encoding="utf-8") as file:
        file.write("r26_tolerance_cny,371500,5,yuan,2024-01-01,backdated since,false\n")
    monkeypatch.setattr(city_project, "project_of", lambda *_: project)
    code = alerts.filter(pl.col("rule_id") == "R26")["alert_id"][0]
    ran = wendu("explain", code, "--en", home=world.home.root)
    told = " ".join(ran.out.split())
    assert "due and paid within 1 yuan" in told
    assert "backdated since" not in told


@pytest.mark.parametrize("code", ["A00000000001", "R16", "A0000000000"])
def test_a_mistyped_or_unknown_code_gets_one_sentence_and_code_four(world, wendu, code):
    ran = wendu("explain", code, home=world.home.root)
    assert ran.code == 4
    assert len(ran.err.strip().splitlines()) == 1


def test_evidence_that_does_not_add_up_is_refused(alerts):
    alert = alerts.filter(pl.col("rule_id") == "R26").head(1)
    amount = (pl.col("amount_cny") + Decimal("0.01")).cast(pl.Decimal(14, 2))
    with duckdb.connect() as connection:
        connection.register("fct_alerts", alert.with_columns(amount_cny=amount).to_arrow())
        with pytest.raises(UnexplainedError, match="do not add up") as refused:
            read_card(connection, alert["alert_id"][0], CITY)
    assert isinstance(refused.value, WenduError)


def test_the_audit_sample_holds_as_many_households_of_every_county_as_the_policy_says(world):
    drawn = world.mart("quality_audit_sample").group_by("county_code").len()
    counties = world.mart("dim_areas").filter(
        (pl.col("level") == "county") & pl.col("valid_to").is_null()
    )
    with (SHIPPED / "parameters.csv").open(encoding="utf-8") as file:
        size = next(
            int(row["value"])
            for row in csv.DictReader(file)
            if row["name"] == "audit_households_per_county"
        )
    assert dict(drawn.iter_rows()) == dict.fromkeys(counties["area_code"], size)


def test_a_household_is_drawn_only_without_an_open_alert(world, alerts):
    drawn = world.mart("quality_audit_sample").filter(pl.col("drawn_on") == SECOND_DAY)
    open_alerts = alerts.filter(pl.col("status").is_in(["open", "held"]))
    assert drawn.height > 0
    assert drawn.join(open_alerts, on="household_key", how="semi").height == 0


def test_audited_households_are_households_the_warehouse_knows(world):
    drawn = world.mart("quality_audit_sample")
    assert drawn.join(world.mart("dim_households"), on="household_key", how="anti").height == 0


@pytest.fixture(scope="module")
def lines(world):
    """All lines of the day's lists, by column."""
    rows = []
    for path in sorted((world.home.day(SECOND_DAY) / "lists").glob("*.xlsx")):
        book = openpyxl.load_workbook(path, read_only=True)
        for sheet in layout.REPLY_SHEETS:
            header, *body = book[sheet.name].iter_rows(
                min_row=layout.HEADER_ROW + 1, values_only=True
            )
            rows += [
                dict(zip(header, row, strict=True)) for row in body if is_well_formed(str(row[0]))
            ]
    assert rows
    return rows


def test_every_audited_household_stands_on_a_list_once(world, lines):
    listed = pl.read_parquet(world.home.day(SECOND_DAY) / "batches.parquet")["alert_id"].to_list()
    codes = world.mart("quality_audit_sample")["code"]
    assert [listed.count(code) for code in codes] == [1] * len(codes)


def test_an_audited_line_fills_what_the_line_of_a_household_fills(world, lines, alerts):
    codes = set(world.mart("quality_audit_sample")["code"])
    of_households = set(alerts.filter(pl.col("unit") == "household")["alert_id"])
    always = {
        column
        for column in lines[0]
        if all(line[column] for line in lines if line["编号"] in of_households)
    }
    lacking = {
        column for line in lines if line["编号"] in codes for column in always if not line[column]
    }
    assert "户主" in always
    assert sorted(lacking - {"现有救助"}) == []


def test_no_rule_and_no_word_of_a_sample_stands_on_an_audited_line(world, lines):
    codes = set(world.mart("quality_audit_sample")["code"])
    texts = {
        str(value)
        for line in lines
        if line["编号"] in codes
        for column, value in line.items()
        if column != "编号"
    }
    assert texts
    assert [
        text for text in texts if any(word in text for word in ("抽", "样", "R0", "audit"))
    ] == []
