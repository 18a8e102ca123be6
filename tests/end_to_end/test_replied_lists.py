"""A township's workbook on its whole way: written, filled in, returned, judged, counted."""

from datetime import date, timedelta

import polars as pl

from pipelines.outreach.layout import is_batch
from tests.end_to_end.third_day import RETURNED, THIRD_DAY, batches, returned_line


def test_the_run_of_a_day_takes_the_inbox_before_it_judges(third):
    alerts = returned_line(third.home).alerts
    assert f"1 returned lists, {len(alerts)} answers taken, 0 lines returned" in third.ran.err
    told = third.mart("fct_alerts").filter(pl.col("alert_id").is_in(alerts))
    found = {row["alert_id"]: (row["status"], row["outcome"]) for row in told.to_dicts()}
    assert found[alerts[0]] == ("closed", "taken_in_dibao")
    assert found[alerts[1]] == ("open", "not_verified")


def test_what_a_visit_confirmed_counts_for_its_rule(third):
    alert = returned_line(third.home).alerts[0]
    rule = batches(third.home).filter(pl.col("alert_id") == alert)["rule_id"][0]
    fared = third.mart("rpt_rule_performance")
    assert fared.filter(pl.col("rule_id") == rule).select("replied", "confirmed").row(0) == (1, 1)


def test_reading_the_file_again_is_told_and_changes_nothing(third, wendu):
    home = third.home
    before = sorted(home.replies.rglob("*"))
    ran = wendu("replies", "--received-on", "2024-05-03", RETURNED, home=home.root)
    assert ran.code == 2  # there is no such file here
    path = home.root / RETURNED
    ran = wendu("replies", "--received-on", "2024-05-03", str(path), home=home.root)
    assert (ran.code, "read before" in ran.out) == (0, True)
    assert sorted(home.replies.rglob("*")) == before


def test_a_home_that_is_not_run_day_by_day_asks_from_when_replies_count(third, wendu):
    ran = wendu("replies", home=third.home.root)
    assert (ran.code, f"--received-on {THIRD_DAY + timedelta(days=1)}" in ran.err) == (4, True)


def test_every_list_carries_the_mark_by_which_it_is_known(third):
    known = batches(third.home)
    assert all(is_batch(batch) for batch in known["batch_id"].unique())
    assert known["on_date"].unique().to_list() == [date(2024, 5, 1)]
