"""What a line says: from the alerts of a household to the columns of a sheet.

One row per household in, one line out, worded by `wording`; also what ended or moved away, which no
open alert tells of. Does not belong here: which open alerts are on the list and in which order
(`alerts`), drawing (`workbook`).
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.contracts.policy_areas import COUNTY_DIGITS, areas_of
from pipelines.outreach import layout, wording
from pipelines.outreach.alerts import (
    COMING,
    LEVELS,
    area_names,
    households_of_people,
    is_among,
    read_mart,
    with_lines,
)
from pipelines.outreach.policy import Policy
from pipelines.vault import KnownPeople, mask_name, mask_number

EVIDENCE = pl.List(
    pl.Struct({"source": pl.String, "key": pl.String, "field": pl.String, "value": pl.String})
)
"""What is read of an alert's evidence."""

SAMPLE_TERMS = (
    ("civil_affairs.economic_checks", ""),
    ("civil_affairs.households", ""),
    ("policy.parameters", "audit_households_per_county"),
)
"""What a line without evidence of its own stands on: the registers that know the family."""

MONTHS_OF_PAYMENTS = "2mo"
PAID = "1"


@dataclass(frozen=True)
class Sources:
    """Where the words of a line come from: marts, names of people, policy rows, the day."""

    marts: Path
    people: pl.DataFrame
    policy: Policy
    on_date: date

    def mart(self, name: str, *columns: str, of: pl.Series | None = None) -> pl.DataFrame:
        """A mart as exported, all of it, some columns, or rows of some keys; as `read_mart`."""
        return read_mart(self.marts, name, *columns, of=of)


def masked_people(known: KnownPeople, *alerts: pl.DataFrame) -> pl.DataFrame:
    """Who stands behind the keys of the alerts: `person_key`, `name`, `number`, masked."""
    keys = pl.concat(
        [frame[column] for frame in alerts for column in ("person_key", "head_person_key")]
    )
    return known.people(keys.drop_nulls().unique().str.decode("hex")).select(
        person_key=pl.col("person_key").bin.encode("hex"),
        name=mask_name(pl.col("name")),
        number=mask_number(pl.col("id_no")),
    )


def lines_of(alerts: pl.DataFrame, sources: Sources) -> pl.DataFrame:
    """One line per household, in the order of the list.

    Args:
        alerts: of `open_alerts`, those shown.
        sources: where its words come from.

    Returns:
        `office`, `line_key`, `sheet`, `days_left`, `is_overdue`, and the columns of a sheet by key.
    """
    shown = alerts.filter(pl.col("position") <= layout.SHOWN_REASONS)
    named = with_names(shown, sources)
    too_few_under = sources.policy.number("performance_too_few_under", "")
    lines = (
        named.with_columns(
            reason=reason_text(), mark=mark(), confidence=wording.confidence_text(too_few_under)
        )
        .group_by("office", "line_key", maintain_order=True)
        .agg(
            pl.first(
                "household_key", "county_code", "village", "head", "number", "members",
                "present_category", "due_on", "days_left", "is_overdue", "reasons_of_line",
                "subject", "unit", "level_of_line",
            ),
            line_id=pl.col("alert_id").first(),
            is_emergency=pl.col("level").eq("emergency").any(),
            lanes=unique_text(pl.col("lane").replace(wording.LANES), "、"),
            reasons=pl.col("reason").str.join("\n"),
            involved=unique_text(pl.col("involved"), "；"),
            clauses=unique_text(wording.short_clause(pl.col("legal_reference")).explode(), "；"),
            confidence=confidence_of_line(),
            unknown=unique_text(pl.col("unknown_zh"), "；"),
            action=unique_text(pl.col("action_zh"), "\n"),
        )
    )  # fmt: skip
    is_family = pl.col("head") != wording.DOES_NOT_APPLY
    families = lines["household_key"]
    return (
        lines.join(changes(alerts, sources), on="line_key", how="left", maintain_order="left")
        .join(earlier(alerts, sources), on="line_key", how="left", maintain_order="left")
        .join(stands_on(shown, sources), on="line_key", how="left", maintain_order="left")
        .join(indicators(families, sources), on="household_key", how="left", maintain_order="left")
        .join(paid_lately(families, sources), on="household_key", how="left", maintain_order="left")
        .with_row_index("order")
        .with_columns(
            order_of_village=pl.col("order").min().over("office", "is_emergency", "village")
        )
        .sort("office", pl.col("is_emergency").not_(), "order_of_village", "order")
        .select(
            "office", "line_key", "line_id", "village", "head", "number", "confidence", "unknown",
            "action", "days_left", "is_overdue",
            sheet=pl.when("is_new")
            .then(pl.lit(layout.NEW.name))
            .otherwise(pl.lit(layout.OPEN.name)),
            level_and_lane=pl.col("level_of_line").replace_strict(
                dict(enumerate(wording.LEVELS[level] for level in LEVELS)), default="",
                return_dtype=pl.String,
            ) + "\n" + pl.col("lanes"),
            due=wording.due_text(*map(pl.col, ("due_on", "days_left", "is_emergency"))),
            family=family_text(),
            assistance=pl.when(is_family)
            .then(
                pl.concat_str(
                    pl.col("present_category").replace(wording.CATEGORIES), "programmes",
                    separator="；", ignore_nulls=True,
                ).replace("", wording.NO_ASSISTANCE)
            )
            .otherwise(pl.lit(wording.DOES_NOT_APPLY)),
            reasons=pl.concat_str("reasons", further_reasons(), separator="\n", ignore_nulls=True),
            distance=pl.when(is_family)
            .then(pl.coalesce("distance", pl.lit(wording.NO_DISTANCE)))
            .otherwise(pl.lit(wording.DOES_NOT_APPLY)),
            change=pl.concat_str("change", "trend", separator="；", ignore_nulls=True),
            basis=pl.concat_str(
                "clauses",
                pl.format("参数 {} 版", "version"),
                pl.format("数据 {}", "received"),
                separator="\n", ignore_nulls=True,
            ),
            earlier=pl.coalesce("earlier", pl.lit(wording.NO_EARLIER)),
        )
    )  # fmt: skip


def with_names(alerts: pl.DataFrame, sources: Sources) -> pl.DataFrame:
    """The alerts with `village`, `head`, `number`, and `involved`: who it is about but the head."""
    areas = sources.mart("dim_areas").sort("valid_to", nulls_last=True)
    names = areas.unique("area_code", keep="last").select("area_code", "name")
    people = sources.people
    about = sources.mart("dim_people", "person_key", "sex", "age", of=people["person_key"])
    whose = pl.coalesce("head_person_key", "person_key")
    is_other = pl.col("person_key").is_not_null() & pl.col("person_key").ne(whose)
    return (
        alerts.join(
            names.rename({"name": "village_name"}), on="area_code", how="left",
            maintain_order="left",
        )
        .join(
            names.rename({"area_code": "county_code", "name": "county_name"}), on="county_code",
            how="left", maintain_order="left",
        )
        .with_columns(whose=whose, other=pl.when(is_other).then("person_key"))
        .join(
            people.rename({"person_key": "whose", "name": "head"}), on="whose", how="left",
            maintain_order="left",
        )
        .join(
            people.join(about, on="person_key", how="left").select(
                other="person_key", other_name="name", other_number="number", sex="sex", age="age"
            ),
            on="other", how="left", maintain_order="left",
        )
        .with_columns(
            village=pl.coalesce(
                "village_name", wording.village_by_code(pl.col("area_code")),
                pl.col("county_name") + wording.AT_COUNTY,
                pl.lit(wording.NO_PLACE),
            ),
            head=pl.when(pl.col("whose").is_null())
            .then(pl.lit(wording.DOES_NOT_APPLY))
            .otherwise(pl.col("head").fill_null(wording.NO_NAME)),
            number=pl.when(pl.col("whose").is_null())
            .then(pl.lit(wording.DOES_NOT_APPLY))
            .otherwise(pl.col("number").fill_null(wording.NO_NAME)),
            involved=pl.format(
                "{}（{}尾号 {}）",
                pl.when(pl.col("other").is_not_null()).then(
                    pl.col("other_name").fill_null(wording.NO_NAME)
                ),
                pl.format(
                    "{} {} 岁，",
                    pl.col("sex").replace_strict(wording.SEXES, default="").fill_null(""), "age",
                ).fill_null(""),
                pl.col("other_number").str.slice(-4).fill_null(wording.NO_NAME),
            ),
        )
    )  # fmt: skip


def reason_text() -> pl.Expr:
    """A reason, with its mark where a line has several, and whom it is about but the head."""
    return pl.concat_str(
        mark(),
        "reason_zh",
        pl.format("（涉及 {}）", "other_name").fill_null(""),
    )


def further_reasons() -> pl.Expr:
    """How many reasons a line has beyond those it shows."""
    further = pl.col("reasons_of_line").cast(pl.Int64) - layout.SHOWN_REASONS
    return pl.when(further > 0).then(pl.format("另有 {} 项", further))


def mark() -> pl.Expr:
    """The mark of a reason, where its line has several."""
    marks = dict(enumerate(layout.REASON_MARKS, start=1))
    return (
        pl.when(pl.col("reasons_of_line") > 1)
        .then(pl.col("position").replace_strict(marks, return_dtype=pl.String))
        .otherwise(pl.lit(""))
    )


def confidence_of_line() -> pl.Expr:
    """How often alerts like the reasons of a line proved true; by reason where they differ."""
    told = pl.col("confidence")
    return (
        pl.when(told.n_unique() == 1)
        .then(told.first())
        .otherwise((pl.col("mark") + told).str.join("\n"))
    )


def family_text() -> pl.Expr:
    """Members of the household, how many of them need care or work, whom the reasons are about."""
    counted = pl.concat_str(
        [
            pl.when(pl.col(column) > 0).then(pl.format("{} {}", pl.lit(word), pl.col(column)))
            for column, word in {
                "minors": "未成年", "elderly": "老年", "severely_disabled_members": "重度残疾",
                "workers": "有就业登记",
            }.items()
        ],
        separator="、", ignore_nulls=True,
    )  # fmt: skip
    return pl.concat_str(
        pl.when(pl.col("members").is_not_null())
        .then(pl.format("{} 人", "members"))
        .when(pl.col("unit") == "application")
        .then(pl.format("受理编号 {}", "subject"))
        .when(pl.col("unit") == "office")
        .then(pl.lit("不涉及单个家庭"))
        .otherwise(pl.lit("家庭未登记")),
        pl.when(counted != "").then(pl.format("（{}）", counted)),
        pl.when(pl.col("involved") != "").then(pl.format("\n涉及 {}", "involved")),
        ignore_nulls=True,
    )


def changes(alerts: pl.DataFrame, sources: Sources) -> pl.DataFrame:
    """What is other than yesterday: `line_key`, `is_new`, `change`."""
    events = sources.mart("fct_alert_events").filter(pl.col("on_date") == sources.on_date)
    added = events.filter(pl.col("event") == "evidence_added").select(
        "alert_id", update=wording.update_text(pl.col("detail"))
    )
    back = events.filter(pl.col("event") == "reopened")["alert_id"]
    moved = events.filter(pl.col("detail").str.contains(wording.MOVED_FROM))["alert_id"]
    came = pl.col("came_today")
    return (
        alerts.join(added, on="alert_id", how="left", maintain_order="left")
        .group_by("line_key", maintain_order=True)
        .agg(
            is_new=came.all(),
            came=came.sum(),
            came_back=pl.col("alert_id").is_in(back.implode()).any(),
            moved_here=pl.col("alert_id").is_in(moved.implode()).all(),
            update=unique_text(pl.col("update"), "；"),
        )
        .select(
            "line_key",
            "is_new",
            change=pl.when("moved_here")
            .then("update")
            .when("is_new")
            .then(
                pl.concat_str(
                    pl.when("came_back")
                    .then(pl.lit(wording.CAME_BACK))
                    .otherwise(pl.lit(wording.NEW_TODAY)),
                    pl.when(pl.col("update") != "").then("update"),
                    separator="；", ignore_nulls=True,
                )
            )
            .when(pl.col("came") > 0)
            .then(
                pl.concat_str(
                    pl.format("新增 {} 项原因", "came"),
                    pl.when(pl.col("update") != "").then("update"),
                    separator="；", ignore_nulls=True,
                )
            )
            .when(pl.col("update") != "")
            .then("update")
            .otherwise(pl.lit(wording.UNCHANGED)),
        )
    )  # fmt: skip


def earlier(alerts: pl.DataFrame, sources: Sources) -> pl.DataFrame:
    """Alerts of the same household before, and visits that left one open: `line_key`, `earlier`."""
    outcomes = dict(sources.policy.table("outcomes").select("outcome", "name_zh").iter_rows())
    all_alerts = sources.mart("fct_alerts").filter(
        pl.col("status").is_in(list(wording.STATUSES)) | pl.col("outcome").is_not_null()
    )
    return (
        with_lines(all_alerts, sources.marts)
        .filter(is_among(alerts["line_key"]))
        .with_columns(
            ended_on=pl.coalesce("closed_on", "last_seen_on"),
            came_to=pl.coalesce(
                pl.col("outcome").replace(outcomes), pl.col("status").replace(wording.STATUSES)
            ),
        )
        .sort("line_key", "ended_on", "alert_id")
        .group_by("line_key")
        .agg(
            earlier=pl.format(
                "{} 项，最近 {} {}",
                pl.len(), pl.col("ended_on").last().cast(pl.String), pl.col("came_to").last(),
            )
        )
    )  # fmt: skip


def stands_on(alerts: pl.DataFrame, sources: Sources) -> pl.DataFrame:
    """What the reasons of a line stand on: `line_key`, `version`, `received`.

    `version` is the newest start of the policy rows that were used, those of the rules themselves
    among them, `received` by department the oldest of the newest deliveries of the tables used.
    """
    terms = (
        alerts.select("line_key", "county_code", "evidence")
        .with_columns(term=pl.col("evidence").str.json_decode(EVIDENCE))
        .explode("term", empty_as_null=True)
        .select("line_key", "county_code", source=pl.col("term").struct.field("source"),
                key=pl.col("term").struct.field("key"))
        .drop_nulls("source")
    )  # fmt: skip
    without = alerts.filter(pl.col("evidence").is_null()).select("line_key", "county_code")
    sample = pl.DataFrame(SAMPLE_TERMS, schema=["source", "key"], orient="row")
    terms = pl.concat([terms, without.join(sample, how="cross")]).unique(maintain_order=True)
    versions = pl.concat(
        [
            terms.filter(pl.col("source") == "policy.parameters")
            .join(sources.policy.in_force, left_on="key", right_on="name")
            .join(_areas_above(terms["county_code"]), on=["county_code", "area_code"])
            .sort("distance")
            .unique(["line_key", "key"], keep="first")
            .select("line_key", since="effective_from"),
            terms.filter(pl.col("source") == "policy.assistance_standards").select(
                "line_key", since=pl.col("key").str.extract(r"(\d{4}-\d{2}-\d{2})$")
            ),
        ]
    )
    rules = sources.policy.table("rules").select("rule_id", since="effective_from")
    of_rules = alerts.join(rules, on="rule_id", how="inner").select("line_key", "since")
    newest = pl.concat([of_rules, versions]).group_by("line_key").agg(version=pl.max("since"))
    received = (
        terms.with_columns(
            pl.col("source").str.split_exact(".", 1).struct.rename_fields(["department", "table"])
        )
        .unnest("source")
        .filter(pl.col("department") != "policy")
        .join(
            sources.mart("rpt_coverage").select("table", "received_on", department="source"),
            on=["department", "table"],
        )
        .group_by("line_key", "department")
        .agg(pl.min("received_on"))
        .sort("line_key", "department")
        .group_by("line_key", maintain_order=True)
        .agg(
            received=pl.format(
                "{} {}",
                pl.col("department").replace(wording.DEPARTMENTS),
                pl.col("received_on").dt.strftime("%m-%d").fill_null(wording.LATE),
            ).str.join("、")
        )
    )
    return newest.join(received, on="line_key", how="left")


def indicators(families: pl.Series, sources: Sources) -> pl.DataFrame:
    """What is measured of households: their distance to the line and how their income moved."""
    return sources.mart("fct_household_indicators", of=families).select(
        "household_key", "minors", "elderly", "severely_disabled_members", "workers",
        distance=wording.distance_text(), trend=wording.trend_text(),
    )  # fmt: skip


def paid_lately(families: pl.Series, sources: Sources) -> pl.DataFrame:
    """What households or their members were paid for this month or the one before, by name.

    The assistance by which a household is registered is left out: its category says whether it
    has that now.
    """
    names = dict(sources.policy.table("programmes").select("program", "programme").iter_rows())
    known = sources.policy.folder.parent / "reference" / "programme_names.csv"
    in_chinese = dict(
        pl.read_csv(known, infer_schema=False).select("programme", "name_zh").iter_rows()
    )
    since = pl.lit(sources.on_date).dt.month_start().dt.offset_by("-" + MONTHS_OF_PAYMENTS)
    members = households_of_people(sources.marts, families).rename(
        {"person_key": "beneficiary_key"}
    )
    is_of_member = pl.col("household_key").is_null() & is_among(members["beneficiary_key"])
    return (
        pl.scan_parquet(sources.marts / "fct_payments.parquet")
        .filter(
            pl.col("period") > since, pl.col("status") == PAID, is_among(families) | is_of_member
        )
        .select("household_key", "beneficiary_key", "program")
        .collect()
        .join(members, on="beneficiary_key", how="left")
        .select(
            household_key=pl.coalesce("household_key", "household_of_person"),
            programme=pl.col("program").replace(names),
        )
        .drop_nulls()
        .unique()
        .join(
            sources.mart(
                "dim_households", "household_key", "category_registered", of=families
            ).rename({"category_registered": "programme"}),
            on=["household_key", "programme"],
            how="anti",
        )
        .with_columns(pl.col("programme").replace(in_chinese))
        .sort("household_key", "programme")
        .group_by("household_key", maintain_order=True)
        .agg(programmes=pl.col("programme").str.join("、"))
    )


def cleared_alerts(marts: Path, on_date: date) -> pl.DataFrame:
    """Alerts that ended by data on the day, or left with their family, with `why`, line by line.

    One that was held until then stood on no list, so nobody need be told. What left stands with
    the office that had it.
    """
    events = read_mart(marts, "fct_alert_events")
    today = events.filter(pl.col("on_date") == on_date)
    ended = today.filter(pl.col("event").is_in(list(wording.EVENTS))).select(
        "alert_id", why=pl.col("event").replace(wording.EVENTS)
    )
    left = today.select(
        "alert_id", left=pl.col("detail").str.extract(wording.MOVED_FROM)
    ).drop_nulls()
    was_open = events.filter(pl.col("event").is_in(COMING))
    alerts = read_mart(marts, "fct_alerts").join(_held_until(events, on_date), "alert_id", "anti")
    term = pl.element().struct
    ends_on = term.field("value").filter(term.field("field") == "expires_on")
    expired_on = (
        pl.col("evidence").str.json_decode(EVIDENCE).list.eval(ends_on).list.first().str.to_date()
    )
    told = alerts.join(ended, on="alert_id").with_columns(
        why=pl.when((pl.col("status") == "cleared") & (expired_on < on_date))
        .then(pl.lit(wording.EXPIRED))
        .otherwise("why")
    )
    gone = pl.concat(
        [told, moved_away(alerts.join(left, on="alert_id"), marts)],
        how="diagonal",
    )
    lined = with_lines(gone.join(was_open, on="alert_id", how="semi"), marts)
    households = read_mart(
        marts, "dim_households", "household_key", "head_person_key", of=lined["household_key"]
    )
    return lined.join(households, on="household_key", how="left").sort(
        "office", "area_code", "line_key", "alert_id", nulls_last=True
    )


def _held_until(events: pl.DataFrame, on_date: date) -> pl.DataFrame:
    """Alerts that were held when the day began: being held is the last that happened to them."""
    happened = events.filter(
        pl.col("on_date") < on_date, pl.col("event").is_in([*COMING, "held", *wording.STATUSES])
    )
    held_on = pl.col("on_date").filter(pl.col("event") == "held").max()
    return (
        happened.group_by("alert_id")
        .agg(is_held=held_on == pl.col("on_date").max())
        .filter("is_held")
    )


def moved_away(alerts: pl.DataFrame, marts: Path) -> pl.DataFrame:
    """Alerts with `left`, the office that had them, as that office is told of them, with `why`."""
    now = pl.coalesce("township_code", "county_code").replace_strict(
        area_names(marts), default=wording.ELSEWHERE, return_dtype=pl.String
    )
    left, is_known = pl.col("left"), pl.col("left") != "unknown"
    return (
        alerts.filter(pl.col("status") == "open")
        .with_columns(
            why=pl.format(wording.MOVED_AWAY, now),
            county_code=pl.when(is_known).then(left.str.head(COUNTY_DIGITS)).otherwise(left),
            township_code=pl.when(is_known & (left.str.len_chars() > COUNTY_DIGITS)).then(left),
            area_code=pl.when(is_known).then(left),
        )
        .drop("left")
    )


def _areas_above(counties: pl.Series) -> pl.DataFrame:
    """The areas whose policy rows may hold for counties: `distance` 0 is the county itself."""
    return pl.DataFrame(
        [
            (county, area, distance)
            for county in counties.unique().sort()
            for distance, area in enumerate(areas_of(county))
        ],
        schema={"county_code": pl.String, "area_code": pl.String, "distance": pl.Int64},
        orient="row",
    )


def cleared_lines(alerts: pl.DataFrame, sources: Sources) -> pl.DataFrame:
    """Households of `cleared_alerts`, one line each: `office` and the columns of the sheet."""
    about = pl.format("（涉及 {}）", "other_name").fill_null("")
    return (
        with_names(alerts, sources)
        .with_columns(reason=pl.concat_str("reason_zh", about))
        .group_by("office", "line_key", maintain_order=True)
        .agg(
            pl.first("village", "head", "number"),
            line_id=pl.col("alert_id").first(),
            reasons=unique_text(pl.col("reason"), "\n"),
            first_seen_on=pl.col("first_seen_on").min().cast(pl.String),
            why=unique_text(pl.col("why"), "；"),
        )
    )


def unique_text(text: pl.Expr, separator: str) -> pl.Expr:
    """The different texts of a group, in order, as one."""
    return (
        text.drop_nulls()
        .filter(text.drop_nulls() != "")
        .unique(maintain_order=True)
        .str.join(separator)
    )
