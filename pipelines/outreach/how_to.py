"""The sheet that says how a list is read and filled in.

Its last rows are the outcomes that the drop-downs offer. Does not belong here: advice above a
single sheet (`wording.py`).
"""

import polars as pl

from pipelines.outreach import wording
from pipelines.outreach.alerts import LEVELS
from pipelines.outreach.policy import Policy

READING = (
    (
        "这份清单",
        "每一行是一户家庭的线索，由各部门登记的数据比对得出。它只是线索，不是结论，不能据此直接给予、"
        "变更或停止救助；请入户了解、核实，告知政策，协助申请，由有权机关按程序办理。",
    ),
    (
        "各张表",
        "“今日新增”和“未办结”要填写，每户只出现在其中一张；“临期与逾期”是快到期和已逾期的提示；"
        "“自行解除”和“数据疑问”供了解，不用填写。",
    ),
    (
        "先后次序",
        "特急的在最前；然后按村（社区）排列，最急的村在前；"
        "同一村内依次看逾期、期限、级别和等候时间。",
    ),
    ("情况说明", "最多列出三项原因，依次为①②③；更多的只写“另有几项”，前面的办结后会列出。"),
    (
        "同类线索属实率",
        "同一条规则以往走访过的线索中属实的比例；走访较少时不给比例。比例低不等于这一户不属实。",
    ),
    (
        "依据",
        "文件只写文号，全称见下面；“政策参数”是所用标准和期限开始执行的日期；"
        "“数据日期”是各部门最近一次送来数据的日期。",
    ),
)
FILLING = (
    (
        "走访结果",
        "从下拉列表中选一项，对本行所列全部原因有效。"
        "原因②或③的结果不同时，再填“结果②”或“结果③”；相同的不用填。",
    ),
    ("备注", "简要说明即可。请不要写病情、银行账号、电话号码和完整的证件号码。"),
    ("走访人、走访日期", "日期写实际走访的日子，例如 2024-05-06。"),
    (
        "交回",
        "填好后交回本文件，可以先交已填的部分，以后再交其余的；重复交回没有影响。"
        "请不要改动编号、表头和其他列。",
    ),
    (
        "表格保护",
        "除填写的六列外都加了保护，没有密码；需要调整格式时，可用“审阅”中的“撤销工作表保护”。",
    ),
    ("纸面使用", "按 A4 横向打印。级别同时用符号和文字表示：◆ 特急、▲ 红、● 橙、○ 黄。"),
)
EFFECTS = {"closes": "填写后本线索办结", "keeps_open": "线索继续保留，请另选时间再访"}
DAYS_OF = "alert_due_working_days_"
SCHEMA = {"topic": pl.String, "explanation": pl.String}


def outcome_choices(policy: Policy) -> list[tuple[str, str]]:
    """What the drop-downs offer, in the order of the policy rows, each with what it does."""
    return [
        (name, EFFECTS.get(effect, ""))
        for name, effect in policy.table("outcomes").select("name_zh", "effect").iter_rows()
    ]


def explanations(shown: pl.DataFrame | None, office: str, policy: Policy) -> pl.DataFrame:
    """The rows of the sheet: `topic`, `explanation`; the outcomes are the last.

    Args:
        shown: the alerts of the list, whose legal bases are given in full.
        office: whose limits are told.
        policy: rows in force on the day.
    """
    days = {level: policy.number(DAYS_OF + level, office) for level in LEVELS}
    limits = "、".join(
        f"{wording.LEVEL_WORDS[level]} {number} 个工作日"
        for level, number in days.items()
        if number
    )
    rows = [*READING, ("办理期限", f"特急 24 小时内（节假日照常）；{limits}。"), *FILLING]
    if shown is not None:
        clauses = shown["legal_reference"].drop_nulls().str.split("；").explode().unique().sort()
        rows += [("依据全称", "；".join(clauses) + "。")]
    rows += [("走访结果可选项", "以下为下拉列表的各项：")]
    return pl.DataFrame([*rows, *outcome_choices(policy)], schema=SCHEMA, orient="row")
