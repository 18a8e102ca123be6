"""Five lines that tell whether today is fine, and what to do if not."""

import json
from datetime import date

import pytest

from pipelines.contracts import working_days
from pipelines.reporting.status import Status, five_lines, status_of
from pipelines.settings import Home
from pipelines.vault import RotationPlace
from pipelines.vault.rotation import Journal

TODAY = date(2024, 5, 6)
FINE = {"on_date": "2024-05-06", "outcome": "published", "sentences": [], "seconds": {}}
SOURCES = [
    {"source": "finance", "table": table, "quarantined": 0, "freshness": "on_time"}
    for table in ("payments", "payroll")
]
LATE = [SOURCES[0], SOURCES[1] | {"freshness": "late"}]
HELD = {
    "hold_id": "R13-371502-20240506", "rule_id": "R13", "county_code": "371502", "alerts": 40,
    "unsigned": 40,
}  # fmt: skip


def lines(tmp_path, sent=None, **state) -> list[str]:
    told = {
        "published_on": TODAY, "days": [FINE], "sources": SOURCES, "open_alerts": [],
        "rules_not_evaluated": [], "held_batches": [], "disputed_replies": [],
    } | state  # fmt: skip
    return five_lines(Home(tmp_path), Status(**told), TODAY, sent or {"accepted": 105})


def test_a_good_day_is_fine_and_asks_for_nothing(tmp_path):
    told = lines(tmp_path)
    assert len(told) == 5
    assert (told[0], told[-1]) == ("Fine: 2024-05-06 is published.", "Do now: nothing.")


@pytest.mark.parametrize(
    ("state", "verdict", "to_do"),
    [
        ({"published_on": None}, "Not fine: nothing is published", "wendu run --date 2024-05-06"),
        (
            {"published_on": date(2024, 5, 5), "days": [FINE | {"on_date": "2024-05-05"}]},
            "Not of today: the newest published day is 2024-05-05",
            "wendu run --date 2024-05-06",
        ),
        (
            {
                "published_on": date(2024, 5, 5),
                "days": [FINE | {"outcome": "nothing_published", "sentences": ["Full disk."]}],
            },
            "Not fine: 2024-05-06 could not be published; readers see 2024-05-05. Full disk.",
            "mend what is told above, then `wendu run --date 2024-05-06`",
        ),
        (
            {"sources": LATE, "days": [FINE | {"sentences": ["finance: nothing.", "More."]}]},
            "Published with gaps: 2024-05-06. finance: nothing. (and 1 more: --all)",
            "ask finance for what is late",
        ),
        (
            {"days": [FINE | {"on_date": "2024-05-04", "outcome": "nothing_published"}, FINE]},
            "Not fine: 2024-05-04 could not be published; readers see 2024-05-06.",
            "wendu run --date 2024-05-04",
        ),
        ({"key_is_changing": True}, "Not fine: a change of the key", "wendu rotate-key"),
        ({"held_batches": [HELD]}, "Fine", "wendu release --hold R13-371502-20240506"),
    ],
)
def test_what_is_not_fine_comes_first_and_what_to_do_last(tmp_path, state, verdict, to_do):
    told = lines(tmp_path, **state)
    assert len(told) <= 5
    assert told[0].startswith(verdict)
    assert to_do in told[-1]


@pytest.mark.parametrize("phase", ["staging", "switching", "destroying"])
def test_a_change_of_the_key_that_was_cut_off_is_told(tmp_path, phase):
    place = RotationPlace(Home(tmp_path))
    place.root.mkdir(parents=True)
    assert not status_of(Home(tmp_path), []).key_is_changing
    place.write(Journal(phase=phase))
    assert status_of(Home(tmp_path), []).key_is_changing


def test_what_is_signed_for_asks_for_nothing(tmp_path):
    told = lines(tmp_path, held_batches=[HELD | {"unsigned": 0}])
    assert told[-1] == "Do now: nothing."


def test_lists_that_did_not_arrive_are_to_be_looked_at(tmp_path):
    told = lines(tmp_path, sent={"accepted": 39, "uncertain": 65, "refused": 1})
    assert told[-1] == (
        "Do now: `wendu send --date 2024-05-06` says what to do with lists that are 65 uncertain, "
        "1 refused."
    )


def test_replies_that_disagree_and_files_in_the_inbox_are_to_be_looked_at(tmp_path):
    reply = {"alert_id": "A1", "outcome": "duplicate", "visited_on": TODAY}
    assert "--all" in lines(tmp_path, disputed_replies=[reply])[-1]
    (tmp_path / "replies" / "inbox").mkdir(parents=True)
    (tmp_path / "replies" / "inbox" / "a.xlsx").write_bytes(b"")
    assert "wendu replies" in lines(tmp_path)[-1]


@pytest.mark.parametrize(
    ("today", "asks"), [(date(2026, 11, 26), False), (date(2026, 11, 27), True)]
)
def test_a_calendar_that_is_not_at_hand_is_asked_for(tmp_path, monkeypatch, today, asks):
    monkeypatch.setattr(working_days, "KNOWN_YEARS", range(2004, 2027))
    day = [FINE | {"on_date": str(today)}]
    told = five_lines(Home(tmp_path), Status(today, day, SOURCES, [], [], [], []), today, {})
    assert ("chinesecalendar that knows 2027" in told[-1]) is asks


def test_a_late_table_is_named_with_its_department_and_what_it_costs(tmp_path):
    told = lines(tmp_path, sources=LATE, rules_not_evaluated=["R01", "R05"])
    assert told[1] == "Sources: not in time: finance: payroll; 2 rules not evaluated."


def test_the_demo_citys_clock_stands_still(tmp_path):
    (tmp_path / "truth").mkdir()
    told = lines(tmp_path, published_on=date(2024, 4, 30), days=[FINE | {"on_date": "2024-04-30"}])
    assert (told[0], told[-1]) == ("Fine: 2024-04-30 is published.", "Do now: nothing.")


def test_a_fault_in_many_rows_is_one_point_to_mend(tmp_path):
    mended = {"open": 0, "rows": 0, "new": 0, "mended": 4, "deliveries": 0, "visits": 0, "names": 0}
    counts = {"finance": mended | {"open": 1, "rows": 7, "new": 1, "visits": 2},
              "agriculture": mended}  # fmt: skip
    file = Home(tmp_path).correction_counts(TODAY)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(counts), encoding="utf-8")
    assert "3 points are open with 1 departments" in lines(tmp_path)[2]
