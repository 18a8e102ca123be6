"""What writer and reader of the township workbooks agree on."""

from datetime import date

import pytest

from pipelines.outreach import layout

DAY = date(2024, 5, 2)


def test_a_batch_names_office_and_day():
    assert layout.batch_of("371502001", DAY).startswith("371502001-20240502")
    assert layout.is_batch(layout.batch_of("371502001", DAY))
    assert layout.is_batch(layout.batch_of("unknown", DAY))


@pytest.mark.parametrize("position", [0, 3, 8, 11, 17])
def test_one_wrong_digit_makes_a_batch_unreadable(position):
    batch = layout.batch_of("371502001", DAY)
    wrong = "5" if batch[position] != "5" else "6"
    assert not layout.is_batch(batch[:position] + wrong + batch[position + 1 :])


@pytest.mark.parametrize("text", ["", "371502001", "371502001-2024050", "-20240502X"])
def test_a_text_of_another_form_is_no_batch(text):
    assert not layout.is_batch(text)


def test_replies_stand_in_the_agreed_order_on_two_sheets_only():
    by_hand = ["走访结果", "结果②", "结果③", "备注", "走访人", "走访日期"]
    assert [sheet.name for sheet in layout.REPLY_SHEETS] == ["今日新增", "未办结"]
    for sheet in layout.REPLY_SHEETS:
        assert [column.header for column in sheet.columns if column.is_by_hand] == by_hand
        assert sheet.headers[0] == "编号"


def test_no_sheet_has_a_header_twice():
    for sheet in layout.SHEETS:
        assert len(set(sheet.headers)) == len(sheet.headers)
