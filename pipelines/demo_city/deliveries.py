"""What each department writes down: the city's state as rows of the declared tables.

Belongs here: turning positions, cents and days into the columns the departments declare.
Does not belong here: file formats (`writers`), damage (`faults`).
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from pipelines.demo_city.payments import FAIL_REASONS
from pipelines.demo_city.places import addresses, county_of
from pipelines.demo_city.registers import STATIONS
from pipelines.demo_city.tables import DATE, MOMENT, NO_NUMBER, TEXT
from pipelines.demo_city.watch import MACHINES
from pipelines.demo_city.world import DIBAO, RIGID, TEKUN, World

_OFFICES = (
    "实验中学",
    "人民医院",
    "财政所",
    "水利站",
    "镇政府",
    "中心小学",
    "农技站",
    "社区服务中心",
)
CATEGORY_NAMES = {
    "1": "视力",
    "2": "听力",
    "3": "言语",
    "4": "肢体",
    "5": "智力",
    "6": "精神",
    "7": "多重",
}
LEVEL_NAMES = {"1": "一级", "2": "二级", "3": "三级", "4": "四级"}
STATUS_NAMES = {"1": "正常", "2": "注销", "3": "冻结", "4": "过期"}
_MONEY = {
    "monthly_amount", "wage_income", "business_income", "property_income", "transfer_income",
    "medical_expense", "education_expense", "disability_expense", "financial_assets", "amount",
    "monthly_wage", "net_income_per_capita", "business_cost", "price", "subsidy",
    "personal_cost",
}  # fmt: skip
_MONTHS = {"first_paid_month"}


class Scribe:
    """Writes one day of the city down; appended registers send what is new since the last one."""

    def __init__(
        self, world: World, day: np.datetime64, since: np.datetime64 | None = None
    ) -> None:
        self.world = world
        self.day = day
        self.since = day - 1 if since is None else since

    def tables(self, department: str) -> dict[str, pl.DataFrame]:
        """All tables of a department on the day, by declared name and with declared columns."""
        return {name: write(self) for name, write in DELIVERED[department].items()}

    def plain(self, register: str, rows: np.ndarray | None = None) -> pl.DataFrame:
        """Columns that need no lookup: dates, numbers, money in yuan, text."""
        table = self.world[register]
        rows = np.arange(len(table)) if rows is None else rows
        columns = {
            name: _plain(name, kind, table[name][rows]) for name, kind in table.kinds.items()
        }
        return pl.DataFrame(columns)

    def sent_today(self, register: str) -> np.ndarray:
        """Rows of an appended register that go out today."""
        return np.flatnonzero(self.is_new(self.world[register]["sent_on"]))

    def is_new(self, days: np.ndarray) -> np.ndarray:
        """Whether each day lies after the last delivery and not after this one."""
        return (days > self.since) & (days <= self.day)

    def number(self, persons: np.ndarray) -> pl.Series:
        """Citizen numbers of positions; nothing where there is none."""
        return _gather(self.world.people.numbers, persons)

    def name(self, persons: np.ndarray) -> pl.Series:
        """Names of positions."""
        return _gather(self.world.people.names, persons)

    def household_no(self, households: np.ndarray) -> pl.Series:
        """Civil affairs' household numbers."""
        area = self.world["households"]["area"]
        known = np.where(households < 0, 0, households)
        county = county_of(area[known]) if len(area) else known
        return pl.select(
            pl.when(pl.Series(households >= 0)).then(
                pl.format("JZ{}{}", pl.Series(county), _padded(known, 7))
            )
        ).to_series()


def account_numbers(persons: np.ndarray) -> pl.Series:
    """Accounts with an issuer's prefix that no bank has."""
    return pl.select(pl.format("999999{}", _padded(persons, 13))).to_series()


def monitor_numbers(monitors: np.ndarray) -> pl.Series:
    """Agriculture's numbers of watched households."""
    return pl.select(pl.format("JC3715{}", _padded(monitors, 8))).to_series()


def case_numbers(prefix: str, rows: np.ndarray) -> pl.Series:
    """Civil affairs' numbers of applications (SQ) and relief cases (LS)."""
    return pl.select(pl.format(f"{prefix}{{}}", _padded(rows, 8))).to_series()


def _padded(values: np.ndarray | pl.Series, width: int) -> pl.Expr:
    return pl.lit(pl.Series(values)).cast(pl.String).str.zfill(width)


def _gather(values: pl.Series, positions: np.ndarray) -> pl.Series:
    index = pl.Series(np.where(positions < 0, 0, positions))
    gathered = values.gather(index)
    if (positions < 0).any():
        return pl.select(pl.when(pl.Series(positions >= 0)).then(gathered)).to_series()
    return gathered


def _plain(name: str, kind: str, values: np.ndarray) -> pl.Series:
    if kind in (DATE, MOMENT):
        series = pl.Series(name, values)
        if name in _MONTHS:
            return series.dt.strftime("%Y-%m")
        return series.dt.strftime("%Y-%m-%d %H:%M:%S" if kind == MOMENT else "%Y-%m-%d")
    if kind == TEXT:
        return pl.Series(name, values.tolist(), dtype=pl.String)
    # numpy divides exactly as written; a reciprocal would leave 15521.550000000001.
    number = pl.lit(pl.Series(name, values / 100 if name in _MONEY else values))
    is_known = pl.lit(pl.Series(values != NO_NUMBER))
    return pl.select(pl.when(is_known).then(number).alias(name)).to_series()


def _assistance(frame: pl.DataFrame) -> pl.Expr:
    urban = pl.col("is_urban") == 1
    return (
        pl.when(pl.col("category") == DIBAO)
        .then(pl.when(urban).then(pl.lit("110")).otherwise(pl.lit("120")))
        .when(pl.col("category") == TEKUN)
        .then(pl.when(urban).then(pl.lit("131")).otherwise(pl.lit("132")))
        .when(pl.col("category") == RIGID)
        .then(pl.lit("650"))
        .otherwise(pl.lit("600"))
    )


def households(scribe: Scribe) -> pl.DataFrame:
    """救助家庭."""
    table = scribe.world["households"]
    positions = np.arange(len(table))
    frame = scribe.plain("households")
    return frame.select(
        scribe.household_no(positions).alias("household_no"),
        scribe.number(table["head"]).alias("head_id"),
        scribe.name(table["head"]).alias("head_name"),
        _assistance(frame).alias("assistance"),
        pl.col("unit").cast(pl.String),
        pl.when(pl.col("is_urban") == 1)
        .then(pl.lit("1"))
        .otherwise(pl.lit("2"))
        .alias("residence"),
        pl.col("area").cast(pl.String).alias("area_code"),
        addresses(scribe.world.places, table["area"], positions).alias("address"),
        pl.format("100{}", _padded(positions * 7919 % 10**8, 8)).alias("phone"),
        "approved_on",
        "first_paid_month",
        "ended_on",
        "end_reason",
        "grace_until",
        "reviewed_on",
        pl.col("review_class").cast(pl.String),
        "covered_persons",
        "monthly_amount",
        account_numbers(table["head"]).alias("account_no"),
    )


def members(scribe: Scribe) -> pl.DataFrame:
    """家庭成员."""
    table = scribe.world["members"]
    rows = np.flatnonzero(table["is_removed"] != 1)
    frame = scribe.plain("members", rows)
    coded = ("labour", "employment", "health", "student", "self_care", "support_form")
    return frame.select(
        scribe.household_no(table["household"][rows]).alias("household_no"),
        scribe.number(table["person"][rows]).alias("id_no"),
        scribe.name(table["person"][rows]).alias("name"),
        pl.col("relation").cast(pl.String).str.zfill(2), "covered",
        *(pl.col(name).cast(pl.String) for name in coded[:2]),
        "unemployed_since", "unemployment_insured",
        *(pl.col(name).cast(pl.String) for name in coded[2:]),
    )  # fmt: skip


def economic_checks(scribe: Scribe) -> pl.DataFrame:
    """家庭经济状况核对."""
    rows = scribe.sent_today("economic_checks")
    frame = scribe.plain("economic_checks", rows)
    household = scribe.world["economic_checks"]["household"][rows]
    return frame.with_columns(
        pl.format("HD{}", _padded(rows, 9)).alias("check_no"),
        scribe.household_no(household).alias("household_no"),
    ).select(
        "check_no", "household_no", pl.exclude("check_no", "household_no", "household", "sent_on")
    )


def applications(scribe: Scribe) -> pl.DataFrame:
    """救助申请: every file with a step today, its later steps still blank."""
    table, day = scribe.world["applications"], scribe.day
    steps = ("accepted_on", "investigated_on", "notice_from", "decided_on", "refusal_notified_on")
    begun = table["accepted_on"] <= day
    if day == scribe.world.start:
        rows = np.flatnonzero(begun)
    else:
        moved = np.zeros(len(table), dtype=bool)
        for step in steps:
            moved |= table[step] == day
        rows = np.flatnonzero(moved & begun)
    frame = scribe.plain("applications", rows)
    today = str(day)
    begun_notice = pl.col("notice_from").is_not_null()
    is_decided = pl.col("decided_on").is_not_null()
    area = table["area"][rows]
    return (
        frame.with_columns(pl.when(pl.col(step) <= today).then(step).alias(step) for step in steps)
        .with_columns(
            pl.when(begun_notice).then("notice_to").alias("notice_to"),
            pl.when(is_decided).then(pl.col("decision").cast(pl.String)).alias("decision"),
            pl.when(is_decided).then("first_paid_month").alias("first_paid_month"),
            pl.Series("household_no", scribe.household_no(table["household"][rows])),
        )
        .select(
            pl.format("SQ{}", _padded(rows, 8)).alias("application_no"),
            scribe.number(table["applicant"][rows]).alias("applicant_id"),
            scribe.name(table["applicant"][rows]).alias("applicant_name"),
            pl.when(is_decided & (pl.col("decision") == "1"))
            .then("household_no")
            .alias("household_no"),
            _assistance(frame).alias("assistance"),
            pl.Series("area_code", area).cast(pl.String),
            pl.Series("register_area_code", area).cast(pl.String),
            "accepted_on",
            "investigated_on",
            "notice_from",
            "notice_to",
            "decided_on",
            "decision",
            "refusal_notified_on",
            "first_paid_month",
            "special_case",
            "official_relative",
        )
    )


def temporary_relief(scribe: Scribe) -> pl.DataFrame:
    """临时救助: new cases, and those helped or completed since; what is still to come is blank."""
    table = scribe.world["temporary_relief"]
    granted_on = table["granted_at"].astype(DATE)
    is_new = scribe.is_new(table["sent_on"])
    for step in (granted_on, table["documents_completed_on"]):
        is_new |= scribe.is_new(step) & (table["sent_on"] <= scribe.day)
    rows = np.flatnonzero(is_new)
    today = str(scribe.day)
    person = table["person"][rows]
    area = pl.Series(table["area"][rows]).cast(pl.String)
    return scribe.plain("temporary_relief", rows).select(
        pl.format("LS{}", _padded(rows, 8)).alias("case_no"),
        scribe.number(person).alias("id_no"), scribe.name(person).alias("name"),
        area.alias("area_code"), area.alias("register_area_code"),
        pl.col("kind").cast(pl.String), pl.col("cause").cast(pl.String), "applied_at",
        pl.when(pl.col("granted_at") <= f"{today} 23:59:59").then("granted_at").alias("granted_at"),
        "amount", pl.col("form").cast(pl.String), "advance",
        pl.when(pl.col("documents_completed_on") <= today)
        .then("documents_completed_on")
        .alias("documents_completed_on"),
    )  # fmt: skip


def children(scribe: Scribe) -> pl.DataFrame:
    """孤儿和困境儿童."""
    table = scribe.world["children"]
    return scribe.plain("children").select(
        scribe.number(table["person"]).alias("id_no"), scribe.name(table["person"]).alias("name"),
        pl.col("kind").cast(pl.String), scribe.number(table["guardian"]).alias("guardian_id"),
        pl.col("area").cast(pl.String).alias("area_code"), "approved_on", "ended_on",
        "visited_on", "agreement_signed",
    )  # fmt: skip


def cremations(scribe: Scribe) -> pl.DataFrame:
    """殡葬火化."""
    rows = scribe.sent_today("cremations")
    person = scribe.world["cremations"]["person"][rows]
    return scribe.plain("cremations", rows).select(
        scribe.number(person).alias("id_no"),
        pl.coalesce("name", scribe.name(person)).alias("name"), "died_on", "cremated_on",
    )  # fmt: skip


def marriages(scribe: Scribe) -> pl.DataFrame:
    """婚姻登记."""
    rows = scribe.sent_today("marriages")
    table = scribe.world["marriages"]
    return scribe.plain("marriages", rows).select(
        pl.format("HY{}", _padded(rows, 9)).alias("certificate_no"), pl.col("kind").cast(pl.String),
        scribe.number(table["husband"][rows]).alias("id_a"),
        scribe.number(table["wife"][rows]).alias("id_b"), "registered_on",
    )  # fmt: skip


def vagrants(scribe: Scribe) -> pl.DataFrame:
    """流浪乞讨救助."""
    rows = scribe.sent_today("vagrants")
    stations = pl.Series(list(STATIONS))
    return scribe.plain("vagrants", rows).select(
        pl.format("LL{}", _padded(rows, 6)).alias("case_no"),
        stations.gather(scribe.world["vagrants"]["station"][rows]).alias("station"),
        "received_on", "left_on",
    )  # fmt: skip


def payroll(scribe: Scribe) -> pl.DataFrame:
    """财政供养人员."""
    table = scribe.world["payroll"]
    rows = np.flatnonzero(table["is_removed"] != 1)
    counties = scribe.world.places.townships["county_name"].unique(maintain_order=True)
    employer, person = pl.Series(table["employer"][rows]), table["person"][rows]
    return scribe.plain("payroll", rows).select(
        scribe.number(person).alias("id_no"), scribe.name(person).alias("name"),
        pl.concat_str(
            counties.gather(employer % len(counties)),
            pl.format("第{}", employer // 100 + 1),
            pl.Series(list(_OFFICES)).gather(employer // 8 % len(_OFFICES)),
        ).alias("employer"),
        "monthly_wage", pl.col("since").str.replace_all("-", ""),
        pl.col("until").str.replace_all("-", ""),
    )  # fmt: skip


def payments(scribe: Scribe, code: int, month: np.datetime64, rows: pl.DataFrame) -> pl.DataFrame:
    """一卡通发放明细 of one programme and month."""
    period = str(month).replace("-", "")
    person = rows["person"].to_numpy()
    household = rows["household"].to_numpy()
    account = person
    if scribe.world.shared_accounts:
        account = rows["person"].replace(scribe.world.shared_accounts).to_numpy()
    reasons = pl.Series(list(FAIL_REASONS))
    prefix = f"{code}{period}"
    return rows.select(
        pl.format(f"{prefix}{{}}", pl.col("sequence").cast(pl.String).str.zfill(7)).alias(
            "payment_no"
        ),
        pl.format(f"{prefix}-{{}}", "county").alias("batch_no"),
        pl.lit(str(code)).alias("program"),
        scribe.number(person).alias("id_no"),
        scribe.name(person).alias("name"),
        account_numbers(account).alias("account_no"),
        scribe.household_no(household).alias("household_no"),
        pl.lit(period).alias("period"),
        (pl.col("cents") / 100).alias("amount"),
        pl.col("paid_on").dt.strftime("%Y%m%d"),
        pl.col("status").cast(pl.String),
        pl.when(pl.col("fail_reason").is_not_null())
        .then(reasons.gather(rows["fail_reason"].fill_null(0)))
        .alias("fail_reason"),
        pl.format(f"{prefix}{{}}", pl.col("reissue_of").cast(pl.String).str.zfill(7)).alias(
            "reissue_of"
        ),
    )


def allocations(groups: pl.DataFrame, day: np.datetime64) -> pl.DataFrame:
    """资金拨付: what the treasury made available for the runs sent today, by county."""
    sent = str(day).replace("-", "")
    return groups.sort("code", "period", "county").select(
        pl.format(f"聊财社{{}}-{{}}-{{}}-{sent}", "code", "period", "county").alias(
            "allocation_no"
        ),
        pl.col("county").cast(pl.String).alias("area_code"),
        pl.col("code").cast(pl.String).alias("program"),
        "period",
        (pl.col("cents") / 100).alias("amount"),
        pl.col("allocated_on").dt.strftime("%Y%m%d"),
    )


def _yes_no(name: str) -> pl.Expr:
    return (
        pl.when(pl.col(name) == 1)
        .then(pl.lit("是"))
        .when(pl.col(name) == 0)
        .then(pl.lit("否"))
        .alias(name)
    )


def monitored_households(scribe: Scribe) -> pl.DataFrame:
    """防止返贫监测户."""
    table = scribe.world["monitored_households"]
    return scribe.plain("monitored_households").select(
        monitor_numbers(np.arange(len(table))).alias("monitor_no"), pl.col("kind").cast(pl.String),
        pl.col("area").cast(pl.String).alias("area_code"), "identified_on", "risks",
        _yes_no("risk_removed"), "removed_on", "net_income_per_capita", "wage_income",
        "business_income", "business_cost", "property_income", "transfer_income",
        _yes_no("no_labour"),
    )  # fmt: skip


def monitored_members(scribe: Scribe) -> pl.DataFrame:
    """监测户成员: disabled members stand under the number of their certificate."""
    table = scribe.world["monitored_members"]
    person = table["person"]
    certificates = scribe.world["certificates"]
    standing = np.flatnonzero((certificates["status"] == 1) & (certificates["is_removed"] != 1))
    by_person = np.full(len(scribe.world.people), -1)
    by_person[certificates["person"][standing]] = standing
    row = by_person[person]
    certificate = (
        certificate_numbers(scribe, np.where(row < 0, 0, row)) if len(certificates) else None
    )
    number = scribe.number(person)
    if certificate is not None:
        number = certificate.zip_with(pl.Series(row >= 0), number)
    return scribe.plain("monitored_members").select(
        monitor_numbers(table["monitor"]).alias("monitor_no"), number.alias("id_no"),
        scribe.name(person).alias("name"), pl.col("relation").cast(pl.String).str.zfill(2),
        "health", pl.col("labour_skill").cast(pl.String), "dibao", "tekun",
    )  # fmt: skip


def farm_incomes(scribe: Scribe) -> pl.DataFrame:
    """涉农收入."""
    rows = scribe.sent_today("farm_incomes")
    return scribe.plain("farm_incomes", rows).select(
        pl.format("NS{}", _padded(rows, 9)).alias("record_no"),
        scribe.number(scribe.world["farm_incomes"]["person"][rows]).alias("id_no"),
        pl.col("kind").cast(pl.String), "year", "amount", (pl.col("area_mu") / 10).alias("area_mu"),
    )  # fmt: skip


def machinery(scribe: Scribe) -> pl.DataFrame:
    """农机购置补贴."""
    rows = scribe.sent_today("machinery")
    table = scribe.world["machinery"]
    return scribe.plain("machinery", rows).select(
        pl.format("NJ{}", _padded(rows, 8)).alias("record_no"),
        scribe.number(table["person"][rows]).alias("id_no"),
        pl.Series(list(MACHINES)).gather(table["machine"][rows]).alias("machine"), "price",
        "subsidy", "purchased_on",
    )  # fmt: skip


def certificate_numbers(scribe: Scribe, rows: np.ndarray) -> pl.Series:
    """Citizen number, category, level; B1 after a loss."""
    table = scribe.world["certificates"]
    return pl.select(
        pl.concat_str(
            scribe.number(table["person"][rows]),
            pl.Series(table["category"][rows]).cast(pl.String),
            pl.Series(table["level"][rows]).cast(pl.String),
            pl.when(pl.Series(table["losses"][rows] == 1)).then(pl.lit("B1")).otherwise(pl.lit("")),
        )
    ).to_series()


def certificates(scribe: Scribe) -> pl.DataFrame:
    """残疾人证."""
    table = scribe.world["certificates"]
    rows = np.flatnonzero(table["is_removed"] != 1)
    coded = {"category": CATEGORY_NAMES, "level": LEVEL_NAMES, "status": STATUS_NAMES}
    return scribe.plain("certificates", rows).select(
        certificate_numbers(scribe, rows).alias("cert_no"),
        scribe.name(table["person"][rows]).alias("name"),
        *(
            pl.col(name).cast(pl.String).replace_strict(coded[name])
            for name in ("category", "level")
        ),
        "details",
        "issued_on",
        "expires_on",
        pl.col("status").cast(pl.String).replace_strict(STATUS_NAMES),
        pl.col("area").cast(pl.String).alias("area_code"),
        "changed_on",
    )


def employment(scribe: Scribe) -> pl.DataFrame:
    """残疾人就业."""
    table = scribe.world["employment"]
    at_work = pl.col("status") == 1
    return scribe.plain("employment").select(
        scribe.number(table["person"]).alias("id_no"),
        pl.when(at_work).then(pl.lit("就业")).otherwise(pl.lit("未就业")).alias("status"),
        pl.when(at_work)
        .then(pl.format("第{}福利加工点", pl.col("employer") + 1))
        .alias("employer"),
        "since",
    )


def services(scribe: Scribe) -> pl.DataFrame:
    """康复托养服务."""
    rows = scribe.sent_today("services")
    return scribe.plain("services", rows).select(
        pl.format("FW{}", _padded(rows, 8)).alias("service_no"),
        scribe.number(scribe.world["services"]["person"][rows]).alias("id_no"),
        pl.col("kind").cast(pl.String).replace_strict({"1": "康复", "2": "辅具", "3": "托养"}),
        "applied_on", "delivered_on", "personal_cost",
    )  # fmt: skip


DELIVERED: dict[str, dict[str, Callable[[Scribe], pl.DataFrame]]] = {
    "civil_affairs": {
        "households": households, "members": members, "economic_checks": economic_checks,
        "applications": applications, "temporary_relief": temporary_relief, "children": children,
        "cremations": cremations, "marriages": marriages, "vagrants": vagrants},
    "finance": {"payroll": payroll},
    "agriculture": {
        "monitored_households": monitored_households, "monitored_members": monitored_members,
        "farm_incomes": farm_incomes, "machinery": machinery},
    "disabled_federation": {
        "certificates": certificates, "employment": employment, "services": services},
}  # fmt: skip
"""Who writes which table; finance's ledger is written month by month, see `payments`."""
