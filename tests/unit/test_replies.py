"""Returned lists: known whatever was done to them, taken line by line, and never twice."""

import shutil
import stat
import subprocess
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts.replies import (
    OUTCOMES,
    accepted_replies,
    data_errors,
    disputes,
    published_batches,
    shown_mark,
)
from pipelines.outreach import replies
from pipelines.outreach.encryption import encrypt_lists, opened
from pipelines.outreach.layout import NEW, OPEN, batch_of
from pipelines.outreach.replies import Taken, receipts, take, take_inbox
from pipelines.settings import Home
from tests.unit.returned_lists import (
    LIST_DAY,
    OFFICE,
    READ_ON,
    VISITED,
    Answer,
    Returned,
    answer,
    code,
    publish,
)

NEXT_DAY = date(2024, 5, 11)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def read(home: Home, path: Path) -> Taken:
    return take(home, path, READ_ON, NEXT_DAY)


def taken(home: Home) -> dict[str, str]:
    """The accepted outcome of each alert."""
    return dict(accepted_replies(home).select("alert_id", "outcome").iter_rows())


def reasons(told: Taken) -> list[str]:
    """What the returned workbook gives as reasons, from top to bottom."""
    sheet = openpyxl.load_workbook(told.returned).worksheets[0]
    return [str(row[-1]) for row in sheet.iter_rows(min_row=3, values_only=True)]


def one_line(home: Home, tmp_path: Path, number: str, told: Answer, **more: object) -> Taken:
    batch = publish(home, {1: [1], 2: [2, 3]})
    return read(home, Returned(batch, {number: told}, **more).save(tmp_path / "a.xlsx"))


def test_an_answer_is_kept_with_what_the_models_need_and_nothing_else(home, tmp_path):
    told = one_line(home, tmp_path, code(1), answer(备注="本人病重"))
    (reply,) = accepted_replies(home).to_dicts()
    (file,) = (home.replies / "accepted").glob("*.parquet")
    assert pl.read_parquet(file).schema == OUTCOMES
    assert reply == {
        "alert_id": code(1), "outcome": "taken_in_dibao", "visited_on": VISITED.date(),
        "received_on": NEXT_DAY, "batch_id": told.batch_id,
    }  # fmt: skip


def test_one_result_holds_for_every_reason_of_the_line(home, tmp_path):
    one_line(home, tmp_path, code(2), answer())
    assert taken(home) == {code(2): "taken_in_dibao", code(3): "taken_in_dibao"}


def test_a_second_result_holds_for_the_second_reason_alone(home, tmp_path):
    one_line(home, tmp_path, code(2), answer(**{"结果②": "重复"}))
    assert taken(home) == {code(2): "taken_in_dibao", code(3): "duplicate"}


def test_a_second_result_alone_says_nothing_of_the_first_reason(home, tmp_path):
    one_line(home, tmp_path, code(2), answer(None, **{"结果②": "重复"}))
    assert taken(home) == {code(3): "duplicate"}


def test_an_answer_to_a_list_that_is_not_published_here_waits_until_it_is(home, tmp_path):
    publish(home, {1: [1], 2: [2, 3]}, LIST_DAY - timedelta(days=1))
    lost = batch_of(OFFICE, LIST_DAY)
    file = Returned(lost, {code(2): answer()}).save(tmp_path / "a.xlsx")
    told = read(home, file)
    assert told.verdict == "refused"
    assert f"it answers the list {lost}, which is not published in this home" in told.told
    publish(home, {2: [2]})
    assert read(home, file).verdict == "taken"
    assert taken(home) == {code(2): "taken_in_dibao"}


def published_anew(home: Home) -> Returned:
    """A filled-in list of two lines; since it was sent out, the second shows a reason more."""
    batch = publish(home, {1: [1], 2: [2]})
    shown = shown_mark(published_batches(home))
    (home.day(LIST_DAY) / "batches.parquet").unlink()
    publish(home, {1: [1], 2: [2, 3]})
    return Returned(batch, {code(1): answer(), code(2): answer()}, shown=shown)


def test_a_visit_answers_no_reason_that_came_onto_its_list_afterwards(home, tmp_path):
    told = read(home, published_anew(home).save(tmp_path / "a.xlsx"))
    assert taken(home) == {code(1): "taken_in_dibao"}
    (reason,) = reasons(told)
    assert "更正后的清单" in reason
    again = read(home, Path(told.returned))
    assert (again.accepted, again.refused) == (0, 1)


def test_a_list_that_shows_what_it_showed_is_taken_whole(home, tmp_path):
    returned = published_anew(home)
    returned.shown = shown_mark(published_batches(home))
    read(home, returned.save(tmp_path / "a.xlsx"))
    assert set(taken(home)) == {code(1), code(2), code(3)}


def test_a_line_nobody_wrote_on_is_neither_taken_nor_returned(home, tmp_path):
    told = one_line(home, tmp_path, code(1), {})
    assert (told.verdict, told.accepted, told.refused) == ("taken", 0, 0)


@pytest.mark.parametrize(
    ("number", "told", "reason"),
    [
        ("A12345678901", answer(), "校验字符"),
        ("", answer(), "缺少编号"),
        (code(77), answer(), "不在已下发的任何清单中"),
        (code(1), answer(None), "未填写走访结果"),
        (code(1), answer("取消低保"), "不在可选项中"),
        (code(2), answer(**{"结果②": "随便"}), "不在可选项中"),
        (code(1), answer(**{"结果②": "重复"}), "没有第②条"),
        (code(2), answer(**{"结果③": "重复"}), "没有第③条"),
        (code(1), answer(走访日期=None), "未填写走访日期"),
        (code(1), answer(走访日期="上周三"), "无法识别"),
        (code(1), answer(走访日期="2024-2-30"), "无法识别"),
        (code(1), answer(走访日期="2024-05-11"), "晚于今天"),
        (code(1), answer(走访日期="2024-05-05"), "早于清单日期"),
        (code(1), {"备注": "门牌号不对"}, "未填写走访结果"),
    ],
)
def test_a_line_that_cannot_be_taken_is_returned_with_the_reason(
    home, tmp_path, number, told, reason
):
    returned = one_line(home, tmp_path, number, told)
    assert (returned.accepted, returned.refused) == (0, 1)
    assert reason in reasons(returned)[0]


@pytest.mark.parametrize(
    "written",
    [
        "2024-5-8", "2024/5/8", "2024.05.08", "2024年5月8日", "2024 年 5 月 8 号", "20240508",
        "２０２４－０５－０８", 45420, "45420", datetime(2024, 5, 8, 15, 30), "2024-05-08 15:30",
    ],
)  # fmt: skip
def test_a_date_is_understood_however_it_is_written(home, tmp_path, written):
    one_line(home, tmp_path, code(1), answer(走访日期=written))
    assert accepted_replies(home)["visited_on"].to_list() == [date(2024, 5, 8)]


def test_a_plain_day_number_is_counted_from_1904_in_a_book_that_does_so(home, tmp_path):
    batch = publish(home, {1: [1]})
    path = Returned(batch, {code(1): answer(走访日期=45420 - 1462)}).save(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.save(path)
    read(home, path)
    assert accepted_replies(home)["visited_on"].to_list() == [date(2024, 5, 8)]


@pytest.mark.parametrize("number", [code(1).lower(), f" {code(1)[:4]}-{code(1)[4:]}　"])
def test_a_code_is_read_as_it_was_meant(home, tmp_path, number):
    assert one_line(home, tmp_path, number, answer()).accepted == 1


def test_good_lines_are_taken_though_others_are_returned(home, tmp_path):
    batch = publish(home, {1: [1], 2: [2]})
    lines = {code(1): answer(), code(2): answer("不知道")}
    told = read(home, Returned(batch, lines).save(tmp_path / "清单.xlsx"))
    assert taken(home) == {code(1): "taken_in_dibao"}
    assert Path(told.returned) == home.replies / "returned" / "清单_退回.xlsx"


def test_a_line_of_another_list_is_returned(home, tmp_path):
    publish(home, {9: [9]}, office="371502002")
    told = one_line(home, tmp_path, code(9), answer())
    assert "不在本清单中" in reasons(told)[0]


def test_a_returned_workbook_is_mended_and_sent_again(home, tmp_path):
    told = one_line(home, tmp_path, code(1), answer("不知道"))
    book = openpyxl.load_workbook(told.returned)
    sheet = book.worksheets[0]
    titles = [cell.value for cell in sheet[2]]
    sheet.cell(3, titles.index("走访结果") + 1, "已得到救助")
    book.save(tmp_path / "again.xlsx")
    assert read(home, tmp_path / "again.xlsx").accepted == 1
    assert taken(home) == {code(1): "already_helped"}


def test_a_line_that_is_returned_again_bears_the_new_reason_alone(home, tmp_path):
    told = one_line(home, tmp_path, code(1), answer("不知道"))
    book = openpyxl.load_workbook(told.returned)
    sheet = book.worksheets[0]
    titles = [cell.value for cell in sheet[2]]
    sheet.cell(3, titles.index("走访结果") + 1).value = None
    book.save(tmp_path / "again.xlsx")
    again = openpyxl.load_workbook(read(home, tmp_path / "again.xlsx").returned).worksheets[0]
    assert [cell.value for cell in again[2]] == titles
    assert again.cell(3, titles.index("退回原因") + 1).value == "未填写走访结果"


def test_two_answers_to_one_number_on_one_day_are_both_returned(home, tmp_path):
    batch = publish(home, {1: [1]})
    lines = {code(1): answer("纳入低保"), f" {code(1)}": answer("不符合条件")}
    told = read(home, Returned(batch, lines).save(tmp_path / "a.xlsx"))
    assert (told.accepted, told.refused) == (0, 2)


def test_reading_a_file_again_changes_nothing(home, tmp_path):
    one_line(home, tmp_path, code(1), answer())
    before = sorted((path, path.read_bytes()) for path in home.replies.rglob("*.*"))
    assert read(home, tmp_path / "a.xlsx").verdict == "known"
    assert sorted((path, path.read_bytes()) for path in home.replies.rglob("*.*")) == before


def test_the_same_lines_in_another_file_change_nothing(home, tmp_path):
    told = one_line(home, tmp_path, code(1), answer())
    before = accepted_replies(home)
    again = Returned(told.batch_id, {code(1): answer(备注="补充")}).save(tmp_path / "b.xlsx")
    told = read(home, again)
    assert (told.accepted, told.known, told.refused) == (0, 1, 0)
    assert accepted_replies(home).equals(before)


def test_a_later_visit_is_taken_and_an_earlier_one_returned(home, tmp_path):
    told = one_line(home, tmp_path, code(1), answer("未能核实"))
    later = {code(1): answer("纳入低保", 走访日期="2024-05-09")}
    earlier = {code(1): answer("不符合条件", 走访日期="2024-05-07")}
    assert read(home, Returned(told.batch_id, later).save(tmp_path / "b.xlsx")).accepted == 1
    told = read(home, Returned(told.batch_id, earlier).save(tmp_path / "c.xlsx"))
    assert told.accepted == 0
    assert "2024-05-09" in reasons(told)[0]
    assert disputes(home).is_empty()


def test_another_outcome_of_the_same_visit_is_a_dispute_until_a_later_visit(home, tmp_path):
    told = one_line(home, tmp_path, code(1), answer("不符合条件"))
    other = Returned(told.batch_id, {code(1): answer("纳入低保")}).save(tmp_path / "b.xlsx")
    assert read(home, other).accepted == 1
    assert set(disputes(home)["outcome"]) == {"not_eligible", "taken_in_dibao"}
    decided = {code(1): answer("纳入低保", 走访日期="2024-05-09")}
    read(home, Returned(told.batch_id, decided).save(tmp_path / "c.xlsx"))
    assert disputes(home).is_empty()


def test_a_visit_that_finds_wrong_data_is_told_with_its_rule(home, tmp_path):
    told = one_line(home, tmp_path, code(1), answer("数据有误"))
    assert data_errors(home, READ_ON).is_empty()
    assert data_errors(home, NEXT_DAY).to_dicts() == [{
        "alert_id": code(1), "rule_id": "R25", "batch_id": told.batch_id,
        "visited_on": VISITED.date(), "received_on": NEXT_DAY,
    }]  # fmt: skip


def test_what_people_wrote_is_readable_by_the_owner_alone(home, tmp_path):
    one_line(home, tmp_path, code(1), answer("不知道", 备注="本人病重"))
    kept = [path for path in home.replies.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert [path.suffix for path in (home.replies / "received").iterdir()] == [".xlsx"]


# Which list it is.

LOST = {"has_name": False, "has_property": False, "has_foot": False}


@pytest.mark.parametrize("kept", ["has_name", "has_property", "has_foot"])
def test_one_mark_of_the_list_is_enough(home, tmp_path, kept):
    publish(home, {1: [1]}, date(2024, 5, 7))
    told = one_line(home, tmp_path, code(1), answer(), **(LOST | {kept: True}))
    assert told.batch_id.startswith(f"{OFFICE}-20240506")


def test_without_a_mark_the_newest_list_with_all_numbers_is_meant(home, tmp_path):
    publish(home, {1: [1], 4: [4]}, date(2024, 5, 3))
    publish(home, {1: [1]}, date(2024, 5, 9))
    told = one_line(home, tmp_path, code(1), answer(), **LOST)
    assert told.batch_id.startswith(f"{OFFICE}-20240506")


def test_without_a_mark_nothing_is_guessed_where_lists_showed_other_reasons(home, tmp_path):
    publish(home, {2: [2]}, date(2024, 5, 7))
    told = one_line(home, tmp_path, code(2), answer(), **LOST)
    assert (told.verdict, taken(home)) == ("refused", {})
    assert "different reasons" in told.told


def test_a_mark_that_was_never_sent_out_counts_for_nothing(home, tmp_path):
    publish(home, {1: [1]})
    path = Returned("371502009-20240506X", {code(5): answer()}).save(tmp_path / "a.xlsx")
    assert read(home, path).verdict == "refused"


# What people and programs do to a file.


@pytest.mark.parametrize("form", ["xlsx:Calc MS Excel 2007 XML", "ods", "xls"])
def test_a_list_saved_by_another_office_program_is_read_the_same(home, tmp_path, form):
    if shutil.which("libreoffice") is None:
        pytest.skip("libreoffice is not installed")
    batch = publish(home, {1: [1], 2: [2, 3]})
    lines = {
        code(1): answer(走访日期="2024年5月8日"),
        code(2): answer(**{"结果②": "数据有误"}),
    }
    path = Returned(batch, lines).save(tmp_path / "sent.xlsx")
    out = tmp_path / "out"
    subprocess.run(
        ["libreoffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
         "--convert-to", form, "--outdir", str(out), str(path)],
        check=True, capture_output=True,
    )  # fmt: skip
    (saved,) = out.iterdir()
    told = read(home, saved)
    assert (told.batch_id, told.refused) == (batch, 0)
    assert taken(home) == {
        code(1): "taken_in_dibao", code(2): "taken_in_dibao", code(3): "data_error",
    }  # fmt: skip
    assert accepted_replies(home)["visited_on"].unique().to_list() == [VISITED.date()]


def test_a_list_that_comes_back_with_its_password_is_read_and_kept_without(home, tmp_path):
    plain = Returned(publish(home, {1: [1]}), {code(1): answer()}).save(tmp_path / f"{OFFICE}.xlsx")
    (sealed,) = encrypt_lists([plain], {OFFICE: "青山-2024"}, tmp_path / "sealed")
    renamed = sealed.rename(tmp_path / "报回.xlsx")
    words = {"371502002": "别的口令", OFFICE: "青山-2024"}
    assert read(home, renamed).verdict == "refused"
    assert take(home, renamed, READ_ON, NEXT_DAY, passwords=words).verdict == "taken"
    assert taken(home) == {code(1): "taken_in_dibao"}
    (kept,) = (home.replies / "received").iterdir()
    assert kept.read_bytes() == plain.read_bytes()
    assert take(home, renamed, READ_ON, NEXT_DAY, passwords=words).verdict == "known"
    assert take(home, plain, READ_ON, NEXT_DAY, passwords=words).accepted == 0


def test_lines_returned_of_a_list_with_a_password_bear_it_too(home, tmp_path):
    words = {OFFICE: "青山-2024"}
    filled_in = Returned(publish(home, {1: [1]}), {code(1): answer("不知道")})
    filled_in.save(tmp_path / f"{OFFICE}.xlsx")
    (sealed,) = encrypt_lists([tmp_path / f"{OFFICE}.xlsx"], words, tmp_path / "sealed")
    told = take(home, sealed, READ_ON, NEXT_DAY, passwords=words)
    assert told.refused == 1
    with pytest.raises(zipfile.BadZipFile):
        openpyxl.load_workbook(told.returned)
    with opened(Path(told.returned), words) as found:
        (line,) = openpyxl.load_workbook(found.path).worksheets[0].iter_rows(min_row=3)
    assert "不知道" in [cell.value for cell in line]


def test_a_list_under_a_password_nobody_knows_is_told(home, tmp_path):
    plain = Returned(publish(home, {1: [1]}), {code(1): answer()}).save(tmp_path / f"{OFFICE}.xlsx")
    (sealed,) = encrypt_lists([plain], {OFFICE: "青山-2024"}, tmp_path / "sealed")
    told = take(home, sealed, READ_ON, NEXT_DAY, passwords={OFFICE: "别的口令"})
    assert told.verdict == "refused"
    assert "without a password" in told.told


def test_a_list_of_which_a_sheet_lost_its_headings_is_not_taken_in_part(home, tmp_path):
    batch = publish(home, {1: [1], 2: [2]})
    path = Returned(batch, {code(1): answer()}).save(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    book.create_sheet(OPEN.name).append(["1", "李*英", code(2), "纳入低保"])
    book.save(path)
    told = read(home, path)
    assert (told.accepted, taken(home)) == (0, {})
    assert OPEN.name in told.sentence()


def test_a_blank_sheet_beside_the_list_changes_nothing(home, tmp_path):
    batch = publish(home, {1: [1]})
    path = Returned(batch, {code(1): answer()}).save(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    book.create_sheet("Sheet1", 0)
    book.save(path)
    assert read(home, path).accepted == 1


def test_a_workbook_without_a_filled_cell_is_told(home, tmp_path):
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    told = read(home, tmp_path / "a.xlsx")
    assert told.verdict == "refused"
    assert told.told.startswith("a.xlsx: no sheet has the columns 编号 and 走访结果")


def test_a_name_as_long_as_a_disk_takes_is_returned_shortened(home, tmp_path):
    batch = publish(home, {1: [1]})
    path = tmp_path / f"{'走' * 83}.xlsx"
    told = read(home, Returned(batch, {code(1): answer(走访日期="昨天")}).save(path))
    assert told.refused == 1
    assert Path(told.returned).exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_sheet_saved_as_text_is_read(home, tmp_path, encoding):
    batch = publish(home, {1: [1]})
    table = f"清单,,\n编号,走访结果,走访日期\n{code(1)},纳入低保,2024/5/8\n批次 {batch}\n"
    (tmp_path / "a.csv").write_text(table, encoding=encoding)
    assert read(home, tmp_path / "a.csv").accepted == 1


NUMBERS = range(1, 8)
SAID = {code(at): answer(("纳入低保", "不符合条件", "数据有误")[at % 3]) for at in NUMBERS}
SAID[code(3)] = answer("随便写")
EXPECTED = {
    code(at): ("taken_in_dibao", "not_eligible", "data_error")[at % 3] for at in NUMBERS if at != 3
}


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    numbers=st.lists(st.sampled_from(list(SAID)), min_size=1, unique=True),
    headers=st.permutations(NEW.headers),
    dropped=st.sets(st.sampled_from([*(set(NEW.headers) - {"编号", "走访结果", "走访日期"})])),
    sheet=st.sampled_from([NEW.name, OPEN.name, "Sheet1", "副本"]),
)
def test_order_and_absence_of_lines_and_columns_change_no_outcome(
    tmp_path_factory, numbers, headers, dropped, sheet
):
    folder = tmp_path_factory.mktemp("shuffled")
    home = Home(folder / "home")
    batch = publish(home, {at: [at] for at in NUMBERS})
    kept = [header for header in headers if header not in dropped]
    lines = {number: SAID[number] for number in numbers}
    told = read(home, Returned(batch, lines, kept, sheet).save(folder / "renamed.xlsx"))
    assert taken(home) == {
        number: outcome for number, outcome in EXPECTED.items() if number in numbers
    }
    assert told.refused == (code(3) in numbers)


def test_a_header_that_was_sorted_among_the_lines_is_found(home, tmp_path):
    batch = publish(home, {1: [1], 2: [2]})
    path = Returned(batch, {code(1): answer(), code(2): answer("重复")}).save(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    book.worksheets[0].move_range("A3:Z4", rows=20)
    book.save(path)
    assert (read(home, path).accepted, len(taken(home))) == (2, 2)


# Files that are none, or worse.


def test_a_column_that_stands_there_twice_is_told(home, tmp_path):
    headers = ["编号", "走访结果", "走访结果", "走访日期"]
    told = one_line(home, tmp_path, code(1), answer(), headers=headers)
    assert "走访结果 stands there twice" in told.told


def test_a_file_beyond_the_bound_is_not_opened(home, tmp_path):
    path = tmp_path / "a.xlsx"
    with path.open("wb") as file:
        file.truncate(20_000_001)
    assert "20 MB" in read(home, path).told


def test_a_workbook_that_unpacks_beyond_all_measure_is_not_opened(home, tmp_path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(210_000_000))
    assert "unpacks" in read(home, path).told


def test_a_sheet_with_one_far_cell_is_not_opened(home, tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "编号", "走访结果"
    book.save(tmp_path / "a.xlsx")
    assert "cells" in read(home, tmp_path / "a.xlsx").told


@pytest.mark.parametrize("content", [b"", b"none", b"PK\x03\x04 cut off", b"\xd0\xcf\x11"])
def test_what_is_no_workbook_is_told_in_one_sentence(home, tmp_path, content):
    (tmp_path / "a.xlsx").write_bytes(content)
    told = read(home, tmp_path / "a.xlsx")
    assert told.verdict == "refused"
    assert told.told.startswith("a.xlsx: ")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_damaged_file_never_ends_in_anything_but_a_verdict(tmp_path_factory, damage):
    folder = tmp_path_factory.mktemp("damaged")
    home = Home(folder / "home")
    path = Returned(publish(home, {1: [1]}), {code(1): answer()}).save(folder / "a.xlsx")
    content = bytearray(path.read_bytes())
    for place, value in damage:
        content[int(place * (len(content) - 1))] = value
    path.write_bytes(bytes(content))
    told = read(home, path)
    assert told.verdict in ("taken", "refused")
    assert "Error)" not in told.told  # foreseen, with a sentence of its own


# The inbox.


def inbox(home: Home, name: str, returned: Returned) -> Path:
    folder = home.replies / "inbox"
    folder.mkdir(parents=True, exist_ok=True)
    return returned.save(folder / name)


def test_what_was_read_leaves_the_inbox_and_what_could_not_be_stays(home):
    batch = publish(home, {1: [1]})
    inbox(home, "good.xlsx", Returned(batch, {code(1): answer()}))
    (home.replies / "inbox" / "bad.xlsx").write_bytes(b"nothing")
    (home.replies / "inbox" / "~$good.xlsx").write_bytes(b"lock")
    told = take_inbox(home, READ_ON, NEXT_DAY)
    assert [file.verdict for file in told] == ["refused", "taken"]
    assert [path.name for path in (home.replies / "inbox").glob("[!~]*")] == ["bad.xlsx"]


def test_a_file_that_nobody_foresaw_stops_no_other(home, monkeypatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError("李某某")

    batch = publish(home, {1: [1]})
    inbox(home, "bad.xlsx", Returned(batch, {code(1): answer()}))
    inbox(home, "good.xlsx", Returned(batch, {code(1): answer()}))
    real = replies.answered_lines
    monkeypatch.setattr(
        replies, "answered_lines", lambda file: fail() if file.name == "bad.xlsx" else real(file)
    )
    told = take_inbox(home, READ_ON, NEXT_DAY)
    assert [file.verdict for file in told] == ["refused", "taken"]
    assert told[0].told.startswith("bad.xlsx: it cannot be read (ZeroDivisionError), nothing of it")
    assert "李某某" not in told[0].told


def test_a_list_that_tells_of_later_visits_waits_for_its_day(home):
    batch = publish(home, {1: [1]})
    path = inbox(home, "good.xlsx", Returned(batch, {code(1): answer()}))
    before = date(2024, 5, 7)
    assert [file.verdict for file in take_inbox(home, before, before, until=before)] == ["waits"]
    assert path.exists()
    assert receipts(home) == []


def test_a_file_cut_off_before_its_receipt_is_read_again_to_the_same_end(home, tmp_path):
    one_line(home, tmp_path, code(1), answer())
    before = accepted_replies(home)
    shutil.rmtree(home.replies / "receipts")
    read(home, tmp_path / "a.xlsx")
    assert accepted_replies(home).equals(before)
