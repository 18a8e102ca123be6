"""What a caseworker finds in the workbook of a township, and what a reader of replies relies on."""

import json
import re
import shutil
import zipfile
from datetime import date, timedelta

import openpyxl
import polars as pl
import pytest

from pipelines.contracts import working_days
from pipelines.contracts.alert_code import is_well_formed
from pipelines.contracts.replies import shown_mark
from pipelines.outreach import layout
from pipelines.outreach.township_lists import write_lists
from pipelines.settings import DBT_PROJECT, WenduError
from tests.unit.list_marts import (
    COUNTY,
    DAY,
    OTHER_TOWN,
    TOWN,
    Names,
    alert,
    code,
    key,
    write_marts,
)

POLICY = DBT_PROJECT / "seeds" / "policy"


@pytest.fixture
def lists(tmp_path):
    """Writes the lists of handmade marts; gives the day's folder."""

    def write(alerts, *, vault=None, policy=POLICY, folder="day", **marts):
        day = tmp_path / folder
        day.mkdir()
        written = write_marts(tmp_path / f"{folder}-marts", alerts, **marts)
        write_lists(written, day, DAY, vault or Names(), policy)
        return day

    return write


@pytest.fixture
def policy_with(tmp_path):
    """The policy rows with further rows of parameters."""

    def add(*rows):
        shutil.copytree(DBT_PROJECT / "seeds", tmp_path / "seeds")
        with (tmp_path / "seeds" / "policy" / "parameters.csv").open("a", encoding="utf-8") as file:
            file.writelines(f"{row}\n" for row in rows)
        return tmp_path / "seeds" / "policy"

    return add


def workbook(day, office=TOWN):
    return openpyxl.load_workbook(day / "lists" / f"{office}.xlsx")


def lines(day, sheet, office=TOWN):
    """The lines of a sheet, by header."""
    page = workbook(day, office)[sheet.name]
    rows = list(page.iter_rows(min_row=layout.HEADER_ROW + 1, values_only=True))
    return [
        dict(zip(rows[0], row, strict=True))
        for row in rows[1:]
        if is_well_formed(str(row[0])) or (sheet is layout.QUESTIONS and row[3])
    ]


def foot(day, sheet, office=TOWN):
    """All texts of a sheet's first column, as one."""
    page = workbook(day, office)[sheet.name]
    return "\n".join(str(cell.value) for cell in page["A"] if cell.value)


def test_a_household_is_one_line_with_three_reasons_and_the_others_counted(lists):
    day = lists(
        [
            alert(1, days_left=2, reason_zh="168.00 元：未查到护理补贴"),
            alert(2, household_key=key(1), days_left=3, reason_zh="2 次：临时救助"),
            alert(3, household_key=key(1), person_key=key(7), days_left=4, unit="person"),
            alert(4, household_key=key(1), days_left=5),
        ],
        members={7: 1},
        vault=Names({7: "李小芳"}),
    )
    [line] = lines(day, layout.OPEN)
    first, second, third, more = line["情况说明"].split("\n")
    assert line["编号"] == code(1)
    assert first == "①168.00 元：未查到护理补贴"
    assert second == "②2 次：临时救助"
    assert third.startswith("③300.00 元") and third.endswith("（涉及 李*芳）")
    assert more == "另有 1 项"
    assert "涉及 李*芳（女 12 岁，尾号 0007）" in line["家庭人口与相关成员"]


def test_a_person_known_to_a_household_joins_its_line(lists):
    day = lists([alert(1), alert(2, household_key=None, person_key=key(7))], members={7: 1})
    assert len(lines(day, layout.OPEN)) == 1


def test_a_line_says_who_where_until_when_and_on_what_basis(lists):
    [line] = lines(lists([alert(1, days_left=7)]), layout.OPEN)
    assert line["级别与条线"] == "● 橙\n帮扶"
    assert line["办理期限"] == "2024-05-13\n剩 7 个工作日"
    assert (line["村（社区）"], line["户主"]) == ("柳园村", "李*英")
    assert line["证件号码"] == "371599****0001"
    assert line["家庭人口与相关成员"] == "3 人（未成年 1、有就业登记 1）"
    assert line["现有救助"] == "低保；重度残疾人护理补贴"
    assert (
        line["与标准线的距离"]
        == "225.90 元：高于低保标准，距低保边缘线 150.60 元（2024-05-06 核对）"
    )
    assert line["变化"] == "无变化；近 3 个月人均月收入减少 80.00 元"
    assert line["依据"] == "国发〔2015〕52号衔接条款\n参数 2023-01-01 版\n数据 财政 05-06"
    assert line["同类线索属实率"] == "回访不足 20 件，暂无比例"
    assert line["以往线索"] == "无"


def test_an_emergency_has_hours_not_working_days(lists):
    [line] = lines(lists([alert(1, level="emergency", days_left=1)]), layout.OPEN)
    assert line["办理期限"] == "2024-05-07\n24 小时内"


def test_an_overdue_emergency_counts_days_and_no_working_days(lists):
    [line] = lines(lists([alert(1, level="emergency", days_left=-5)]), layout.OPEN)
    assert line["办理期限"] == "2024-05-01\n！逾期 5 天"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"ended": {1: DAY}}, "重度残疾人护理补贴"),
        ({"ended": {1: DAY + timedelta(days=1)}}, "低保；重度残疾人护理补贴"),
        ({"approved": {1: DAY}}, "低保；重度残疾人护理补贴"),
        ({"approved": {1: DAY + timedelta(days=1)}}, "重度残疾人护理补贴"),
    ],
)
def test_only_assistance_of_the_day_is_present_assistance(lists, given, told):
    [line] = lines(lists([alert(1)], **given), layout.OPEN)
    assert line["现有救助"] == told


def test_confidence_is_the_share_of_like_alerts_that_proved_true(lists):
    [line] = lines(lists([alert(1)], performance={"R15": (40, 29)}), layout.OPEN)
    assert line["同类线索属实率"] == "72%（40 件中 29 件）"


def test_confidence_is_told_by_reason_where_reasons_differ_in_it(lists):
    day = lists(
        [alert(1), alert(2, household_key=key(1), rule_id="R22")], performance={"R15": (40, 29)}
    )
    [line] = lines(day, layout.OPEN)
    assert line["同类线索属实率"] == "①72%（40 件中 29 件）\n②回访不足 20 件，暂无比例"


def test_a_visit_before_is_told(lists):
    before = alert(
        2, household_key=key(1), status="closed", outcome="declines", closed_on=date(2024, 3, 1)
    )
    [line] = lines(lists([alert(1), before]), layout.OPEN)
    assert line["以往线索"] == "1 项，最近 2024-03-01 情况属实但本人或家庭不申请"


def test_emergencies_stand_first_and_then_villages_together_the_most_urgent_first(lists):
    other = {"area_code": TOWN + "202"}
    day = lists(
        [
            alert(1, days_left=5),
            alert(2, days_left=-2, **other),
            alert(3, days_left=9, **other),
            alert(4, days_left=9, level="red", **other),
            alert(5, level="emergency", days_left=1),
            alert(6, days_left=-1),
        ]
    )
    order = [line["编号"] for line in lines(day, layout.OPEN)]
    assert order == [code(number) for number in (5, 2, 4, 3, 6, 1)]


def test_only_a_household_without_an_older_alert_is_new_today(lists):
    day = lists(
        [alert(1, first_seen_on=DAY), alert(2), alert(3, household_key=key(2), first_seen_on=DAY)],
        events=[(code(1), "opened", "level orange"), (code(3), "opened", "level orange")],
    )
    [new], [still_open] = lines(day, layout.NEW), lines(day, layout.OPEN)
    assert (new["编号"], new["变化"].split("；")[0]) == (code(1), "今日新增")
    assert (still_open["编号"], still_open["变化"].split("；")[0]) == (code(2), "新增 1 项原因")


def test_what_joined_an_alert_is_told(lists):
    day = lists(
        [alert(1)],
        events=[
            (code(1), "evidence_added", "level yellow to orange; amount 140.00 to 280.00"),
        ],
    )
    [line] = lines(day, layout.OPEN)
    assert line["变化"].startswith("级别由黄改为橙，金额由 140.00 元变为 280.00 元")


def test_a_family_that_moved_here_is_told_of(lists):
    day = lists([alert(1)], events=[(code(1), "evidence_added", "moved from 371525001")])
    [line] = lines(day, layout.NEW)
    assert line["变化"].startswith("由其他乡镇（街道）转来")


@pytest.mark.parametrize("left", [OTHER_TOWN, COUNTY, "unknown"])
def test_the_office_a_family_left_is_told_where_it_went(lists, left):
    day = lists([alert(1)], events=[(code(1), "evidence_added", f"moved from {left}")])
    [line] = lines(day, layout.CLEARED, office=left)
    assert (line["编号"], line["解除原因"]) == (code(1), "家庭已转到古楼街道，由那里接续办理")


def test_a_family_that_moved_and_has_a_new_reason_is_new_with_both(lists):
    day = lists(
        [alert(1), alert(2, household_key=key(1), first_seen_on=DAY)],
        events=[
            (code(1), "evidence_added", "moved from 371525001"),
            (code(2), "opened", "level orange"),
        ],
    )
    [line] = lines(day, layout.NEW)
    assert line["变化"].startswith("今日新增；由其他乡镇（街道）转来")


def test_an_alert_that_left_with_its_family_and_is_held_is_told_to_nobody(lists):
    day = lists(
        [alert(1, status="held"), alert(2)],
        events=[(code(1), "evidence_added", f"moved from {OTHER_TOWN}")],
    )
    assert not (day / "lists" / f"{OTHER_TOWN}.xlsx").exists()


def test_what_is_near_due_is_told_again_without_room_for_a_second_reply(lists):
    day = lists([alert(1, days_left=9), alert(2, days_left=-3), alert(3, days_left=2)])
    told = lines(day, layout.NEAR_DUE)
    assert [line["编号"] for line in told] == [code(2), code(3)]
    assert told[0]["办理期限"].endswith("！逾期 3 个工作日")
    assert "走访结果" not in told[0]
    for line in told:
        name, row = re.fullmatch(r"(\S+) 第 (\d+) 行", line["填写处"]).groups()
        assert workbook(day)[name].cell(int(row), 1).value == line["编号"]


def test_the_quota_leaves_out_the_least_urgent_and_counts_it(lists, policy_with):
    day = lists(
        [
            alert(1, days_left=3),
            alert(2, days_left=8, level="yellow", rule_id="R22"),
            alert(3, household_key=key(2), days_left=9),
            alert(4, days_left=20, level="yellow", rule_id="R22"),
        ],
        policy=policy_with(
            f"list_daily_quota_households,{TOWN},1,household,2024-01-01,assumed,true"
        ),
    )
    assert [line["编号"] for line in lines(day, layout.OPEN)] == [code(1)]
    assert "另有 2 行排队等候" in foot(day, layout.OPEN)
    assert (
        "橙 1 项（应享未享重度残疾人护理补贴 1）；黄 2 项（多次临时救助或照护费用较高 2）"
        in foot(day, layout.OPEN)
    )


def test_emergencies_and_overdue_lines_never_wait(lists, policy_with):
    day = lists(
        [alert(1, days_left=3), alert(2, level="emergency"), alert(3, days_left=-1)],
        policy=policy_with(
            f"list_daily_quota_households,{TOWN},1,household,2024-01-01,assumed,true"
        ),
    )
    assert {line["编号"] for line in lines(day, layout.OPEN)} == {code(2), code(3)}


def test_of_equally_urgent_lines_the_rule_that_more_often_proves_true_goes_first(
    lists, policy_with
):
    day = lists(
        [alert(1, rule_id="R22"), alert(2, rule_id="R15")],
        performance={"R22": (40, 4), "R15": (40, 36)},
        policy=policy_with(
            f"list_daily_quota_households,{TOWN},1,household,2024-01-01,assumed,true"
        ),
    )
    assert [line["编号"] for line in lines(day, layout.OPEN)] == [code(2)]


def test_a_quota_of_a_township_holds_there_alone(lists, policy_with):
    there = {"township_code": OTHER_TOWN, "area_code": OTHER_TOWN + "201"}
    day = lists(
        [alert(1), alert(2), alert(3, **there), alert(4, **there)],
        policy=policy_with(
            f"list_daily_quota_households,{TOWN},1,household,2024-01-01,assumed,true"
        ),
    )
    assert len(lines(day, layout.OPEN)) == 1
    assert len(lines(day, layout.OPEN, OTHER_TOWN)) == 2


def test_the_version_is_that_of_the_row_of_the_most_specific_area(lists, policy_with):
    used = {"source": "policy.parameters", "key": "r25_orange_multiple", "field": "value",
            "value": "1.1", "as_of": str(DAY)}  # fmt: skip
    policy = policy_with(
        f"r25_orange_multiple,{COUNTY},1.1,ratio,2024-02-01,assumed,true",
        "r25_orange_multiple,371500,1.1,ratio,2024-03-01,assumed,true",
    )
    [line] = lines(lists([alert(1, evidence=json.dumps([used]))], policy=policy), layout.OPEN)
    assert "参数 2024-02-01 版" in line["依据"]


def test_a_quota_that_is_no_number_is_told_with_the_place_to_mend_it(lists, policy_with):
    policy = policy_with(f"list_daily_quota_households,{TOWN},many,household,2024-01-01,x,true")
    with pytest.raises(WenduError, match=r"list_daily_quota_households .*parameters\.csv"):
        lists([alert(1)], policy=policy)


def test_every_open_alert_is_shown_or_counted(lists, policy_with):
    alerts = [alert(number, days_left=number) for number in range(1, 9)]
    alerts += [alert(10 + number, household_key=key(1)) for number in range(4)]
    day = lists(
        alerts,
        policy=policy_with(
            f"list_daily_quota_households,{TOWN},5,household,2024-01-01,assumed,true"
        ),
    )
    shown = pl.read_parquet(day / "batches.parquet")
    further = sum(map(int, re.findall(r"另有 (\d+) 项", str(lines(day, layout.OPEN)))))
    waiting = sum(map(int, re.findall(r"[红橙黄] (\d+) 项", foot(day, layout.OPEN))))
    assert (shown.height, further, waiting) == (7, 2, 3)
    assert shown.height + further + waiting == len(alerts)


def test_batches_say_which_alert_stands_on_which_line(lists):
    day = lists(
        [alert(1, days_left=2), alert(2, household_key=key(1), rule_id="R22"), alert(3)],
        audited=[8],
    )
    shown = pl.read_parquet(day / "batches.parquet")
    batch = layout.batch_of(TOWN, DAY)
    assert set(shown.select("batch_id", "office", "on_date").iter_rows()) == {(batch, TOWN, DAY)}
    assert set(shown.select("line_id", "position", "alert_id", "rule_id", "sheet").iter_rows()) == {
        (code(1), 1, code(1), "R15", "未办结"),
        (code(1), 2, code(2), "R22", "未办结"),
        (code(3), 1, code(3), "R15", "未办结"),
        (code(9008), 1, code(9008), None, "今日新增"),
    }


def test_a_day_without_alerts_has_batches_without_rows(lists):
    day = lists([])
    assert list((day / "lists").iterdir()) == []
    assert pl.read_parquet(day / "batches.parquet").columns == [
        "batch_id", "office", "on_date", "sheet", "line_id", "position", "alert_id", "rule_id",
    ]  # fmt: skip


def test_the_workbook_tells_which_reasons_its_lines_show(lists):
    day = lists([alert(1)])
    book, shown = workbook(day), shown_mark(pl.read_parquet(day / "batches.parquet"))
    assert book.defined_names[layout.SHOWN_NAME].attr_text == f'"{shown}"'
    assert book.custom_doc_props[layout.SHOWN_NAME].value == shown


def test_the_workbook_names_its_batch_three_times(lists):
    day = lists([alert(1)])
    book, batch = workbook(day), layout.batch_of(TOWN, DAY)
    assert book.defined_names[layout.BATCH_NAME].attr_text == f'"{batch}"'
    assert book.custom_doc_props[layout.BATCH_NAME].value == batch
    assert f"共 1 行；批次 {batch}；校验码 " in foot(day, layout.OPEN)


def test_the_same_day_gives_the_same_bytes_and_another_text_another_checksum(lists):
    first, again, other = (
        lists([alert(1, reason_zh=reason)], folder=folder)
        for folder, reason in (("a", "1 人"), ("b", "1 人"), ("c", "2 人"))
    )
    name = f"lists/{TOWN}.xlsx"
    assert (first / name).read_bytes() == (again / name).read_bytes()
    assert (first / "batches.parquet").read_bytes() == (again / "batches.parquet").read_bytes()
    assert foot(first, layout.OPEN) != foot(other, layout.OPEN)


def test_missing_sources_and_silent_rules_stand_at_the_foot(lists):
    day = lists([alert(1)], late=[("finance", "payments")], silent_rules=["R26"])
    for sheet in layout.REPLY_SHEETS:
        assert "未按时收到的数据：财政一卡通发放明细。" in foot(day, sheet)
        assert "当日未评估的规则（不新增、也不解除）：应发与实发金额不一致。" in foot(day, sheet)


def test_a_rule_that_is_not_in_force_yet_is_not_called_silent(lists):
    assert "刚性支出" not in foot(lists([alert(1)], silent_rules=["R33"]), layout.OPEN)


def test_a_year_whose_calendar_is_not_at_hand_is_told_at_the_foot(lists, monkeypatch):
    assert "法定节假日" not in foot(lists([alert(1)]), layout.OPEN)
    monkeypatch.setattr(working_days, "KNOWN_YEARS", range(2004, 2024))
    assert "尚无 2024 年的法定节假日安排" in foot(lists([alert(1)], folder="another"), layout.OPEN)


def test_what_ended_by_itself_is_told_with_the_reason(lists):
    day = lists(
        [alert(1, status="cleared"), alert(2, status="inhibited")],
        events=[(code(1), "cleared", "…"), (code(2), "inhibited", "…")],
    )
    told = {line["编号"]: line["解除原因"] for line in lines(day, layout.CLEARED)}
    assert told == {
        code(1): "数据更新后，原情况已不存在",
        code(2): "现有救助、保障或登记信息已可说明",
    }


@pytest.mark.parametrize(("days", "told"), [(0, "原情况已不存在"), (1, "提醒本人尽快换证")])
def test_a_certificate_whose_day_has_come_is_not_told_as_mended(lists, days, told):
    expires = {"source": "disabled_federation.certificates", "key": "k", "field": "expires_on",
               "value": str(DAY - timedelta(days)), "as_of": str(DAY)}  # fmt: skip
    ended = alert(1, status="cleared", evidence=json.dumps([expires]))
    [line] = lines(lists([ended], events=[(code(1), "cleared", "…")]), layout.CLEARED)
    assert told in line["解除原因"]


@pytest.mark.parametrize("of_the_day", [("cleared",), ("released", "cleared")])
@pytest.mark.parametrize("long_ago", [(), ("opened",)])
def test_what_was_held_until_it_ended_is_not_told(lists, of_the_day, long_ago):
    day = lists(
        [alert(1, status="cleared"), alert(2)],
        events=[(code(1), event, "…") for event in of_the_day],
        held=[code(1)],
        long_ago=[(code(1), event, "…") for event in long_ago],
    )
    assert lines(day, layout.CLEARED) == []


def test_a_line_has_the_level_of_its_most_severe_reason_shown_or_not(lists):
    orange = [alert(number, household_key=key(1), days_left=number) for number in (1, 2, 3)]
    day = lists([*orange, alert(4, household_key=key(1), level="red", days_left=9)])
    assert lines(day, layout.OPEN)[0]["级别与条线"].startswith("▲ 红")


def test_names_that_differ_become_a_masked_question(lists):
    vault = Names()
    vault.differing = [
        (1, "civil_affairs", "members", "李秀英"),
        (1, "civil_affairs", "cremations", "王建国"),
        (1, "disabled_federation", "certificates", "李秀英"),
    ]
    [question] = lines(lists([alert(1)], vault=vault), layout.QUESTIONS)
    assert (
        "民政“家庭成员”、残联“残疾人证”中为 李*英，民政“殡葬火化”中为 王*国；" in question["疑问"]
    )
    assert question["由谁核对"] == "民政、残联登记部门"
    assert question["证件号码"] == "371599****0001"


def test_names_that_differ_where_they_are_masked_are_said_to(lists):
    vault = Names()
    vault.differing = [
        (1, "civil_affairs", "members", "李秀英"), (1, "civil_affairs", "cremations", "李季英"),
    ]  # fmt: skip
    [question] = lines(lists([alert(1)], vault=vault), layout.QUESTIONS)
    assert "中为 李*英（不同之处在遮盖的字）；" in question["疑问"]


def test_a_family_of_unknown_place_goes_to_the_county_and_asks(lists):
    nowhere = {"township_code": None, "area_code": None}
    day = lists([alert(1, **nowhere)])
    assert lines(day, layout.OPEN, COUNTY)[0]["村（社区）"] == "东昌府区（县级）"
    assert len(lines(day, layout.QUESTIONS, COUNTY)) == 1


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "-2", "=1"])
def test_a_name_that_looks_like_a_formula_is_text(lists, name):
    day = lists([alert(1, reason_zh=name)], vault=Names({1: name}))
    page = workbook(day)["未办结"]
    cells = [page.cell(layout.FIRST_ROW + 1, 1 + layout.OPEN.headers.index(header))
             for header in ("户主", "情况说明")]  # fmt: skip
    assert [cell.data_type for cell in cells] == ["s", "s"]
    assert cells[1].value == name
    with zipfile.ZipFile(day / "lists" / f"{TOWN}.xlsx") as book:
        pages = [book.read(part) for part in book.namelist() if "worksheets/" in part]
    assert pages and not any(b"<f>" in page for page in pages)


def test_only_the_six_reply_cells_of_a_line_can_be_filled_in(lists):
    book = workbook(lists([alert(1)]))
    assert all(page.protection.sheet and not page.protection.password for page in book)
    row = book["未办结"][layout.FIRST_ROW + 1]
    free = [header for header, cell in zip(layout.OPEN.headers, row, strict=True)
            if not cell.protection.locked]  # fmt: skip
    assert free == [column.header for column in layout.REPLIES]


def test_the_drop_downs_offer_the_closed_list_of_outcomes(lists):
    book = workbook(lists([alert(1)]))
    offered = {
        check.formula1: str(check.sqref)
        for check in book["未办结"].data_validations.dataValidation
        if check.type == "list"
    }
    assert offered == {"outcomes": "Q4:S4"}
    sheet, cells = book.defined_names["outcomes"].attr_text.split("!")
    names = [row[0].value for row in book[sheet.strip("'")][cells.replace("$", "")]]
    assert names == pl.read_csv(POLICY / "outcomes.csv")["name_zh"].to_list()


def test_every_sheet_prints_on_a4_landscape_with_its_header_on_each_page(lists):
    for page in workbook(lists([alert(1)])):
        assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 9)
        assert (page.page_setup.fitToWidth or 1, page.page_setup.fitToHeight) == (1, 0)
        assert page.print_title_rows == "$3:$3"
        assert "&P" in page.oddFooter.right.text
        assert page.freeze_panes


@pytest.mark.parametrize(
    ("level", "sign"), [("emergency", "◆"), ("red", "▲"), ("orange", "●"), ("yellow", "○")]
)
def test_a_level_is_told_by_a_sign_and_a_word(lists, level, sign):
    [line] = lines(lists([alert(1, level=level)]), layout.OPEN)
    assert re.match(rf"{sign} (特急|红|橙|黄)\n", line["级别与条线"])


def test_a_household_of_the_audit_sample_fills_what_other_lines_fill(lists):
    day = lists([alert(1, lane="support", level="yellow")], audited=[8])
    [audited], [other] = lines(day, layout.NEW), lines(day, layout.OPEN)
    assert {header for header, value in other.items() if value} == {
        header for header, value in audited.items() if value
    }
    assert audited["同类线索属实率"] == other["同类线索属实率"]
