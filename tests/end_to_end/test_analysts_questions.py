"""Worked questions on the shared city: each is answered, and many are computed a second way."""

import json
from datetime import date

import polars as pl
import pytest
from dateutil.relativedelta import relativedelta

from pipelines.reporting.published import open_published
from pipelines.reporting.questions import LABELS, answer, load_questions, question
from pipelines.settings import UsageError
from tests.conftest import SECOND_DAY

QUESTIONS = load_questions()
EMPTY_IN_A_YOUNG_CITY = {15}
"""No clue can be past its day two days after the first."""


@pytest.fixture(scope="module")
def ask(world):
    """Answer a question by its number."""

    def asked(number):
        with open_published(world.home) as connection:
            return answer(connection, question(number))

    return asked


def sums(frame, *columns):
    """Each column's sum as a plain number."""
    return [float(frame[column].sum()) for column in columns]


@pytest.fixture(scope="module")
def families(world):
    """Watched families with their indicators."""
    return (
        world.mart("fct_household_indicators")
        .join(world.mart("dim_households"), on="household_key")
        .with_columns(gap=pl.col("gap_to_standard_cny").cast(pl.Float64))
    )


@pytest.fixture(scope="module")
def newest_month(world):
    """What was due and paid in the newest checkable month."""
    reconciliation = world.mart("fct_payment_reconciliation")
    return reconciliation.filter(pl.col("period") == reconciliation["period"].max())


def test_there_are_twenty_questions_numbered_without_a_gap():
    assert [one.number for one in QUESTIONS] == list(range(1, 21))


@pytest.mark.parametrize("one", QUESTIONS, ids=lambda one: one.file.stem)
def test_a_question_says_in_both_languages_how_to_read_it_and_what_may_be_published(one):
    assert set(one.about) == set(LABELS.values())
    assert all(words.strip() for words in one.about.values())


@pytest.mark.parametrize("one", QUESTIONS, ids=lambda one: one.file.stem)
def test_a_question_has_an_answer(one, ask):
    assert ask(one.number).is_empty() == (one.number in EMPTY_IN_A_YOUNG_CITY)


@pytest.mark.parametrize("one", QUESTIONS, ids=lambda one: one.file.stem)
def test_a_question_reads_marts_and_views_alone_and_names_the_columns_it_needs(one):
    statements = [line for line in one.select.splitlines() if not line.startswith("--")]
    text = "\n".join(statements).lower()
    assert "parquet" not in text
    assert "select *" not in text.replace("select * from final", "")


def test_a_question_nobody_wrote_is_a_usage_error(wendu, world):
    ran = wendu("questions", "99", home=world.home.root)
    assert (ran.code, "no question 99" in ran.err) == (4, True)


def test_the_command_lists_and_answers(wendu, world, ask):
    listed = wendu("questions", "--json", home=world.home.root)
    assert [one["number"] for one in json.loads(listed.out)] == list(range(1, 21))
    answered = wendu("questions", "7", "--json", home=world.home.root)
    assert len(json.loads(answered.out)) == ask(7).height
    assert question(7).about["publishing_en"] in answered.err


def test_the_command_times_every_question(wendu, world):
    timed = wendu("questions", "--time", "--json", home=world.home.root)
    told = json.loads(timed.out)
    assert [one["number"] for one in told] == list(range(1, 21))
    assert all(one["milliseconds"] > 0 for one in told)


def test_a_head_that_lacks_a_line_is_told(tmp_path):
    (tmp_path / "01_nothing.sql").write_text("-- 问题: 什么？\nselect 1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="01_nothing"):
        load_questions(tmp_path)


def test_01_counts_the_families_near_the_line(ask, families, world):
    counted = families.filter(
        pl.col("gap").abs() <= 50,
        pl.col("members") > 0,
        (pl.col("concept") == "civil_affairs")
        | pl.col("household_key").is_in(world.mart("dim_people")["household_key"].to_list()),
        pl.col("ended_on").is_not_null()
        | ~pl.col("category_registered").fill_null("").is_in(["dibao", "tekun"]),
    )
    assert sums(ask(1), "below", "above") == [
        counted.filter(pl.col("gap") > 0).height,
        counted.filter(pl.col("gap") <= 0).height,
    ]


def test_02_values_the_missing_nursing_allowance_at_the_rates_in_force(ask, newest_month, world):
    by_key = newest_month.filter(pl.col("program") == "nursing")
    received = by_key.filter(pl.col("paid_cny") > 0)["beneficiary_key"].to_list()
    on_tekun = newest_month.filter(
        pl.col("program") == "tekun", (pl.col("due_cny") > 0) | (pl.col("paid_cny") > 0)
    )["beneficiary_key"].to_list()
    without = world.mart("dim_people").filter(
        pl.col("disability_level").is_in(["1", "2"]),
        pl.col("certificate_status") == "1",
        pl.col("died_on").is_null(),
        ~pl.col("person_key").is_in(received + on_tekun),
    )
    level_1 = without.filter(pl.col("disability_level") == "1").height
    level_2 = without.height - level_1
    assert sums(ask(2), "persons", "monthly_cny") == [without.height, level_1 * 168 + level_2 * 140]


def test_03_lists_every_open_clue_of_a_late_procedure(ask, world):
    late = world.mart("fct_alerts").filter(pl.col("rule_id") == "R32", pl.col("status") == "open")
    assert sum(sums(ask(3), "applications", "cases", "reviews", "others")) == late.height


def test_04_sums_to_what_the_ledger_paid_in_two_months(ask, world):
    payments = world.mart("fct_payments")
    first_on = payments["paid_on"].max().replace(day=1) - relativedelta(months=1)
    paid = payments.filter(pl.col("status") == "1", pl.col("paid_on") >= first_on)
    found = ask(4)
    assert sums(found, "payments", "amount_cny") == pytest.approx(
        [paid.height, float(paid["amount_cny"].sum())]
    )
    recovered = paid.filter(pl.col("amount_cny") < 0)["amount_cny"].sum()
    assert float(found["recovered_cny"].sum()) == -float(recovered)


def test_05_names_what_was_paid_for_months_after_a_death(ask, world):
    after = world.mart("fct_payment_reconciliation").filter(
        pl.col("reason") == "after_death", pl.col("paid_cny") > 0
    )
    overpaid = float((after["paid_cny"] - after["due_cny"]).sum())
    assert sums(ask(5), "months", "overpaid_cny") == [after.height, overpaid]


def test_06_names_the_families_whose_grace_ends_next_month(ask, world):
    ending = world.mart("dim_households").filter(
        pl.col("grace_until").is_between(date(2024, 6, 1), date(2024, 6, 30)),
        pl.col("ended_on").is_null(),
    )
    assert set(ask(6)["household_key"]) == set(ending["household_key"])


def test_07_shares_lie_between_none_and_all_and_count_every_dibao_family(ask, families):
    dibao = families.filter(
        pl.col("category_registered") == "dibao",
        pl.col("ended_on").is_null(),
        pl.col("members") > 0,
    )
    found = ask(7)
    assert sums(found, "dibao_families", "with_severely_disabled") == [
        dibao.height,
        dibao.filter(pl.col("severely_disabled_members") > 0).height,
    ]
    assert found["share"].is_between(0, 1).all()


def test_08_leaves_no_child_out(ask, newest_month):
    due = newest_month.filter(
        pl.col("program").is_in(["orphan", "unsupported_child", "key_child"]), pl.col("due_cny") > 0
    )
    found = ask(8)
    assert sum(sums(found, "paid_in_full", "paid_in_part", "not_paid")) == due.height
    assert sums(found, "paid_in_full") == [
        due.filter(pl.col("paid_cny") >= pl.col("due_cny")).height
    ]


def test_09_explains_every_month_that_does_not_match(ask, world):
    reconciliation = world.mart("fct_payment_reconciliation")
    other = reconciliation.filter(pl.col("reason").ne_missing("matched"))
    assert sums(ask(9), "months", "difference_cny") == pytest.approx(
        [other.height, float(other["difference_cny"].sum())]
    )


def test_10_hands_every_open_clue_to_one_township(ask, world):
    opened = world.mart("fct_alerts").filter(pl.col("status") == "open")
    found = ask(10)
    assert sums(found, "open_clues") == [opened.height]
    assert sum(sums(found, "support", "review", "payment", "process")) == opened.height


def test_12_places_every_family_in_one_step(ask, families):
    living = families.filter(pl.col("members") > 0)
    found = ask(12)
    steps = living.group_by(((-pl.col("gap")) / 100).floor().cast(pl.Int32) * 100).len()
    assert dict(found.select("from_cny", "families").iter_rows()) == dict(steps.iter_rows())


def test_13_a_higher_line_costs_fifty_yuan_for_everybody_on_the_roll(ask, families):
    covered = families.filter(
        pl.col("category_registered") == "dibao",
        pl.col("ended_on").is_null(),
        pl.col("members") > 0,
    )["covered_persons"].sum()
    found = ask(13)
    assert sums(found, "on_the_roll_cny") == [covered * 50]
    assert found["newly_below_cny"].min() >= 0


def test_14_counts_old_people_whose_household_is_one(ask, world):
    alone = (
        world.mart("dim_people")
        .filter(pl.col("age") >= 70, pl.col("died_on").is_null())
        .join(world.mart("dim_households").filter(pl.col("members") == 1), on="household_key")
    )
    paid = world.mart("fct_payments")
    paid = paid.filter(
        pl.col("status") == "1",
        pl.col("paid_on") >= paid["paid_on"].max() - relativedelta(months=3),
    )["beneficiary_key"]
    nothing = alone.filter(
        ~pl.col("person_key").is_in(paid.to_list()), ~pl.col("household_key").is_in(paid.to_list())
    )
    assert sums(ask(14), "alone", "without_payment") == [alone.height, nothing.height]


def test_16_knows_that_every_register_came_on_both_days(ask, world):
    found = ask(16)
    assert found.height == world.mart("rpt_coverage").height
    assert set(found["days_run"]) == {2}
    assert found.filter(pl.col("table") == "households")["days_without"].to_list() == [0]


def test_19_counts_families_whose_last_look_is_a_year_old(ask, world):
    looked_at = pl.coalesce("reviewed_on", "approved_on")
    waiting = world.mart("dim_households").filter(
        pl.col("concept") == "civil_affairs",
        pl.col("ended_on").is_null(),
        pl.col("members") > 0,
        looked_at < SECOND_DAY - relativedelta(months=12),
    )
    assert sums(ask(19), "over") == [waiting.height]


def test_20_keeps_unknown_incomes_apart_from_low_ones(ask, families):
    living = families.filter(pl.col("ended_on").is_null(), pl.col("members") > 0)
    assert sums(ask(20), "families", "not_observed") == [
        living.height,
        living["income_counted_cny"].null_count(),
    ]
