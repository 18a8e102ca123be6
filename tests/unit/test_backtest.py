"""Scoring alerts: the days they stood, set against cases that must or must not be found."""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.reporting.backtest import (
    backtest,
    judge_cases,
    score,
    standing_spans,
    unplanned_alerts,
)
from pipelines.settings import Home

FIRST, LAST = date(2024, 4, 30), date(2024, 5, 10)


def day(number: int) -> date:
    return date(2024, 5, number)


def spans(*rows: tuple) -> pl.DataFrame:
    columns = ["alert_id", "rule", "key", "program", "level", "shape", "begins", "ends"]
    filled = [(f"A{n}", "R13", key, None, "red", "a reason", *days)
              for n, (key, *days) in enumerate(rows)]  # fmt: skip
    return pl.DataFrame(filled, schema=columns, orient="row").cast(
        dict.fromkeys(columns[:6], pl.String) | {"begins": pl.Date, "ends": pl.Date}
    )


def cases(*rows: tuple) -> pl.DataFrame:
    columns = ["case_id", "rule", "expectation", "key", "program", "from_date", "to_date", "reason"]
    filled = [(f"C{n}", "R13", expectation, key, None, *days, "because")
              for n, (expectation, key, *days) in enumerate(rows)]  # fmt: skip
    return pl.DataFrame(filled, schema=columns, orient="row").cast(
        dict.fromkeys(columns, pl.String) | {"from_date": pl.Date, "to_date": pl.Date}
    )


def events(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["alert_id", "event", "on_date"], orient="row")


def judged(case: tuple, *alerts: tuple) -> dict:
    return judge_cases(cases(case), spans(*alerts), FIRST, LAST).row(0, named=True)


@pytest.mark.parametrize(
    ("happened", "stood"),
    [
        ([("opened", 1)], [(day(1), LAST)]),
        ([("opened", 1), ("evidence_added", 2)], [(day(1), LAST)]),
        ([("opened", 1), ("cleared", 4)], [(day(1), day(3))]),
        ([("held", 1), ("released", 3), ("closed", 5)], [(day(1), day(4))]),
        ([("opened", 1), ("inhibited", 3), ("cleared", 5)], [(day(1), day(2))]),
        ([("opened", 1), ("cleared", 3), ("reopened", 6)], [(day(1), day(2)), (day(6), LAST)]),
    ],
)
def test_an_alert_stands_until_the_day_before_it_ends(happened, stood):
    told = events(*(("A", event, day(number)) for event, number in happened))
    assert standing_spans(told, LAST).select("begins", "ends").rows() == stood


def test_a_match_is_found_when_an_alert_stood_in_its_days():
    assert judged(("match", "x", FIRST, None), ("x", day(3), LAST))["is_found"]


def test_a_match_is_missed_when_the_alert_came_after_its_days():
    assert not judged(("match", "x", FIRST, day(2)), ("x", day(3), LAST))["is_found"]


def test_a_match_found_three_days_after_it_began_is_late_by_three():
    assert judged(("match", "x", day(2), None), ("x", day(5), LAST))["days_late"] == 3


def test_a_case_of_another_subject_is_not_met():
    assert not judged(("match", "y", FIRST, None), ("x", FIRST, LAST))["is_found"]


def test_a_case_that_ended_before_these_days_does_not_count():
    ended = cases(("match", "x", date(2024, 4, 1), date(2024, 4, 29)))
    assert judge_cases(ended, spans(), FIRST, LAST).height == 0


def test_an_alert_explained_by_a_natural_match_is_not_unplanned():
    known = cases(("natural_match", "x", FIRST, None))
    assert unplanned_alerts(known, spans(("x", day(1), LAST)), FIRST, LAST).height == 0


def test_an_alert_that_only_a_near_miss_names_is_unplanned():
    known = cases(("no_match", "x", FIRST, None))
    assert unplanned_alerts(known, spans(("x", day(1), LAST)), FIRST, LAST).height == 1


def test_recall_is_the_share_of_planted_matches_found():
    known = cases(("match", "x", FIRST, None), ("match", "y", FIRST, None),
                  ("no_match", "z", FIRST, None), ("natural_match", "w", FIRST, None))  # fmt: skip
    stood = spans(("x", FIRST, LAST), ("z", FIRST, LAST), ("v", FIRST, LAST))
    days = pl.DataFrame({"rule": ["R13"], "on_date": [FIRST], "evaluated": [True]})
    told = score(
        judge_cases(known, stood, FIRST, LAST), unplanned_alerts(known, stood, FIRST, LAST), days
    ).row(0, named=True)
    assert {name: told[name] for name in ("recall", "near_hit", "natural_found", "unplanned")} == {
        "recall": 0.5, "near_hit": 1, "natural_found": 0, "unplanned": 2,
    }  # fmt: skip


def test_a_rule_that_was_never_met_has_no_recall():
    days = pl.DataFrame({"rule": ["R13"], "on_date": [FIRST], "evaluated": [False]})
    nothing = judge_cases(cases(), spans(), FIRST, LAST)
    told = score(nothing, unplanned_alerts(cases(), spans(), FIRST, LAST), days)
    assert told.select("recall", "days_not_evaluated").row(0) == (None, 1)


@pytest.mark.parametrize(
    ("payment", "corrected"),
    [
        ({}, 1),
        ({"paid_on": date(2024, 5, 2)}, 0),
        ({"paid_on": date(2024, 6, 2)}, 0),
        ({"period": date(2024, 5, 1)}, 0),
        ({"program": "2102"}, 0),
        ({"beneficiary_key": "another"}, 0),
        ({"status": "2"}, 0),
    ],
)
def test_a_payment_for_a_past_month_that_follows_an_alert_corrects_it(
    tmp_path: Path, payment: dict[str, object], corrected: int
) -> None:
    paid = {
        "program": "2101", "beneficiary_key": "somebody", "paid_on": date(2024, 5, 20),
        "period": date(2024, 4, 1), "status": "1",
    } | payment  # fmt: skip
    alert = {
        "alert_id": "A", "rule_id": "R26", "lane": "payment", "level": "orange", "status": "open",
        "unit": "beneficiary", "subject": "somebody", "program": "living", "reason_en": "differs",
        "person_key": "somebody", "household_key": None, "first_seen_on": date(2024, 5, 2),
    }  # fmt: skip
    publish(tmp_path, {
        "marts.fct_alerts": alert,
        "marts.fct_alert_events": {"alert_id": "A", "event": "opened", "on_date": date(2024, 5, 2)},
        "marts.quality_rule_evaluations": {
            "rule_id": "R26", "on_date": date(2024, 5, 2), "evaluated": True,
        },
        "marts.dim_households": {
            "household_key": "H", "concept": "person", "approved_on": date(2024, 1, 1),
            "ended_on": None,
        },
        "marts.dim_people": {"person_key": "somebody", "household_key": None},
        "marts.fct_payments": paid,
        "views.programmes": {"program": "2101", "programme": "living"},
    })  # fmt: skip
    result = backtest(Home(tmp_path), date(2024, 5, 1), date(2024, 5, 31), None)
    assert [row["corrected_later"] for row in result.followed] == [corrected]


def publish(root: Path, rows: dict[str, dict[str, object]]) -> None:
    """A published warehouse of one row a table; columns without a value are texts."""
    place = root / "published"
    place.mkdir()
    with duckdb.connect(str(place / "warehouse.duckdb")) as connection:
        for relation, row in rows.items():
            frame = pl.DataFrame([row]).with_columns(pl.selectors.by_dtype(pl.Null).cast(pl.String))
            connection.execute(f"create schema if not exists {relation.split('.')[0]}")
            connection.register("incoming", frame.to_arrow())
            connection.execute(f"create table {relation} as select * from incoming")
