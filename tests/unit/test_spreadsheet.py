"""Answers for a spreadsheet: no cell of them is a formula."""

import csv
import io

import polars as pl
import pytest

from pipelines.reporting.spreadsheet import as_csv


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize(
    "hostile",
    ["=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "-2+3", "\t=1", "\r=1", "=1,2", '="x"', "＝1+1"],
)
def test_a_text_that_begins_like_a_formula_is_shown_as_text(hostile: str) -> None:
    assert cells(as_csv(pl.DataFrame({"名": [hostile]}))) == [["名"], [f"'{hostile}"]]


@pytest.mark.parametrize("plain", ["-187.00", "+8", "李英", "3=3", "a@b", ""])
def test_other_texts_stay_as_they_are(plain: str) -> None:
    assert cells(as_csv(pl.DataFrame({"名": [plain], "n": [1]})))[1] == [plain, "1"]


def test_a_title_is_no_formula_either() -> None:
    assert cells(as_csv(pl.DataFrame({"=1+1": [1]})))[0] == ["'=1+1"]


def test_numbers_stay_numbers() -> None:
    assert cells(as_csv(pl.DataFrame({"n": [-5], "m": [None]})))[1] == ["-5", ""]


def test_what_is_nested_is_written_as_json() -> None:
    frame = pl.DataFrame({"codes": [["A", "=B"], None], "about": [{"n": 1}, {"n": 2}]})
    assert as_csv(frame) == 'codes,about\n"[""A"", ""=B""]","{""n"": 1}"\n,"{""n"": 2}"\n'
