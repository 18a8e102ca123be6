"""What finance really pays: each month's run, its failures, and where it departs from what is due.

Belongs here: turning dues into ledger rows. Does not belong here: who is entitled.
A departure is planted beforehand (`Departures`); everybody else gets exactly what he is owed.
"""

import numpy as np
import polars as pl

from pipelines.demo_city.calendar import run_dates
from pipelines.demo_city.entitlements import PROGRAMS, Due, entitlements
from pipelines.demo_city.places import county_of
from pipelines.demo_city.tables import DATE, NUMBER, Table
from pipelines.demo_city.world import OfficePlan, World

SUCCESS, FAILED, RETURNED = 1, 2, 3
STOP, ADD, EXTRA, RECOVER, FAIL, LATER, EXTRA_FAILED, RETURN = range(8)
"""Departures: no row; an amount differing by so much; a row beside; paid and taken back; failed
and left so; paid only with the next month's run; a row beside that fails; returned by the bank."""
PROGRAM_NAMES = {
    1101: "dibao", 1201: "dibao", 1301: "tekun", 1302: "tekun", 1303: "tekun_care",
    2101: "living", 2102: "nursing", 3101: "orphan", 3102: "unsupported_child",
    3103: "key_child",
}  # fmt: skip
"""Programmes with an entitlement, by the treasury's codes."""
PAID_NAMES = PROGRAM_NAMES | {6101: "old_age"}
"""Programmes that are paid month by month, with or without an entitlement we could work out."""

FAILED_SHARE = 0.01
FAIL_REASONS = ("账号错误", "账户冻结", "户名不符", "账户已注销")
_STREAM = 70


def new_departures() -> Table:
    """Planted departures from what is due, by programme, subject and span of months."""
    return Table(
        {"program": NUMBER, "code": NUMBER, "person": NUMBER, "household": NUMBER,
         "action": NUMBER, "first_month": DATE, "last_month": DATE, "cents": NUMBER,
         "paid_on": DATE}
    )  # fmt: skip


def run_month(
    world: World, departures: Table, month: np.datetime64, due: dict[str, Due]
) -> pl.DataFrame:
    """The month's run: every due paid on the usual day, one in a hundred failing first."""
    frames = [
        _run_program(world, departures, number, due[program], month)
        for number, program in enumerate(PROGRAMS)
    ]
    rows = pl.concat([frame for frame in frames if frame.height] or frames[:1])
    area = world.people["area"][rows["person"].to_numpy()]
    rows = rows.with_columns(pl.Series("county", county_of(area)))
    for plan in world.offices:
        if plan.month == month and plan.paid_on is not None:
            rows = rows.with_columns(
                pl.when(is_of(plan)).then(_day(plan.paid_on)).otherwise("paid_on").alias("paid_on")
            )
    rows = rows.with_columns(
        pl.int_range(1, pl.len() + 1).over("code").alias("sequence"),
    )
    originals = rows.filter(pl.col("tag") > 0).select("tag", "sequence")
    rows = rows.join(
        originals.select(tag=-pl.col("tag"), reissue_of="sequence"),
        on="tag", how="left", maintain_order="left",
    )  # fmt: skip
    return rows.select(
        "person", "household", "cents", "code", "paid_on", "status", "fail_reason", "county",
        "sequence", "reissue_of",
    )  # fmt: skip


def _run_program(
    world: World, departures: Table, number: int, due: Due, month: np.datetime64
) -> pl.DataFrame:
    first = month.astype(DATE)
    paid_on, again_on = run_dates(month)
    rng = world.chance(_STREAM, number, int(month.astype(np.int64)))
    planted = (
        (departures["program"] == number)
        & (departures["first_month"] <= first)
        & (departures["last_month"] >= first)
    )
    frame = pl.DataFrame({
        "person": due.person, "household": due.household, "cents": due.cents, "code": due.code,
    }, schema=dict.fromkeys(("person", "household", "cents", "code"), pl.Int64))  # fmt: skip
    chosen = pl.DataFrame(
        {name: departures[name][planted] for name in departures.kinds},
    ).select("person", "code", "action", "cents", "household", given_day="paid_on")
    single = chosen.filter(~pl.col("action").is_in((EXTRA, EXTRA_FAILED))).select(
        "person", "action", cents_set="cents"
    )
    frame = frame.join(
        single.unique("person", keep="last", maintain_order=True), on="person", how="left",
        maintain_order="left",
    )  # fmt: skip
    action = frame["action"].fill_null(-1)
    luck = rng.random(frame.height)
    frame = frame.with_columns(
        action,
        pl.when(action == ADD)
        .then(pl.col("cents") + pl.col("cents_set"))
        .otherwise("cents")
        .alias("cents"),
        pl.Series("luck", luck),
        (pl.int_range(1, pl.len() + 1, dtype=pl.Int64) + number * 10**9).alias("position"),
    ).filter(pl.col("action") != STOP)
    is_failing = (pl.col("luck") < FAILED_SHARE) & (pl.col("action") == -1)
    run_late = run_dates(month + 1)[0]
    main = frame.with_columns(
        paid_on=pl.when(pl.col("action") == LATER).then(_day(run_late)).otherwise(_day(paid_on)),
        status=pl.when(is_failing | (pl.col("action") == FAIL))
        .then(FAILED)
        .when(pl.col("action") == RETURN)
        .then(RETURNED)
        .otherwise(SUCCESS),
        tag=pl.when(is_failing).then("position").otherwise(0),
    )
    again = frame.filter(is_failing).with_columns(
        paid_on=_day(again_on), status=pl.lit(SUCCESS), tag=-pl.col("position")
    )
    back = frame.filter(pl.col("action") == RECOVER).with_columns(
        paid_on=_day(again_on), status=pl.lit(SUCCESS), tag=pl.lit(0, pl.Int64),
        cents=-pl.col("cents"),
    )  # fmt: skip
    extra = chosen.filter(pl.col("action").is_in((EXTRA, EXTRA_FAILED))).with_columns(
        paid_on=pl.when(pl.col("given_day").is_not_null())
        .then(pl.col("given_day").cast(pl.Date))
        .when(pl.col("cents") < 0)
        .then(_day(again_on))
        .otherwise(_day(paid_on)),
        status=pl.when(pl.col("action") == EXTRA).then(SUCCESS).otherwise(FAILED),
        tag=pl.lit(0, pl.Int64),
    )
    columns = ["person", "household", "cents", "code", "paid_on", "status", "tag"]
    parts = [part.select(columns) for part in (main, again, back, extra)]
    fails = rng.integers(0, len(FAIL_REASONS), sum(part.height for part in parts))
    return (
        pl.concat(parts, how="vertical_relaxed")
        .with_columns(pl.Series("fail_reason", fails), pl.col("status").cast(pl.Int64))
        .with_columns(pl.when(pl.col("status") != SUCCESS).then("fail_reason").alias("fail_reason"))
    )


def is_of(plan: OfficePlan) -> pl.Expr:
    """Whether a row belongs to the county and programme of a plan."""
    codes = [code for code, name in PROGRAM_NAMES.items() if name == plan.program]
    return (pl.col("county") == plan.county) & pl.col("code").is_in(codes)


def _day(day: np.datetime64) -> pl.Expr:
    return pl.lit(day.astype(object), pl.Date)


def paid_persons(world: World, departures: Table, month: np.datetime64, program: str) -> np.ndarray:
    """The persons a programme really pays for a month (net above nothing)."""
    number = PROGRAMS.index(program)
    rows = _run_program(world, departures, number, entitlements(world, month)[program], month)
    net = (
        rows.filter(pl.col("status") == SUCCESS)
        .group_by("person").agg(pl.col("cents").sum()).filter(pl.col("cents") > 0)
    )  # fmt: skip
    return net["person"].sort().to_numpy()
