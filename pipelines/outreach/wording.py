"""How the lists say things: names of levels, lanes, categories and departments, and sentences.

Belongs here: words that several sheets share. A line is a clue: it asks to look, verify, tell and
help, and never accuses. Does not belong here: reasons, actions and what is not known (rules and
policy rows say those), which line says what (`lines`), how a list is filled in (`how_to`).
"""

import polars as pl

LEVELS = {"emergency": "◆ 特急", "red": "▲ 红", "orange": "● 橙", "yellow": "○ 黄"}
"""A sign and a word: a level is told without colour, too."""

LEVEL_WORDS = {"emergency": "特急", "red": "红", "orange": "橙", "yellow": "黄"}
LANES = {"support": "帮扶", "review": "核对", "process": "督办", "payment": "发放"}
CATEGORIES = {
    "dibao": "低保", "tekun": "特困", "dibao_marginal": "低保边缘",
    "rigid_expenditure": "刚性支出困难", "relapse_watch": "防返贫监测",
}  # fmt: skip
DEPARTMENTS = {
    "civil_affairs": "民政", "finance": "财政", "agriculture": "农业农村",
    "disabled_federation": "残联",
}  # fmt: skip
SEXES = {"F": "女", "M": "男"}
STATUSES = {"cleared": "自行解除", "inhibited": "已有说明", "closed": "办结"}
EVENTS = {
    "cleared": "数据更新后，原情况已不存在",
    "inhibited": "现有救助、保障或登记信息已可说明",
}

EXPIRED = "证件有效期已过，未见换发登记：请提醒本人尽快换证，以免影响补贴"
"""Nothing was mended: the day has come that the alert was to warn of."""

VILLAGE_DIGITS = 12

NO_NAME, NO_PLACE, AT_COUNTY = "未登记", "地区不明", "（县级）"
NO_ASSISTANCE = "未查到"
OTHER_RULE = "家庭情况了解"
NEW_TODAY, CAME_BACK, UNCHANGED = "今日新增", "再次出现", "无变化"
NO_DISTANCE = "收入未核对，尚不能比较"
DOES_NOT_APPLY = "—"
NO_EARLIER = "无"
WITHIN_A_DAY = "24 小时内"
MOVED_FROM = r"moved from (\w+)"
"""How an event tells that a family moved: the code of the office that had it, or `unknown`."""

MOVED_HERE = "由其他乡镇（街道）转来，请接续办理"
MOVED_AWAY, ELSEWHERE = "家庭已转到{}，由那里接续办理", "其他地方"
LATE = "未按时"

NO_CALENDAR = "尚无 {} 年的法定节假日安排：该年的工作日和期限暂按周末推算。"
CLUE = "每一行只是线索，不是结论：请入户了解、核实，告知有关政策，协助申请。"
FILL_IN = "请只填写最右边的六列；“走访结果”对本行所列原因都有效。"
ADVICE = {
    "今日新增": CLUE + FILL_IN,
    "未办结": CLUE + FILL_IN,
    "临期与逾期": "本表只供查看，便于先办快到期和已逾期的；请在“填写处”所说的表中填写。",
    "自行解除": "以下情况已不再成立、已有说明，或已随家庭转走，不需要再为此走访；本表不用填写。",
    "数据疑问": "以下登记信息有不一致之处，请协助核对后告知登记部门更正；本表不用填写。",
    "填写说明": "办理中有疑问的，请与县级民政部门联系。",
}


def short_clause(reference: pl.Expr) -> pl.Expr:
    """A legal reference by the numbers of its documents, where they have one.

    `国务院《关于……的意见》（国发〔2015〕52号）政策衔接条款` becomes
    `国发〔2015〕52号政策衔接条款`; the full names stand among the explanations.
    """
    return reference.str.split("；").list.eval(
        pl.element().str.replace(r"^[^《]*《[^》]+》（([^）]*号)）", "${1}")
    )


def village_by_code(area_code: pl.Expr) -> pl.Expr:
    """A village whose name no register gives, by the last three digits of its code."""
    return pl.when(area_code.str.len_chars() == VILLAGE_DIGITS).then(
        pl.format("村（居）代码 {}", area_code.str.slice(-3))
    )


def money(amount: pl.Expr) -> pl.Expr:
    """Yuan with two decimals, as text."""
    return amount.cast(pl.Decimal(14, 2)).cast(pl.String)


def due_text(due_on: pl.Expr, days_left: pl.Expr, is_emergency: pl.Expr) -> pl.Expr:
    """The due date and the working days left until it; an emergency has hours, and no holidays."""
    days = days_left.abs().cast(pl.String)
    unit = pl.when(is_emergency).then(pl.lit("天")).otherwise(pl.lit("个工作日"))
    left = (
        pl.when(days_left < 0)
        .then(pl.format("！逾期 {} {}", days, unit))
        .when(is_emergency)
        .then(pl.lit(WITHIN_A_DAY))
        .when(days_left == 0)
        .then(pl.lit("今日到期"))
        .otherwise(pl.format("剩 {} 个工作日", days))
    )
    return pl.format("{}\n{}", due_on.cast(pl.String), left).fill_null("未定")


def distance_text() -> pl.Expr:
    """How far a family's income per head and month is from the line above or below it."""
    above, to_marginal = -pl.col("gap_to_standard_cny"), pl.col("gap_to_marginal_cny")
    return pl.when(above < 0).then(pl.format("{} 元：低于低保标准", money(-above))).when(
        (above == 0) & (to_marginal > 0)
    ).then(pl.format("正好等于低保标准，距低保边缘线 {} 元", money(to_marginal))).when(
        to_marginal > 0
    ).then(
        pl.format("{} 元：高于低保标准，距低保边缘线 {} 元", money(above), money(to_marginal))
    ).when(to_marginal == 0).then(pl.lit("正好在低保边缘线上")).when(to_marginal < 0).then(
        pl.format("{} 元：高于低保边缘线", money(-to_marginal))
    ).otherwise(pl.lit(NO_DISTANCE)) + pl.format(
        "（{} 核对）", pl.col("income_observed_on").cast(pl.String)
    ).fill_null("")


def trend_text() -> pl.Expr:
    """How a family's income per head moved, over the shortest time that is known."""
    return pl.coalesce(
        pl.when(pl.col(f"trend_{months}m") != 0).then(
            pl.format(
                "近 {} 个月人均月收入{} {} 元",
                pl.lit(months),
                pl.when(pl.col(f"trend_{months}m") > 0)
                .then(pl.lit("增加"))
                .otherwise(pl.lit("减少")),
                money(pl.col(f"trend_{months}m").abs()),
            )
        )
        for months in (3, 6, 12)
    )


def update_text(detail: pl.Expr) -> pl.Expr:
    """What joined an alert today, from the detail of its event."""
    level = detail.str.extract_groups(r"level (\w+) to (\w+)").struct
    amount = detail.str.extract_groups(r"amount (\S+) to ([^\s;]+)").struct
    words = {**LEVEL_WORDS, "unknown": "不明"}
    return pl.concat_str(
        pl.format(
            "级别由{}改为{}", level.field("1").replace(words), level.field("2").replace(words)
        ),
        pl.format(
            "金额由 {} 元变为 {} 元",
            amount.field("1").replace(words), amount.field("2").replace(words),
        ),
        pl.when(detail.str.contains("new evidence")).then(pl.lit("有新的依据")),
        pl.when(detail.str.contains(MOVED_FROM)).then(pl.lit(MOVED_HERE)),
        separator="，", ignore_nulls=True,
    )  # fmt: skip


def confidence_text(too_few_under: int | None) -> pl.Expr:
    """The share of a rule's answered alerts that proved true, or that too few were answered."""
    few = f"回访不足 {too_few_under} 件，暂无比例" if too_few_under else "回访较少，暂无比例"
    share = (pl.col("precision").cast(pl.Float64) * 100).round().cast(pl.Int64)
    return (
        pl.when(pl.col("too_few").not_())
        .then(pl.format("{}%（{} 件中 {} 件）", share, pl.col("replied"), pl.col("confirmed")))
        .otherwise(pl.lit(few))
    )
