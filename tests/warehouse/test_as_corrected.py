"""What counts on a day when it is judged with what was received after it."""

from datetime import date, datetime

import duckdb
import polars as pl
import pytest

from pipelines.contracts.sources import load_contracts
from pipelines.defs.replay import changed_alerts
from pipelines.ingest import Receipt
from pipelines.ingest.freshness import freshness
from pipelines.ingest.receipts import TableReceipt
from pipelines.warehouse.as_corrected import corrected_rows

DAY, LATER, LAST = date(2024, 5, 6), date(2024, 5, 7), date(2024, 5, 8)
CIVIL_AFFAIRS = "civil_affairs"


@pytest.fixture
def counted(tmp_path):
    """Rows of a table that count on the day, of rows received on the days they tell."""

    def count(department, table, *rows):
        contract = load_contracts()[department, table]
        shelves = []
        for received_on in sorted({row["received_on"] for row in rows}):
            there = [
                {"change": "upsert", "supersedes": False, "is_stale": False} | row
                for row in rows
                if row["received_on"] == received_on
            ]
            shelves.append(tmp_path / f"{received_on}.parquet")
            pl.DataFrame(there, schema=contract.lake_schema).write_parquet(shelves[-1])
        return duckdb.sql(corrected_rows(contract, shelves, DAY)).pl()

    return count


def test_a_death_before_the_day_counts_though_it_was_told_later(counted):
    rows = counted(
        CIVIL_AFFAIRS, "cremations",
        {"person_key": b"a", "died_on": DAY, "cremated_on": DAY, "received_on": LATER},
    )  # fmt: skip
    assert rows.height == 1


def test_a_payment_made_after_the_day_is_no_correction(counted):
    payment = {"received_on": LAST, "status": "1"}
    rows = counted(
        "finance", "payments",
        payment | {"payment_no": "in time", "paid_on": DAY},
        payment | {"payment_no": "later", "paid_on": LATER},
    )  # fmt: skip
    assert rows["payment_no"].to_list() == ["in time"]


def test_a_later_step_of_a_case_leaves_the_case_as_it_stood(counted):
    case = {"application_no": "1", "accepted_on": date(2024, 4, 1)}
    rows = counted(
        CIVIL_AFFAIRS, "applications",
        case | {"received_on": DAY},
        case | {"received_on": LATER, "decided_on": LATER, "supersedes": True},
    )  # fmt: skip
    assert rows["decided_on"].to_list() == [None]


def test_papers_completed_or_a_refusal_told_later_leave_the_case_as_it_stood(counted):
    case = {"case_no": "1", "applied_at": datetime(2024, 5, 1, 9), "received_on": DAY}
    relief = counted(
        CIVIL_AFFAIRS, "temporary_relief",
        case, case | {"documents_completed_on": LATER, "received_on": LATER},
    )  # fmt: skip
    application = {"application_no": "1", "accepted_on": date(2024, 4, 1), "received_on": DAY}
    applications = counted(
        CIVIL_AFFAIRS, "applications",
        application, application | {"refusal_notified_on": LATER, "received_on": LATER},
    )  # fmt: skip
    assert (relief.height, applications.height) == (1, 1)


def test_the_end_of_a_notice_may_lie_ahead(counted):
    application = {"application_no": "1", "accepted_on": date(2024, 4, 1), "notice_from": DAY}
    rows = counted(
        CIVIL_AFFAIRS, "applications", application | {"notice_to": LAST, "received_on": LATER}
    )
    assert rows.height == 1


def test_a_register_stands_as_it_was_received_on_the_day(counted):
    member = {"household_key": b"h", "person_key": b"p"}
    rows = counted(
        CIVIL_AFFAIRS, "members",
        member | {"received_on": DAY, "health": "1"},
        member | {"received_on": LATER, "health": "3", "supersedes": True},
        member | {"received_on": LAST, "change": "remove", "supersedes": True},
    )  # fmt: skip
    assert rows.select("health", "change").rows() == [("1", "upsert")]


def test_a_family_first_received_later_counts_with_its_earliest_rows(counted):
    rows = counted(
        CIVIL_AFFAIRS, "members",
        {"household_key": b"h", "person_key": b"p", "received_on": LATER},
        {"household_key": b"h", "person_key": b"q", "received_on": LAST},
    )  # fmt: skip
    assert rows["person_key"].to_list() == [b"p"]


def test_a_newcomer_to_a_known_family_is_a_change(counted):
    rows = counted(
        CIVIL_AFFAIRS, "members",
        {"household_key": b"h", "person_key": b"p", "received_on": DAY},
        {"household_key": b"h", "person_key": b"q", "received_on": LATER},
    )  # fmt: skip
    assert rows["person_key"].to_list() == [b"p"]


def test_a_certificate_issued_after_the_day_does_not_count(counted):
    certificate = {"received_on": LAST, "level": "1"}
    rows = counted(
        "disabled_federation", "certificates",
        certificate | {"certificate_key": b"a", "issued_on": DAY},
        certificate | {"certificate_key": b"b", "issued_on": LATER},
    )  # fmt: skip
    assert rows["certificate_key"].to_list() == [b"a"]


def test_the_dates_of_a_family_come_from_the_latest_row_known(counted):
    family = {"household_key": b"h", "approved_on": date(2024, 1, 1)}
    ended = {"ended_on": date(2024, 4, 30), "end_reason": "迁出", "monthly_amount": 5}
    rows = counted(
        CIVIL_AFFAIRS, "households",
        family | {"received_on": DAY, "monthly_amount": 300},
        family | ended | {"received_on": LATER, "supersedes": True},
    )  # fmt: skip
    assert rows.select("ended_on", "end_reason", "monthly_amount").rows() == [
        (date(2024, 4, 30), "迁出", 300)
    ]


@pytest.mark.parametrize(("table", "is_late"), [("cremations", False), ("members", True)])
def test_what_came_later_is_in_time_for_an_append_table_alone(table, is_late):
    contracts = {
        key: contract for key, contract in load_contracts().items() if key[0] == CIVIL_AFFAIRS
    }
    counts = TableReceipt(files=[], received=0, accepted=0, exact_duplicates=0, quarantined=0)
    receipt = Receipt(
        department=CIVIL_AFFAIRS, received_on=LATER, form="files", verdict="accepted",
        tables={"cremations": counts, "members": counts},
    )  # fmt: skip
    told = freshness(contracts, [receipt], DAY, LATER)
    assert told.filter(pl.col("table_name") == table)["is_late"].to_list() == [is_late]


def test_alerts_that_a_correction_makes_a_flood_of_are_new_and_none_of_them_gone():
    def alerts(**status):
        rows = [("R04", alert_id, None, "orange", told) for alert_id, told in status.items()]
        names = ("rule_id", "alert_id", "amount_cny", "level", "status")
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")

    found = changed_alerts(alerts(A="open", B="held"), alerts(A="held", B="held", C="held"))
    assert found == [{"rule_id": "R04", "new": 1, "gone": 0, "changed": 0}]
