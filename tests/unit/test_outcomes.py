"""Outcomes of visits as the models see them: those known on the day, and no file is no outcome."""

from datetime import date

import polars as pl

from pipelines.contracts.replies import OUTCOMES
from pipelines.ingest.control import outcomes
from pipelines.settings import Home


def reply(home, name, received_on):
    folder = home.replies / "accepted"
    folder.mkdir(parents=True, exist_ok=True)
    row = {
        "alert_id": ["A1"], "outcome": ["declines"], "visited_on": [received_on],
        "received_on": [received_on], "batch_id": [name],
    }  # fmt: skip
    pl.DataFrame(row, schema=OUTCOMES).write_parquet(folder / f"{name}.parquet")


def test_without_replies_there_are_no_outcomes(tmp_path):
    found = outcomes(Home(tmp_path), date(2024, 5, 2))
    assert (found.height, found.schema) == (0, OUTCOMES)


def test_a_reply_received_after_the_day_is_not_known_on_it(tmp_path):
    home = Home(tmp_path)
    reply(home, "b1", date(2024, 5, 2))
    reply(home, "b2", date(2024, 5, 3))
    assert outcomes(home, date(2024, 5, 2))["batch_id"].to_list() == ["b1"]
