"""The words of a card: what the warehouse and the policy write in English is told in Chinese."""

import csv
import re

import pytest

from pipelines.reporting.arithmetic import Term
from pipelines.reporting.card import words
from pipelines.reporting.card_text import event_detail
from pipelines.reporting.policy_rows import rows_used
from pipelines.settings import DBT_PROJECT

CHINESE = re.compile("[\u4e00-\u9fff]")
LATIN_WORD = re.compile("[A-Za-z]{2,}")
EVENTS = DBT_PROJECT / "models/intermediate/4_rules/int_rules__alert_events.sql"


@pytest.mark.parametrize(
    ("detail", "zh"),
    [
        ("level orange", "级别：橙"),
        ("level emergency, hold 20240501-R01-371502", "级别：特急，暂缓批次 20240501-R01-371502"),
        ("level yellow to red; new evidence", "级别由黄改为红；有新的依据"),
        ("amount unknown to 12.50", "金额（元）由 不明 变为 12.50"),
        ("moved from 371502001", "由 371502001 转来"),
        ("outcome not_eligible", "走访结果：不符合条件"),
        ("on the list of 2024-05-01", "列入 2024-05-01 清单"),
        ("replies of one visit disagree", "同一次走访的回复不一致"),
    ],
)
def test_what_an_event_says_is_told_in_chinese(detail, zh):
    assert event_detail(detail, "zh") == zh


def test_an_event_names_the_outcome_of_a_visit_in_english_too():
    assert event_detail("outcome not_eligible", "en") == "outcome: Not eligible"


def test_every_phrase_that_the_model_of_events_writes_has_its_pattern():
    patterns = " ".join(name for kind, name in words() if kind == "detail")
    written = re.findall(r"'([a-z][a-z ,]*[a-z, ])'", EVENTS.read_text(encoding="utf-8"))
    phrases = {phrase.strip(" ,") for phrase in written if " " in phrase}
    assert phrases
    assert sorted(phrase for phrase in phrases if phrase not in patterns) == []


def test_every_policy_reference_with_english_words_has_its_chinese():
    missing = set()
    for path in sorted((DBT_PROJECT / "seeds" / "policy").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                reference = row.get("reference") or ""
                if LATIN_WORD.search(reference) and ("reference", reference) not in words():
                    missing.add(f"reference,{reference},…")
    assert sorted(missing) == []


@pytest.mark.parametrize("kind", ["value", "detail", "reference", "area"])
def test_the_chinese_words_of_a_card_are_chinese(kind):
    named = [row["zh"] for (of_kind, _), row in words().items() if of_kind == kind]
    assert named
    assert [zh for zh in named if not CHINESE.search(zh)] == []


def test_a_month_in_which_nothing_is_due_rests_on_no_policy_row():
    due = ("due_cny", "0.00", "2024-05-01", "yuan", "start")
    assert rows_used([Term("policy.assistance_standards", None, *due)], ["371500"]) == []
