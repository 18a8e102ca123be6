"""Handmade marts of one day for the tests of the township lists, and a vault that knows names."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipelines.contracts.alert_code import ALPHABET, check_character

DAY = date(2024, 5, 6)
TOWN, OTHER_TOWN, COUNTY = "371502001", "371502002", "371502"
VILLAGES = {TOWN + "201": "柳园村", TOWN + "202": "新区村"}


def code(number: int) -> str:
    """A well-formed alert code."""
    payload = "".join(ALPHABET[(number // 32**place) % 32] for place in range(10))
    return f"A{payload}{check_character(payload)}"


def key(number: int) -> str:
    """A pseudonym, as the marts hold it."""
    return f"{number:032x}"


ALERTS = {
    "alert_id": pl.String, "rule_id": pl.String, "lane": pl.String, "level": pl.String,
    "unit": pl.String, "subject": pl.String, "household_key": pl.String, "person_key": pl.String,
    "county_code": pl.String, "township_code": pl.String, "area_code": pl.String,
    "status": pl.String, "first_seen_on": pl.Date, "last_seen_on": pl.Date, "due_on": pl.Date,
    "days_left": pl.Int32, "is_overdue": pl.Boolean, "reason_zh": pl.String,
    "evidence": pl.String, "legal_reference": pl.String, "action_zh": pl.String,
    "unknown_zh": pl.String, "outcome": pl.String, "closed_on": pl.Date,
}  # fmt: skip
EVIDENCE = (
    '[{"source":"policy.parameters","key":"r15_months_not_received","field":"value","value":"2"},'
    '{"source":"finance.payments","key":"k","field":"paid_cny","value":"0.00"}]'
)


def alert(number: int, **given: object) -> dict[str, object]:
    """An open alert about household `number` unless told otherwise."""
    days_left = given.get("days_left", 7)
    return {
        "alert_id": code(number), "rule_id": "R15", "lane": "support", "level": "orange",
        "unit": "household", "subject": key(number), "household_key": key(number),
        "person_key": None, "county_code": COUNTY, "township_code": TOWN,
        "area_code": TOWN + "201", "status": "open", "first_seen_on": DAY - timedelta(days=3),
        "last_seen_on": DAY, "due_on": DAY + timedelta(days=int(days_left)),
        "days_left": days_left, "is_overdue": int(days_left) < 0,
        "reason_zh": f"{number}00.00 元：未查到发放记录", "evidence": EVIDENCE,
        "legal_reference": "国务院《关于制度的意见》（国发〔2015〕52号）衔接条款",
        "action_zh": "请告知本人可申请，协助办理。", "unknown_zh": "是否已申请，尚不清楚",
        "outcome": None, "closed_on": None, **given,
    }  # fmt: skip


class Names:
    """Made-up people: household `n` is headed by person `n`."""

    def __init__(self, names: dict[int, str] | None = None) -> None:
        self.names = names or {}
        self.differing: list[tuple[int, str, str, str]] = []

    def people(self, keys: pl.Series) -> pl.DataFrame:
        """As `KnownPeople.people`."""
        numbers = [int.from_bytes(value, "big") for value in keys.unique().sort()]
        return pl.DataFrame(
            {
                "person_key": [number.to_bytes(16, "big") for number in numbers],
                "id_no": [f"37159919700101{number:04d}" for number in numbers],
                "name": [self.names.get(number, "李秀英") for number in numbers],
            },
            schema={"person_key": pl.Binary, "id_no": pl.String, "name": pl.String},
        )

    @property
    def differing_names(self) -> pl.DataFrame:
        """As `KnownPeople.differing_names`."""
        return pl.DataFrame(
            [
                (number.to_bytes(16, "big"), *table, f"37159919700101{number:04d}", name)
                for number, *table, name in self.differing
            ],
            schema={
                "person_key": pl.Binary, "department": pl.String, "table": pl.String,
                "id_no": pl.String, "name": pl.String,
            },
            orient="row",
        )  # fmt: skip


def write_marts(
    folder: Path,
    alerts: list[dict[str, object]],
    *,
    events: list[tuple[str, str, str]] = (),
    held: list[str] = (),
    long_ago: list[tuple[str, str, str]] = (),
    audited: list[int] = (),
    members: dict[int, int] | None = None,
    ended: dict[int, date] | None = None,
    approved: dict[int, date] | None = None,
    performance: dict[str, tuple[int, int]] | None = None,
    late: list[tuple[str, str]] = (),
    silent_rules: list[str] = (),
) -> Path:
    """Write the marts that lists are made of.

    Args:
        folder: made if missing.
        alerts: of `alert`.
        events: alert, event and detail, all of the day.
        held: alerts that were held when first seen; the others opened.
        long_ago: events before all alerts were first seen.
        audited: households of the audit sample.
        members: persons by number, with the household they belong to; heads need not be told.
        ended: households whose assistance has an end, with the day.
        approved: households that were not approved on the first of 2023, with the day.
        performance: by rule, how many were answered and proved true.
        late: departments and tables that are late.
        silent_rules: rules that were not evaluated.
    """
    folder.mkdir(parents=True, exist_ok=True)
    households = sorted(
        {int(str(row["household_key"]), 16) for row in alerts if row["household_key"]}
        | set(audited)
    )
    belongs = {number: number for number in households} | (members or {})
    frames = {
        "fct_alerts": pl.DataFrame(alerts, schema=ALERTS),
        "fct_alert_events": pl.DataFrame(
            [(row["alert_id"], "held" if row["alert_id"] in held else "opened", "level orange",
              row["first_seen_on"]) for row in alerts if row["first_seen_on"] < DAY]
            + [(*event, date(2023, 3, 1)) for event in long_ago]
            + [(*event, DAY) for event in events],
            schema={
                "alert_id": pl.String, "event": pl.String, "detail": pl.String, "on_date": pl.Date,
            },
            orient="row",
        ),
        "dim_households": pl.DataFrame({
            "household_key": [key(number) for number in households],
            "head_person_key": [key(number) for number in households],
            "category_registered": ["dibao"] * len(households),
            "members": [3] * len(households),
            "approved_on": [(approved or {}).get(n, date(2023, 1, 1)) for n in households],
            "ended_on": [(ended or {}).get(n) for n in households],
            "county_code": [COUNTY] * len(households),
            "township_code": [TOWN] * len(households),
            "area_code": [TOWN + "201"] * len(households),
        }, schema_overrides=dict.fromkeys(
            ("household_key", "head_person_key", "category_registered", "county_code",
             "township_code", "area_code"), pl.String,
        ) | {"approved_on": pl.Date, "ended_on": pl.Date}),
        "dim_people": pl.DataFrame(
            [(key(person), key(home), "F", 12, TOWN) for person, home in belongs.items()],
            schema={
                "person_key": pl.String, "household_key": pl.String, "sex": pl.String,
                "age": pl.Int32, "township_code": pl.String,
            },
            orient="row",
        ),
        "dim_areas": pl.DataFrame(
            [(TOWN, "古楼街道", None), (COUNTY, "东昌府区", None)]
            + [(area, name, None) for area, name in VILLAGES.items()],
            schema={"area_code": pl.String, "name": pl.String, "valid_to": pl.Date},
            orient="row",
        ),
        "rpt_rule_performance": pl.DataFrame(
            [
                (rule, replied, proved, proved / replied, False)
                for rule, (replied, proved) in (performance or {}).items()
            ],
            schema={
                "rule_id": pl.String, "replied": pl.Int64, "confirmed": pl.Int64,
                "precision": pl.Float64, "too_few": pl.Boolean,
            },
            orient="row",
        ),
        "rpt_coverage": pl.DataFrame(
            [
                (department, table, DAY, "late" if (department, table) in late else "on_time")
                for department, table in (
                    ("finance", "payments"), ("civil_affairs", "households"),
                    ("civil_affairs", "economic_checks"),
                )
            ],
            schema={
                "source": pl.String, "table": pl.String, "received_on": pl.Date,
                "freshness": pl.String,
            },
            orient="row",
        ),
        "quality_rule_evaluations": pl.DataFrame(
            [(rule, DAY, False) for rule in silent_rules],
            schema={"rule_id": pl.String, "on_date": pl.Date, "evaluated": pl.Boolean},
            orient="row",
        ),
        "fct_household_indicators": pl.DataFrame(
            [(key(number), 1, 0, 0, 1, -225.9, 150.6, -80.0, DAY) for number in households],
            schema={
                "household_key": pl.String, "minors": pl.Int32, "elderly": pl.Int32,
                "severely_disabled_members": pl.Int32, "workers": pl.Int32,
                "gap_to_standard_cny": pl.Float64, "gap_to_marginal_cny": pl.Float64,
                "trend_3m": pl.Float64, "income_observed_on": pl.Date,
            },
            orient="row",
        ).with_columns(trend_6m=pl.lit(None, pl.Float64), trend_12m=pl.lit(None, pl.Float64)),
        "fct_payments": pl.DataFrame(
            [(key(number), key(number), "2102", date(2024, 4, 1), "1") for number in households],
            schema={
                "household_key": pl.String, "beneficiary_key": pl.String, "program": pl.String,
                "period": pl.Date, "status": pl.String,
            },
            orient="row",
        ),
        "quality_audit_sample": pl.DataFrame(
            [
                (code(9000 + number), key(number), COUNTY, TOWN, TOWN + "201", DAY,
                 DAY + timedelta(days=20), 15, "3 人：家庭近期情况有待了解",
                 "《社会救助暂行办法》（国务院令第649号）",
                 "请入户了解近期情况。", "近期情况尚不清楚", None)
                for number in audited
            ],
            schema={
                "code": pl.String, "household_key": pl.String, "county_code": pl.String,
                "township_code": pl.String, "area_code": pl.String, "drawn_on": pl.Date,
                "due_on": pl.Date, "days_left": pl.Int32, "reason_zh": pl.String,
                "legal_reference": pl.String, "action_zh": pl.String, "unknown_zh": pl.String,
                "replied_on": pl.Date,
            },
            orient="row",
        ),
    }  # fmt: skip
    for name, frame in frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder
